// What the chart says of itself when nothing is wrong.

import { MOST } from "./history.js";

export function steady({ isRead, symbol, history }) {
  if (!isRead) return "Loading candles…";
  if (!history.times.length) return `No trade of ${symbol} is on the tape yet.`;
  if (history.further) return "Scroll back for earlier candles.";
  if (history.isFull) return `No more than ${MOST.toLocaleString("en")} candles are shown here; the API has earlier ones.`;
  return "The tape begins with the first candle.";
}
