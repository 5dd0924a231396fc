// Places on the time axis: one for each interval, traded in or not, so that what is missing has its width.

// Intervals that a hole takes up at most, and all holes together: a symbol may rest for years. The newest come first.
const WIDEST = 2_000;
const MOST = 40_000;

/** From the instants at which candles begin, in order, the instants of all places, in order. */
export function places(times, length) {
  const found = [];
  let room = MOST;
  for (let n = times.length - 1; n >= 0; n -= 1) {
    found.push(times[n]);
    if (n === 0) break;
    const empty = (times[n] - times[n - 1]) / length - 1;
    const wide = Math.min(empty, WIDEST, room);
    room -= wide;
    // What is cut out of a hole is cut out of its middle: at either side it borders on what it borders on.
    const late = Math.ceil(wide / 2);
    for (let k = 1; k <= late; k += 1) found.push(times[n] - k * length);
    for (let k = wide - late; k >= 1; k -= 1) found.push(times[n - 1] + k * length);
  }
  return found.reverse();
}

/** The index of the last place at or before an instant; -1 before the first. */
export function indexAt(found, time) {
  let [low, high] = [0, found.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (found[middle] <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
