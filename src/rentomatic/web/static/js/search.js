/**
 * The page of a search: form, list and map kept together.
 *
 * The address says all of a search. Whatever changes it ends in `go`, and `show` brings the page to
 * what the address says: the server renders the parts, as it renders the whole page without a script.
 */

import { RoomMap } from "./map.js";
import { moneyOf } from "./money.js";
import { fetchPatiently } from "./patient.js";
import { placeButtons } from "./place.js";
import { PriceSlider } from "./slider.js";

/** @typedef {{ view?: import("./map.js").View, scroll?: number, byMap?: boolean }} Entry what an entry of the history knows */

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const form = /** @type {HTMLFormElement} */ (document.getElementById("filters"));
const rooms = /** @type {HTMLElement} */ (document.getElementById("rooms"));
const prices = /** @type {HTMLElement} */ (document.getElementById("prices"));
const status = /** @type {HTMLElement} */ (document.getElementById("status"));
const follow = /** @type {HTMLInputElement} */ (document.getElementById("follow"));
const filtersShown = /** @type {HTMLInputElement} */ (document.getElementById("show-filters"));
const badge = /** @type {HTMLElement} */ (document.querySelector(".show-filters .badge"));
const failed = /** @type {HTMLTemplateElement} */ (document.getElementById("failed"));

const PRICES_AFTER = 400; // milliseconds without another change: the chart is not for the eye in motion
const PLACE_AFTER = 150; // milliseconds without another move: browsers bound how often a place may be kept
const OF_THE_LIST = ["sort", "cursor", "limit"]; // what changes neither the map nor the chart

const address = addressOf(new URLSearchParams(new URL(main.dataset.address ?? "/", location.href).search));
if (address !== location.pathname + location.search) history.replaceState(history.state, "", address + location.hash); // without parameters the page does not know

let shown = location.search;
let charted = shown; // the search that the chart of prices is of
let asking = new AbortController();
let pricesTimer = 0;
let placeTimer = 0;

const canvas = /** @type {HTMLElement} */ (document.getElementById("map"));
const money = moneyOf(canvas.dataset);
const slider = new PriceSlider(prices, form, money);
const map = new RoomMap(canvas, money, {
  moved: (bbox) => {
    if (follow.checked) go(changed({ bbox, radius: "" }), { byMap: true });
    else keepPlace();
    return follow.checked;
  },
  narrowed: (bbox) => go(changed({ bbox, radius: "" })),
  chosen: showRoom,
});
const stopPicking = placeButtons(form, map, () => go(changedPlace()));

document.addEventListener("change", (event) => {
  const field = /** @type {HTMLInputElement} */ (event.target); // one field of the form stands in the list
  if (field.form === form && field.name) go(["near", "radius"].includes(field.name) ? changedPlace() : ofForm());
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  filtersShown.checked = false;
  go(ofForm());
  heading().focus();
});
follow.checked = sessionStorage.getItem("follow") !== "off";
follow.addEventListener("change", () => {
  sessionStorage.setItem("follow", follow.checked ? "on" : "off");
  if (follow.checked) go(changed({ bbox: map.bbox(), radius: "" }), { byMap: true });
});
document.addEventListener("click", (event) => {
  const link = /** @type {Element} */ (event.target).closest("a[data-search]");
  if (!(link instanceof HTMLAnchorElement) || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go(new URLSearchParams(link.search));
  heading().focus({ preventScroll: true });
  if (rooms.getBoundingClientRect().top < 0) rooms.scrollIntoView();
});
rooms.addEventListener("click", (event) => {
  if (/** @type {Element} */ (event.target).closest("[data-retry]")) show({ view: map.view() });
});
for (const type of ["pointerover", "pointerout", "focusin", "focusout"]) rooms.addEventListener(type, markRoom);
window.addEventListener("popstate", (event) => {
  if (location.search === shown && !event.state) return; // a link to a part of the page
  show(/** @type {Entry} */ (event.state ?? {}));
});
history.scrollRestoration = "manual";
window.addEventListener("pagehide", keepPlace);
window.addEventListener("scroll", () => {
  clearTimeout(placeTimer);
  placeTimer = window.setTimeout(keepPlace, PLACE_AFTER);
}, { passive: true });

map.show(new URLSearchParams(shown), history.state?.view);
if (history.state?.scroll) window.scrollTo(0, history.state.scroll);

/** What the form asks for, without its empty fields. */
function ofForm() {
  return new URLSearchParams([...new FormData(form)].filter(([, text]) => text !== "").map(([name, text]) => [name, String(text).trim().replace(/,\s+/, ",")]));
}

/** The search that is shown with some parameters changed, from its first page on. @param {Record<string, string>} parameters */
function changed(parameters) {
  const search = new URLSearchParams(location.search);
  search.delete("cursor");
  for (const [name, text] of Object.entries(parameters)) text ? search.set(name, text) : search.delete(name);
  return search;
}

/** What the form asks for after its place was changed: the area of the map does not count any more. */
function changedPlace() {
  const search = ofForm();
  search.delete("bbox");
  if (!search.get("near")) search.delete("radius");
  if (!search.get("near") && search.get("sort") === "distance") search.delete("sort");
  return search;
}

/** The address of a search. @param {URLSearchParams} search */
function addressOf(search) {
  return search.toString() ? `/?${search.toString().replace(/%2C/g, ",").replace(/%3A/g, ":")}` : "/";
}

/** What is read out first of the list: its heading says how many rooms there are. */
function heading() {
  const found = /** @type {HTMLElement} */ (rooms.querySelector("h1"));
  found.tabIndex = -1; // takes the focus from a script, but is no stop of the Tab key
  return found;
}

/** Mark on the map the room of the list that is pointed at, or else the one that has the focus, or none. */
function markRoom() {
  const room = /** @type {HTMLElement | null} */ (rooms.querySelector(".room:hover") ?? rooms.querySelector(".room:focus-within"));
  map.mark(room ? { ...room.dataset } : null);
}

/** Remember where one is, so that the way back leads there. */
function keepPlace() {
  history.replaceState({ ...history.state, view: map.view(), scroll: window.scrollY }, "");
}

/**
 * Make a search the one that is shown.
 * @param {URLSearchParams} search
 * @param {{ byMap?: boolean }} way moves of the map that follow each other are one entry of the history
 */
function go(search, { byMap = false } = {}) {
  if (!byMap) stopPicking(); // who looks for a point on the map may move it
  const address = addressOf(search);
  if (address === location.pathname + location.search) return;
  if (byMap && history.state?.byMap) {
    history.replaceState({ byMap, view: map.view() }, "", address);
  } else {
    keepPlace();
    history.pushState({ byMap, view: byMap ? map.view() : undefined }, "", address);
  }
  show(byMap ? { view: map.view() } : {}, byMap);
}

/**
 * Bring the page to what the address says.
 * @param {Entry} entry where the map and the list were, if the page was there before
 * @param {boolean} [byMap] whether the map is there already
 */
async function show(entry, byMap = false) {
  const search = new URLSearchParams(location.search);
  const moved = !same(new URLSearchParams(shown), search, OF_THE_LIST);
  shown = location.search;
  fillForm(search);
  if (moved || byMap || entry.view) map.show(search, entry.view, byMap);
  asking.abort();
  const { signal } = (asking = new AbortController());
  rooms.setAttribute("aria-busy", "true");
  clearTimeout(pricesTimer);
  clearTimeout(placeTimer);
  try {
    replaceRooms(await part("rooms", search, signal));
    if (entry.scroll !== undefined) window.scrollTo(0, entry.scroll);
  } catch {
    if (signal.aborted) return;
    replace(failed.content.cloneNode(true));
  }
  rooms.removeAttribute("aria-busy");
  if (!same(new URLSearchParams(charted), search, OF_THE_LIST)) pricesTimer = window.setTimeout(() => showPrices(search, signal), PRICES_AFTER);
}

/** Put something in the place of the list; who was there with the keyboard stays there. @param {Node} content */
function replace(content) {
  const focused = rooms.contains(document.activeElement) ? document.activeElement : null;
  rooms.replaceChildren(content);
  if (focused) ((focused.id && document.getElementById(focused.id)) || heading()).focus({ preventScroll: true });
  markRoom();
}

/** Put the rooms in the place of those that were there. @param {string} html */
function replaceRooms(html) {
  replace(document.createRange().createContextualFragment(html));
  const title = rooms.querySelector("h1")?.textContent ?? "";
  status.textContent = title;
  document.title = `${title} · Rent-o-matic`;
  badge.textContent = String(rooms.querySelectorAll(".chips [title]").length);
  badge.hidden = badge.textContent === "0";
}

/** @param {URLSearchParams} search @param {AbortSignal} signal */
async function showPrices(search, signal) {
  try {
    slider.replace(await part("prices", search, signal));
    charted = `?${search}`;
  } catch {
    // The chart of before stays: the fields below it work without one.
  }
}

/**
 * A part of the page for a search. What the server cannot understand, the whole page explains.
 * @param {string} name
 * @param {URLSearchParams} search
 * @param {AbortSignal} signal
 */
async function part(name, search, signal) {
  const answer = await fetchPatiently(`/parts/${name}?${search}`, { signal, headers: { Accept: "text/html" } });
  if (answer.status === 400) location.reload();
  const html = await answer.text();
  if (!answer.ok && !html.includes('id="too-costly"')) throw new Error(`${answer.status}`); // that one says itself what to do
  return html;
}

/** Let the form say what the address says; what it has no field for goes along hidden. @param {URLSearchParams} search */
function fillForm(search) {
  for (const hidden of form.querySelectorAll("input[type=hidden]")) hidden.remove();
  const fields = new Set(["cursor"]);
  for (const field of form.elements) {
    if (!(field instanceof HTMLInputElement || field instanceof HTMLSelectElement) || !field.name) continue;
    fields.add(field.name);
    const text = search.get(field.name) ?? "";
    if (field instanceof HTMLSelectElement && ![...field.options].some((option) => option.value === text)) field.add(new Option(text, text));
    field.value = text;
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  }
  for (const problem of form.querySelectorAll(".problem")) problem.remove(); // of the answer that was shown before
  for (const [name, text] of search) {
    if (fields.has(name)) continue;
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value: text }));
  }
  slider.read();
}

/**
 * Lead from a pin to its room in the list, which may not be on this page of it.
 * @param {string} code
 */
async function showRoom(code) {
  const selector = `.room[data-code="${CSS.escape(code)}"]`;
  if (!rooms.querySelector(selector)) {
    const only = new URLSearchParams({ filter_code__eq: code });
    const near = new URLSearchParams(location.search).get("near");
    if (near) only.set("near", near);
    try {
      const there = new DOMParser().parseFromString(await part("rooms", only, asking.signal), "text/html").querySelector(selector);
      const list = rooms.querySelector("ul.rooms");
      if (there && list) list.prepend(there);
    } catch {
      return;
    }
  }
  for (const other of rooms.querySelectorAll(".room.shown")) other.classList.remove("shown");
  const room = rooms.querySelector(selector);
  room?.classList.add("shown");
  room?.scrollIntoView({ block: "nearest" });
  room?.querySelector("a")?.focus({ preventScroll: true });
}

/**
 * Whether two searches ask for the same rooms.
 * @param {URLSearchParams} one @param {URLSearchParams} other @param {string[]} but parameters that do not count
 */
function same(one, other, but) {
  const counted = (/** @type {URLSearchParams} */ search) => [...search].filter(([name]) => !but.includes(name)).map(String).sort().join();
  return counted(one) === counted(other);
}
