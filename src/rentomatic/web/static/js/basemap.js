/**
 * The map under the pins: the bundled base map, or the tiles of a server where the page names one.
 *
 * The bundled one is drawn on tiles of canvas, which Leaflet then only moves. Its coordinates need nothing but a
 * scale, and which names are shown from which zoom on is decided in the data.
 */

import { Cells } from "./basemap-cells.js";
import L from "../vendor/leaflet/leaflet.js";

/** @import { Cell, Level } from "./basemap-cells.js" */

const TILE = 512; // pixels
const REACH = 128; // pixels: how far beyond a tile the middle of a name may be that reaches on it
const MAX_ZOOM = 19;
const SOURCES =
  'Natural Earth · © <a href="https://www.geonames.org/">GeoNames</a> ' +
  '(<a href="https://creativecommons.org/licenses/by/4.0/">CC BY 4.0</a>)';
const COLOURS = {
  water: "--map-water",
  land: "--map-land",
  border: "--map-border",
  label: "--map-label",
  strong: "--map-label-strong",
};
const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif';
const COUNTRY = { font: `600 12px ${FONT}`, colour: "label", spacing: "1.5px" };
const CITY = { font: `600 13px ${FONT}`, colour: "strong", spacing: "0px" };
const TOWN = { font: `500 12px ${FONT}`, colour: "label", spacing: "0px" };
const DISTRICT = { font: `400 11px ${FONT}`, colour: "label", spacing: "0.3px" };
const KINDS = [COUNTRY, CITY, TOWN, DISTRICT]; // by the numbers that the data has for them

/**
 * Put the base map under everything else on a map.
 *
 * The map's element may name a server of tiles: `data-tiles`, a template with {z}, {x} and {y}, and
 * `data-tiles-attribution`, plain text.
 *
 * @param {any} map of Leaflet
 * @param {{ tiles?: string, attribution?: string }} [options] in place of what the element names
 * @returns {any} the layer
 */
export function addBaseMap(map, options = {}) {
  const { tiles, tilesAttribution } = map.getContainer().dataset;
  const url = options.tiles ?? tiles;
  const attribution = escaped(options.attribution ?? tilesAttribution ?? "");
  const layer = url ? L.tileLayer(url, { attribution, maxZoom: MAX_ZOOM }) : new BundledMap();
  return layer.addTo(map);
}

const BundledMap = L.GridLayer.extend({
  options: { tileSize: TILE, minZoom: 1, maxZoom: MAX_ZOOM, attribution: SOURCES },

  onAdd(/** @type {any} */ map) {
    this._cells = new Cells();
    this._colours = coloursOf(map.getContainer());
    this._recolour = () => {
      this._colours = coloursOf(map.getContainer());
      this.redraw();
    };
    this._dark = matchMedia("(prefers-color-scheme: dark)");
    this._dark.addEventListener("change", this._recolour);
    L.GridLayer.prototype.onAdd.call(this, map);
  },

  onRemove(/** @type {any} */ map) {
    this._dark.removeEventListener("change", this._recolour);
    L.GridLayer.prototype.onRemove.call(this, map);
  },

  createTile(/** @type {any} */ tile, /** @type {(error: unknown, canvas: HTMLCanvasElement) => void} */ done) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = TILE * Math.min(devicePixelRatio, 2);
    this._fill(canvas, tile).then(
      () => done(null, canvas),
      (/** @type {unknown} */ error) => done(error, canvas),
    );
    return canvas;
  },

  /** Draw what is there, and again when the rest has come. */
  async _fill(/** @type {HTMLCanvasElement} */ canvas, /** @type {Tile} */ tile) {
    const levels = /** @type {Level[]} */ (await this._cells.levels());
    const draw = (/** @type {Placed[]} */ places) => {
      const there = places.map((place) => ({ ...place, cell: this._cells.get(place.key) }));
      paint(canvas, there.filter(({ cell }) => cell), tile.z, this._colours);
    };
    const wanted = placesOn(tile, levels.find(({ last }) => tile.z <= last) ?? levels[levels.length - 1]);
    if (wanted.every(({ key }) => this._cells.has(key))) {
      draw(wanted);
      return;
    }
    draw(placesOn(tile, levels[0]));
    Promise.allSettled(wanted.map(({ key }) => this._cells.load(key))).then((loads) => {
      const arrived = loads.every(({ status }) => status === "fulfilled");
      if (arrived && canvas.isConnected) draw(wanted);
    });
  },
});

/**
 * @typedef {{ x: number, y: number, z: number }} Tile
 *
 * @typedef {{ key: string, left: number, top: number, scale: number }} Placed
 *   A cell and where its corner is on a tile, in pixels; scale: pixels of a step.
 *
 * @typedef {Placed & { cell: Cell }} Drawn
 */

/**
 * The cells of a level that are seen on a tile, or names of which may reach on it.
 * @param {Tile} tile
 * @param {Level} level
 * @returns {Placed[]}
 */
function placesOn(tile, level) {
  const size = 256 * 2 ** (tile.z - level.zoom);
  const columns = 2 ** level.zoom;
  const [left, top] = [tile.x * TILE, tile.y * TILE];
  const [east, south] = [left + TILE + REACH, top + TILE + REACH];
  const places = [];
  for (let x = Math.floor((left - REACH) / size); x * size < east; x++) {
    const column = ((x % columns) + columns) % columns; // beyond the antimeridian the world goes on
    for (let y = Math.floor((top - REACH) / size); y * size < south; y++) {
      if (!level.cells[column]?.includes(y)) continue;
      const key = `${level.zoom}/${column}/${y}`;
      places.push({ key, left: x * size - left, top: y * size - top, scale: size / level.extent });
    }
  }
  return places;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Drawn[]} drawn
 * @param {number} zoom
 * @param {Record<string, string>} colours
 */
function paint(canvas, drawn, zoom, colours) {
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const ratio = canvas.width / TILE;
  const inSteps = (/** @type {(cell: Cell, pixel: number) => void} */ draw) => {
    for (const { left, top, scale, cell } of drawn) {
      pen.setTransform(ratio * scale, 0, 0, ratio * scale, ratio * left, ratio * top);
      draw(cell, 1 / scale);
    }
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  };
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.fillStyle = pen.strokeStyle = colours.water;
  pen.lineJoin = pen.lineCap = "round";
  pen.fillRect(0, 0, TILE, TILE);
  pen.fillStyle = colours.land;
  inSteps((cell) => pen.fill(cell.land, "evenodd")); // lakes are rings in it
  inSteps((cell, pixel) => {
    for (const [rank, path] of cell.rivers) {
      const width = Math.min(4, 0.5 + (zoom - rank) * 0.35);
      pen.lineWidth = width * pixel;
      if (width > 0.3) pen.stroke(path);
    }
  });
  pen.strokeStyle = colours.border;
  inSteps((cell, pixel) => {
    pen.lineWidth = (zoom < 6 ? 0.8 : 1.2) * pixel;
    pen.stroke(cell.borders);
  });
  for (const one of drawn) write(pen, one, zoom, colours);
}

/**
 * The names of a cell, each with a halo of the land's colour.
 * @param {CanvasRenderingContext2D} pen
 * @param {Drawn} drawn
 * @param {number} zoom
 * @param {Record<string, string>} colours
 */
function write(pen, { left, top, scale, cell }, zoom, colours) {
  const isNear = (/** @type {number} */ at) => at > -REACH && at < TILE + REACH;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.lineWidth = 3;
  pen.strokeStyle = colours.land;
  for (const [stepsX, stepsY, first, last, kind, name] of cell.labels) {
    if (first > zoom) break;
    // Whole pixels: a name on two tiles is one and the same there.
    const [x, y] = [Math.round(left + stepsX * scale), Math.round(top + stepsY * scale)];
    if (zoom > last || !isNear(x) || !isNear(y)) continue;
    const { font, colour, spacing } = KINDS[kind];
    const text = KINDS[kind] === COUNTRY ? name.toUpperCase() : name;
    pen.font = font;
    pen.letterSpacing = spacing;
    pen.strokeText(text, x, y);
    pen.fillStyle = colours[colour];
    pen.fillText(text, x, y);
  }
}

/**
 * @param {HTMLElement} element
 * @returns {Record<string, string>}
 */
function coloursOf(element) {
  const style = getComputedStyle(element);
  const entries = Object.entries(COLOURS);
  return Object.fromEntries(entries.map(([name, property]) => [name, style.getPropertyValue(property).trim()]));
}

/** @param {string} text */
function escaped(text) {
  const element = document.createElement("span");
  element.textContent = text;
  return element.innerHTML;
}
