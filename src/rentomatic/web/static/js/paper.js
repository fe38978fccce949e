const PAPER = { width: 640, height: 760 }; // pixels of CSS, which fit on A4 and Letter with usual margins

/**
 * Tell print.css how large a map is on the screen, and how much smaller it has to be on paper.
 * Printing waits for no script, so a map cannot be drawn again for the size of the paper.
 * @param {HTMLElement} map
 */
export function fitOnPaper(map) {
  new ResizeObserver(() => {
    if (matchMedia("print").matches) return;
    const { width, height } = map.getBoundingClientRect();
    if (!width || !height) return;
    map.style.setProperty("--map-width", `${width}px`);
    map.style.setProperty("--map-height", `${height}px`);
    map.style.setProperty("--map-zoom", String(Math.min(1, PAPER.width / width, PAPER.height / height)));
  }).observe(map);
}
