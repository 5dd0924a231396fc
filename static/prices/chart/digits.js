// How many decimals prices have.

// Digits that a JavaScript number holds in any case; the axis shows no more.
const EXACT = 15;

const PRICES = ["open", "high", "low", "close"];

/** The decimals of the finest price of a candle. */
export function decimals(body) {
  return Math.max(...PRICES.map((name) => (body[name].split(".")[1] ?? "").length));
}

/** The format of the price axis, for prices of so many decimals that are about as large as one of them. */
export function priceFormat(most, price) {
  const precision = Math.max(0, Math.min(most, EXACT - price.split(".")[0].length));
  return { type: "price", precision, minMove: 10 ** -precision };
}
