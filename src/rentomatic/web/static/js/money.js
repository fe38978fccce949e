/** Prices as the page writes them, which says their currency, locale and period on an element. */

/** @typedef {{ amount: (price: number) => string, per: string }} Money */

/**
 * How the prices of the page are written; as plain numbers where it names no currency.
 * @param {DOMStringMap} data of the element
 * @returns {Money}
 */
export function moneyOf({ currency, locale, per }) {
  const style = /** @type {const} */ ({ style: "currency", currency, minimumFractionDigits: 0, maximumFractionDigits: 0, numberingSystem: "latn" });
  const format = currency ? new Intl.NumberFormat(locale, style) : new Intl.NumberFormat("en");
  return { amount: (price) => format.format(price), per: per ?? "" };
}
