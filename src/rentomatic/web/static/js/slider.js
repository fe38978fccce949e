/** The slider with two ends over the chart of prices. It writes into the two fields below, which are what is sent. */
export class PriceSlider {
  /** @param {HTMLElement} container of the chart @param {HTMLFormElement} form @param {import("./money.js").Money} money */
  constructor(container, form, money) {
    this.container = container;
    this.money = money;
    this.from = /** @type {HTMLInputElement} */ (form.elements.namedItem("filter_price__gte"));
    this.to = /** @type {HTMLInputElement} */ (form.elements.namedItem("filter_price__lte"));
    container.addEventListener("input", (event) => this.drag(/** @type {HTMLInputElement} */ (event.target)));
    container.addEventListener("change", () => this.from.dispatchEvent(new Event("change", { bubbles: true })));
    this.read();
  }

  /** Put a new chart in the place of this one. @param {string} html */
  replace(html) {
    const focused = this.container.contains(document.activeElement) ? document.activeElement?.className : "";
    this.container.innerHTML = html;
    this.read();
    if (focused) /** @type {HTMLElement | null} */ (this.container.querySelector(`input.${focused}`))?.focus();
  }

  /** Move the ends to what the fields say. */
  read() {
    const { low, high, stops } = this.parts();
    if (!low || !high) return;
    const from = Number(this.from.value), to = Number(this.to.value);
    low.value = String(this.from.value ? Math.max(0, stops.filter((stop) => stop <= from).length - 1) : 0);
    high.value = String(this.to.value ? stops.filter((stop) => stop < to).length : stops.length);
    this.paint();
  }

  /** One end is dragged: it stops a step before the other one. @param {HTMLInputElement} end */
  drag(end) {
    const { low, high, stops } = this.parts();
    if (!low || !high) return;
    if (end === low && low.valueAsNumber >= high.valueAsNumber) low.value = String(high.valueAsNumber - 1);
    if (end === high && high.valueAsNumber <= low.valueAsNumber) high.value = String(low.valueAsNumber + 1);
    if (end === low) this.from.value = low.valueAsNumber === 0 ? "" : String(stops[low.valueAsNumber]);
    if (end === high) this.to.value = high.valueAsNumber === stops.length ? "" : String(stops[high.valueAsNumber]);
    this.paint();
  }

  paint() {
    const { low, high, bars } = this.parts();
    if (!low || !high) return;
    low.setAttribute("aria-valuetext", this.from.value ? `from ${this.told(this.from.value)}` : "any");
    high.setAttribute("aria-valuetext", this.to.value ? `up to ${this.told(this.to.value)}` : "any");
    bars.forEach((bar, index) => bar.classList.toggle("chosen", low.valueAsNumber <= index && index < high.valueAsNumber));
  }

  /** A price as it was typed, which may be no number. @param {string} text */
  told(text) {
    return /^[0-9]+$/.test(text) ? this.money.amount(Number(text)) : text;
  }

  /** What there is of the chart: nothing where no room is. */
  parts() {
    const chart = /** @type {HTMLElement | null} */ (this.container.querySelector(".chart"));
    return {
      low: /** @type {HTMLInputElement | null} */ (chart?.querySelector(".low") ?? null),
      high: /** @type {HTMLInputElement | null} */ (chart?.querySelector(".high") ?? null),
      bars: [...this.container.querySelectorAll("rect")],
      stops: /** @type {number[]} */ (JSON.parse(chart?.dataset.stops ?? "[]")),
    };
  }
}
