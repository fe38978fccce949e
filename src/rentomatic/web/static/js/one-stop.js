/** The arrow keys, and the way that each leads. @type {Record<string, [number, number]>} */
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * One stop of the Tab key for all pins of a map: from there, arrow keys lead to the nearest pin that way.
 * Tab would otherwise have to be pressed once for each of them to get past the map.
 */
export class OneStop {
  /** @param {HTMLElement} map @param {string} pins a selector */
  constructor(map, pins) {
    this.map = map;
    this.pins = pins;
    map.addEventListener("keydown", (event) => this.lead(event));
    map.addEventListener("focusin", (event) => this.stopAt(this.all().find((pin) => pin === event.target)));
  }

  /** To be called where pins came or went: the stop stays where it is, or goes to the middle of the map. */
  update() {
    const { left, top, width, height } = this.map.getBoundingClientRect();
    const middle = { x: left + width / 2, y: top + height / 2 };
    const pins = this.all();
    const nearest = () => pins.toSorted((one, other) => away(one, middle, [0, 0]) - away(other, middle, [0, 0]))[0];
    this.stopAt(pins.find((pin) => pin === this.stop) ?? nearest());
  }

  /** @returns {HTMLElement[]} */
  all() {
    return [...this.map.querySelectorAll(/** @type {"button"} */ (this.pins))];
  }

  /** @param {HTMLElement | undefined} stop */
  stopAt(stop) {
    if (!stop) return;
    this.stop = stop;
    for (const pin of this.all()) pin.tabIndex = pin === stop ? 0 : -1;
  }

  /** @param {KeyboardEvent} event */
  lead(event) {
    const way = WAYS[event.key], pins = this.all();
    const from = pins.find((pin) => pin === event.target);
    if (!way || !from) return;
    event.preventDefault();
    const place = middleOf(from);
    const there = pins.filter((pin) => pin !== from && away(pin, place, way) < Infinity);
    there.toSorted((one, other) => away(one, place, way) - away(other, place, way))[0]?.focus({ preventScroll: true });
  }
}

/** @param {HTMLElement} pin */
function middleOf(pin) {
  const { left, top, width, height } = pin.getBoundingClientRect();
  return { x: left + width / 2, y: top + height / 2 };
}

/**
 * How far a pin is from a place: what lies beside the way counts double, what lies against it is out of reach.
 * @param {HTMLElement} pin @param {{ x: number, y: number }} place @param {[number, number]} way none for any
 */
function away(pin, place, [right, down]) {
  const { x, y } = middleOf(pin);
  const [dx, dy] = [x - place.x, y - place.y];
  if (!right && !down) return Math.hypot(dx, dy);
  const along = dx * right + dy * down, beside = Math.abs(dx * down) + Math.abs(dy * right);
  return along > 0 ? along + 2 * beside : Infinity;
}
