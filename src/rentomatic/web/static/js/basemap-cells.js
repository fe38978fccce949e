/**
 * The data of the bundled base map: cells of Web Mercator in a few levels of detail, fetched as they are wanted.
 * static/basemap/README.md describes the files.
 */

/**
 * @typedef {object} Cell What of the map is in one cell, in steps from its north-west corner.
 * @property {Path2D} land
 * @property {Path2D} borders
 * @property {[rank: number, path: Path2D][]} rivers by Natural Earth's ranks, the greatest ones first
 * @property {Label[]} labels in the order of their first zooms
 *
 * @typedef {[x: number, y: number, first: number, last: number, kind: number, name: string]} Label
 *
 * @typedef {object} Level
 * @property {number} zoom of its cells
 * @property {number} last the last zoom that it is for
 * @property {number} extent steps across a cell
 * @property {Record<string, number[]>} cells the rows of each column that there are
 */

const DATA = new URL("../basemap/", import.meta.url);
const WORLD = "0/0/0";
const KEPT = 96; // cells in memory

const DIGITS = new Uint8Array(128);
for (const [value, digit] of [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"].entries()) {
  DIGITS[digit.charCodeAt(0)] = value;
}

/** The cells by their keys, "zoom/x/y"; those unused for longest are forgotten. */
export class Cells {
  /** @type {Map<string, Cell>} */
  #cells = new Map();
  /** @type {Map<string, Promise<void>>} */
  #coming = new Map();
  /** @type {Promise<Level[]> | undefined} */
  #levels;

  /** @returns {Promise<Level[]>} from the coarsest on, whose one cell is there then */
  levels() {
    this.#levels ??= fetched("world.json").then((world) => {
      this.#cells.set(WORLD, decoded(world));
      return world.levels;
    });
    this.#levels.catch(() => (this.#levels = undefined)); // the next tile tries again
    return this.#levels;
  }

  /** @param {string} key */
  has(key) {
    return this.#cells.has(key);
  }

  /**
   * @param {string} key
   * @returns {Cell | undefined}
   */
  get(key) {
    const cell = this.#cells.get(key);
    if (cell) {
      this.#cells.delete(key); // and to the end, since it was used
      this.#cells.set(key, cell);
    }
    return cell;
  }

  /**
   * @param {string} key
   * @returns {Promise<void>} kept when the cell is there
   */
  load(key) {
    if (this.has(key)) return Promise.resolve();
    let coming = this.#coming.get(key);
    if (!coming) {
      coming = fetched(`${key}.json`)
        .then((cell) => this.#keep(key, decoded(cell)))
        .finally(() => this.#coming.delete(key));
      this.#coming.set(key, coming);
    }
    return coming;
  }

  /**
   * @param {string} key
   * @param {Cell} cell
   */
  #keep(key, cell) {
    this.#cells.set(key, cell);
    for (const oldest of this.#cells.keys()) {
      if (this.#cells.size <= KEPT) break;
      if (oldest !== WORLD) this.#cells.delete(oldest);
    }
  }
}

/** @param {string} path */
async function fetched(path) {
  const response = await fetch(new URL(path, DATA));
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

/**
 * @param {{land: string[], borders: string[], rivers: Record<string, string[]>, labels: Label[]}} cell
 * @returns {Cell}
 */
function decoded({ land, borders, rivers, labels }) {
  const ranks = Object.keys(rivers).map(Number);
  return {
    land: path(land),
    borders: path(borders),
    rivers: ranks.map((rank) => [rank, path(rivers[rank])]),
    labels,
  };
}

/**
 * Lines, each the first point and the way to each next one: five bits a character, the lowest first, with the
 * sign in the lowest bit of a number.
 * @param {string[]} lines
 */
function path(lines) {
  const all = new Path2D();
  for (const line of lines) {
    let at = 0;
    const next = () => {
      let [value, shift, five] = [0, 0, 0];
      do {
        five = DIGITS[line.charCodeAt(at++)];
        value |= (five & 31) << shift;
        shift += 5;
      } while (five > 31);
      return value & 1 ? ~(value >> 1) : value >> 1;
    };
    let [x, y] = [next(), next()];
    all.moveTo(x, y);
    while (at < line.length) all.lineTo((x += next()), (y += next()));
  }
  return all;
}
