/**
 * The two buttons that fill in a point to be near to: one picked on the map, and where the device is.
 * @param {HTMLFormElement} form
 * @param {import("./map.js").RoomMap} map
 * @param {() => void} changed called when the field has a new point
 * @returns {() => void} ends picking
 */
export function placeButtons(form, map, changed) {
  const pick = /** @type {HTMLButtonElement} */ (document.getElementById("pick"));
  const locate = /** @type {HTMLButtonElement} */ (document.getElementById("locate"));
  const near = /** @type {HTMLInputElement} */ (form.elements.namedItem("near"));
  const hint = /** @type {HTMLElement} */ (document.getElementById("place-hint"));

  const stop = () => {
    map.stopPicking();
    if (pick.getAttribute("aria-pressed") === "true") hint.textContent = "";
    pick.setAttribute("aria-pressed", "false");
  };
  /** @param {number} latitude @param {number} longitude */
  const found = (latitude, longitude) => {
    stop();
    hint.textContent = "";
    near.value = `${latitude.toFixed(5)},${longitude.toFixed(5)}`;
    changed();
  };
  pick.addEventListener("click", () => {
    if (pick.getAttribute("aria-pressed") === "true") return stop();
    pick.setAttribute("aria-pressed", "true");
    hint.textContent = "Click the map, or press Enter on it to choose its centre. Escape cancels.";
    map.startPicking(found, stop);
  });
  locate.hidden = !("geolocation" in navigator);
  locate.addEventListener("click", () => {
    stop();
    hint.textContent = "Finding your location …";
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => found(coords.latitude, coords.longitude),
      (error) => {
        const refused = error.code === error.PERMISSION_DENIED;
        hint.textContent = refused ? "Your browser does not share your location with this page." : "Your location could not be found.";
      },
      { timeout: 10_000, maximumAge: 60_000 },
    );
  });
  return stop;
}
