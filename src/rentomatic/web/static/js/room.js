// @ts-check
/** The map on the page of a room: a pin for it, and smaller ones that lead to the nearest others. */

import { addBaseMap } from "./basemap.js";
import { OneStop } from "./one-stop.js";
import { fitOnPaper } from "./paper.js";
import L from "../vendor/leaflet/leaflet.js";

const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

/** @param {DOMStringMap} data of an element with a place */
function placeOf({ place }) {
  const [latitude, longitude] = (place ?? "").split(",").map(Number);
  return L.latLng(latitude, longitude);
}

/**
 * A pin that is no button: what can be chosen in it is a link.
 * @param {any} place @param {Node} content @param {string} className @param {number} [zIndexOffset]
 */
function pin(place, content, className, zIndexOffset = 0) {
  const label = document.createElement("span");
  label.append(content);
  const icon = L.divIcon({ className, html: label, iconSize: [0, 0] });
  return L.marker(place, { icon, interactive: false, keyboard: false, alt: "", zIndexOffset });
}

/**
 * @param {HTMLElement} card of a room in the list
 * @param {any} centre the place on whose side of the antimeridian it is shown
 */
function linkedPin(card, centre) {
  const link = document.createElement("a");
  link.href = card.querySelector("a")?.href ?? "";
  link.draggable = false;
  link.textContent = card.querySelector(".price strong")?.textContent ?? "";
  link.setAttribute("aria-label", [...card.querySelectorAll(".price, .size, .place")].map((part) => part.textContent?.trim()).join(", "));
  const place = placeOf(card.dataset);
  place.lng += 360 * Math.round((centre.lng - place.lng) / 360);
  return pin(place, link, "pin");
}

/** @param {HTMLElement} element */
function show(element) {
  const centre = placeOf(element.dataset);
  const map = L.map(element, { maxZoom: 19, minZoom: 1, scrollWheelZoom: false, zoomAnimation: !still, fadeAnimation: !still, markerZoomAnimation: !still });
  map.attributionControl.setPrefix(false);
  L.control.scale({ imperial: false, position: "topright" }).addTo(map);
  addBaseMap(map);
  fitOnPaper(element);
  const cards = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".alternatives .room"));
  const others = [...cards].map((card) => linkedPin(card, centre));
  map.fitBounds(L.latLngBounds([centre, ...others.map((other) => other.getLatLng())]), { animate: false, maxZoom: 16, padding: [32, 32] });
  for (const other of others) other.addTo(map);
  pin(centre, document.createTextNode(element.dataset.amount ?? ""), "pin here", 10_000).addTo(map);
  new OneStop(element, ".pin a").update();
}

const element = document.getElementById("map");
if (element) show(element);
