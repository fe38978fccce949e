/** The map beside the list: a pin with its price for each room, and a bubble with their number for many. */

import { addBaseMap } from "./basemap.js";
import { OneStop } from "./one-stop.js";
import { fitOnPaper } from "./paper.js";
import { fetchPatiently } from "./patient.js";
import L from "../vendor/leaflet/leaflet.js";

/**
 * @typedef {{ code: string, price: number, size: number | null, latitude: number, longitude: number }} Room
 * @typedef {{ latitude: number, longitude: number, count: number, lowest_price: number, bounds: [number, number, number, number], room: Room | null }} Cluster
 * @typedef {{ centre: [number, number], zoom: number }} View
 */

const MAX_ZOOM = 19;
const WORLD = "-180,-85,180,85";
const OVERVIEW_ZOOM = 3;
const STREETS_ZOOM = 16;
const PAGE_ONLY = ["sort", "limit", "cursor", "count", "format", "bbox"];

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
const rough = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 2 });
const full = new Intl.NumberFormat("en");

export class RoomMap {
  /**
   * @param {HTMLElement} element
   * @param {import("./money.js").Money} money
   * @param {{ moved: (bbox: string) => boolean, narrowed: (bbox: string) => void, chosen: (code: string) => void }} on
   *   moved: when the user has moved the map; true where that is a search. narrowed: when the user chose rooms that no
   *   map can show apart. chosen: when the user chose the pin of a room.
   */
  constructor(element, money, on) {
    this.element = element;
    this.money = money;
    this.on = on;
    this.search = new URLSearchParams();
    this.asking = new AbortController();
    /** @type {Map<string, any>} */
    this.pins = new Map();
    this.byScript = false;
    this.turn = 0;
    this.exact = true;
    this.marked = null;
    /** @type {DOMStringMap | null} */
    this.markedRoom = null;
    this.stop = new OneStop(element, ".leaflet-marker-icon.leaflet-interactive");
    this.area = L.layerGroup();
    this.leaflet = L.map(element, { maxZoom: MAX_ZOOM, minZoom: 1, worldCopyJump: true, zoomSnap: 1, trackResize: false, center: [30, 0], zoom: 2 });
    this.leaflet.attributionControl.setPrefix(false);
    this.area.addTo(this.leaflet);
    addBaseMap(this.leaflet);
    fitOnPaper(element);
    this.leaflet.on("moveend", () => {
      if (!this.byScript && !this.on.moved(this.bbox())) this.load();
    });
    // A window that is resized or a phone that is turned shows more or less of the map, and searches nothing.
    new ResizeObserver(() => {
      const { x, y } = this.leaflet.getSize();
      this.moving(() => this.leaflet.invalidateSize({ animate: false }));
      if (!this.leaflet.getSize().equals([x, y])) this.load();
    }).observe(element);
  }

  /**
   * Show the rooms of a search.
   * @param {URLSearchParams} search
   * @param {View} [view] where to look; where the rooms are unless given
   * @param {boolean} [stay] whether the map is where it should be
   */
  async show(search, view, stay = false) {
    const turn = ++this.turn;
    this.search = search;
    this.showArea(stay);
    if (!stay) {
      const bounds = view ? null : await this.boundsOfSearch();
      if (turn !== this.turn) return; // something else is to be shown by now
      this.moving(() => {
        if (view) this.leaflet.setView(view.centre, view.zoom, { animate: false });
        else if (bounds) this.leaflet.fitBounds(bounds, { animate: false, maxZoom: search.has("bbox") ? MAX_ZOOM : STREETS_ZOOM });
      });
    }
    await this.load();
  }

  /** The part of the Earth that is seen, as a search takes it. */
  bbox() {
    const bounds = this.leaflet.getBounds();
    const wide = bounds.getEast() - bounds.getWest() >= 360;
    const [west, east] = wide ? [-180, 180] : [wrapped(bounds.getWest()), wrapped(bounds.getEast())];
    return boxText(west, bounds.getSouth(), east, bounds.getNorth());
  }

  /** @returns {View} */
  view() {
    const { lat, lng } = this.leaflet.getCenter();
    return { centre: [lat, lng], zoom: this.leaflet.getZoom() };
  }

  /** Show where a room of the list is, or none, until told otherwise. @param {DOMStringMap | null} room */
  mark(room) {
    this.markedRoom = room;
    this.marked?.getElement()?.classList.remove("shown");
    if (this.marked?.options.passing) this.marked.remove();
    this.marked = null;
    if (!room?.code || !room.place) return;
    const [latitude, longitude] = room.place.split(",").map(Number);
    this.marked = this.pins.get(keyOf(room.code, room.price ?? "")) ?? this.pin(latitude, longitude, this.money.amount(Number(room.price)), { passing: true, keyboard: false, interactive: false }).addTo(this.leaflet);
    this.marked.getElement()?.classList.add("shown");
  }

  /**
   * Let the user pick a point.
   * @param {(latitude: number, longitude: number) => void} picked
   * @param {() => void} given when the user gave it up
   */
  startPicking(picked, given) {
    this.picking = new AbortController();
    const { signal } = this.picking;
    this.element.classList.add("picking");
    this.leaflet.once("click", this.pick = (/** @type {any} */ { latlng }) => picked(latlng.lat, wrapped(latlng.lng)));
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target === this.element) picked(...this.view().centre);
    }, { signal });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") given();
    }, { signal });
    this.element.focus({ preventScroll: true });
    this.element.scrollIntoView({ block: "nearest" });
  }

  stopPicking() {
    this.picking?.abort();
    this.leaflet.off("click", this.pick);
    this.element.classList.remove("picking");
  }

  /** Move without that being a search. @param {() => void} move */
  moving(move) {
    this.byScript = true;
    move();
    this.byScript = false;
  }

  /** Where the rooms of the search are, or the area that it names. */
  async boundsOfSearch() {
    const { box, near, radius } = this.areas();
    if (box) return box.pad(-0.02); // its edges are rounded: it should fill the map that it came from
    if (near && radius) return near.toBounds(2.2 * radius);
    if (near) return near.toBounds(4000);
    const clusters = (await this.ask(WORLD, OVERVIEW_ZOOM)) ?? [];
    const rooms = clusters.reduce((sum, cluster) => sum + cluster.count, 0);
    // A few far away are not what most come for.
    const most = clusters.filter((cluster) => cluster.count * 20 >= rooms);
    if (!most.length) return null;
    const bounds = L.latLngBounds([]);
    for (const { bounds: [west, south, east, north] } of most) bounds.extend([[south, west], [north, east]]);
    return bounds.pad(0.05);
  }

  /** The areas that the search names. */
  areas() {
    const numbers = (/** @type {string} */ name) => {
      const found = this.search.get(name)?.split(",").map(Number) ?? [];
      return found.some(Number.isNaN) ? [] : found;
    };
    const [west, south, east, north] = numbers("bbox");
    const [latitude, longitude] = numbers("near");
    return {
      box: north === undefined ? null : L.latLngBounds([south, west], [north, east < west ? east + 360 : east]),
      near: longitude === undefined ? null : L.latLng(latitude, longitude),
      radius: Number(this.search.get("radius") ?? 0),
    };
  }

  /** Draw the areas that the search names. @param {boolean} filled whether the map is the box */
  showArea(filled) {
    this.area.clearLayers();
    const { box, near, radius } = this.areas();
    if (box && !filled) L.rectangle(box, { interactive: false, className: "searched", fill: false, weight: 2, dashArray: "4 6" }).addTo(this.area);
    if (!near) return;
    L.marker(near, { icon: L.divIcon({ className: "near", iconSize: [18, 18] }), interactive: false, keyboard: false, alt: "" }).addTo(this.area);
    if (radius) L.circle(near, { radius, interactive: false, className: "searched", fill: false, weight: 2, dashArray: "4 6" }).addTo(this.area);
  }

  /** Show what is in sight. */
  async load() {
    delete this.element.dataset.loaded;
    const clusters = await this.ask(this.bbox(), this.leaflet.getZoom());
    if (!clusters) return;
    this.draw(clusters);
    this.element.dataset.loaded = this.bbox();
  }

  /**
   * The rooms of the search in a box; null where they do not come, or are not wanted any more.
   * @param {string} bbox @param {number} zoom
   * @returns {Promise<Cluster[] | null>}
   */
  async ask(bbox, zoom) {
    this.asking.abort();
    const { signal } = (this.asking = new AbortController());
    const asked = new URLSearchParams([...this.search].filter(([name]) => !PAGE_ONLY.includes(name)));
    asked.set("bbox", bbox);
    asked.set("zoom", String(zoom));
    this.keepInside(asked);
    try {
      const answer = await fetchPatiently(`/rooms/clusters?${asked}`, { signal });
      if (answer.status === 400) return []; // the page says what cannot be understood
      if (!answer.ok) throw new Error(`${answer.status}`);
      const found = await answer.json();
      this.exact = found.exact;
      this.failed(false);
      return found.clusters;
    } catch (error) {
      if (!signal.aborted) this.failed(true);
      return null;
    }
  }

  /** The area of the search counts also where the map shows more than it. @param {URLSearchParams} asked */
  keepInside(asked) {
    const [west, south, east, north] = this.search.get("bbox")?.split(",") ?? [];
    if (north === undefined || Number(west) > Number(east) || this.search.get("bbox") === asked.get("bbox")) return;
    for (const [name, edge] of [["latitude__gte", south], ["latitude__lte", north], ["longitude__gte", west], ["longitude__lte", east]]) {
      asked.append(`filter_${name}`, edge);
    }
  }

  /** Say that what is shown is not what is there, or that it is. @param {boolean} so */
  failed(so) {
    this.element.parentElement?.classList.toggle("failed", so);
  }

  /** Put pins and bubbles where they are not yet, and take away the others. @param {Cluster[]} clusters */
  draw(clusters) {
    const wanted = new Map(clusters.map((cluster) => [
      cluster.room ? keyOf(cluster.room.code, cluster.room.price) : `${cluster.count} at ${cluster.latitude},${cluster.longitude}`,
      cluster,
    ]));
    for (const [key, pin] of this.pins) {
      if (wanted.has(key)) continue;
      if (pin.getElement() === document.activeElement) this.element.focus({ preventScroll: true });
      pin.remove();
      this.pins.delete(key);
    }
    for (const [key, cluster] of wanted) {
      const pin = this.pins.get(key);
      if (pin) pin.setLatLng(this.nearby(cluster.latitude, cluster.longitude)); // another copy of the world may be in sight
      else this.pins.set(key, cluster.room ? this.roomPin(cluster.room) : this.bubble(cluster));
    }
    this.mark(this.markedRoom); // it may have a pin of its own now, or none any more
    this.stop.update();
  }

  /** @param {Room} room */
  roomPin(room) {
    const price = this.money.amount(room.price);
    const label = `${price} ${this.money.per}${room.size ? `, ${full.format(room.size)} m²` : ""}`;
    const pin = this.pin(room.latitude, room.longitude, price, { title: label });
    return asButton(pin.addTo(this.leaflet), label, () => this.on.chosen(room.code));
  }

  /**
   * @param {number} latitude @param {number} longitude @param {string} text @param {object} options of Leaflet
   */
  pin(latitude, longitude, text, options) {
    const icon = L.divIcon({ className: "pin", html: text, iconSize: [0, 0] });
    return L.marker(this.nearby(latitude, longitude), { icon, riseOnHover: true, ...options });
  }

  /** @param {Cluster} cluster */
  bubble({ latitude, longitude, count, lowest_price: lowest, bounds: [west, south, east, north] }) {
    const size = Math.round((30 + 8 * Math.log10(count)) * textScale());
    const text = this.exact ? compact.format(count) : `~${rough.format(count)}`;
    const icon = L.divIcon({ className: "cluster", html: text, iconSize: [size, size] });
    const title = `${this.exact ? "" : "about "}${full.format(count)} rooms from ${this.money.amount(lowest)} ${this.money.per}`;
    const marker = L.marker(this.nearby(latitude, longitude), { icon, title });
    // Who says what is seen, "2.36K", is to be understood as well.
    const label = count < 1000 && this.exact ? title : `${text}: ${title}`;
    return asButton(marker.addTo(this.leaflet), label, () => {
      const bounds = L.latLngBounds([south, west], [north, east < west ? east + 360 : east]);
      const middle = bounds.getCenter();
      const zoom = Math.min(MAX_ZOOM, Math.max(this.leaflet.getZoom() + 1, this.leaflet.getBoundsZoom(bounds)));
      if (this.leaflet.getZoom() < MAX_ZOOM) this.leaflet.setView(this.nearby(middle.lat, middle.lng), zoom);
      else this.on.narrowed(boxText(west, south, east, north));
    });
  }

  /** The place on the copy of the world that is looked at. @param {number} latitude @param {number} longitude */
  nearby(latitude, longitude) {
    return L.latLng(latitude, longitude + 360 * Math.round((this.leaflet.getCenter().lng - longitude) / 360));
  }
}

/**
 * A box as an address has it, rounded outwards to about a metre, so that nothing in it is left out.
 * @param {number} west @param {number} south @param {number} east @param {number} north
 */
function boxText(west, south, east, north) {
  const [down, up] = [(/** @type {number} */ edge) => Math.floor(edge * 1e5) / 1e5, (/** @type {number} */ edge) => Math.ceil(edge * 1e5) / 1e5];
  const edges = [Math.max(-180, down(west)), Math.max(-90, down(south)), Math.min(180, up(east)), Math.min(90, up(north))];
  return edges.map((edge) => edge.toFixed(5)).join(",");
}

/**
 * The name of a room's pin: another one where the room costs something else now.
 * @param {string} code @param {number | string} price
 */
function keyOf(code, price) {
  return `${code} ${price}`;
}

/**
 * Have a marker on the map be a button, which Leaflet leaves half done.
 * @param {any} marker @param {string} label @param {() => void} press
 */
function asButton(marker, label, press) {
  marker.getElement().setAttribute("aria-label", label);
  marker.on("click", press);
  return marker.on("keydown", (/** @type {any} */ { originalEvent: event }) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    press();
  });
}

/** How much larger than usual the text is that this browser was asked for. */
function textScale() {
  return parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
}

/** The longitude between -180 and 180. @param {number} longitude */
function wrapped(longitude) {
  return longitude >= -180 && longitude <= 180 ? longitude : ((((longitude + 180) % 360) + 360) % 360) - 180;
}
