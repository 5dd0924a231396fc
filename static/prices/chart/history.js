// The candles that the chart holds: read from the API page by page, the newest kept up by events.

import { PAGE, address, page, pages } from "./pages.js";
import { indexAt } from "./places.js";
import { LENGTHS, iso, seconds, start } from "./times.js";

// Candles that are asked for first: more than a wide screen shows.
const FIRST = 500;

// Candles that are held: a page that stays open, or is scrolled back, must not grow for ever.
export const MOST = 20_000;

// Pages that are read to catch up. What lies further back is newer than all that is shown.
const CATCH_UP = 5;

/** What is held does not join what the API has: it is another tape, or too long ago. */
export class Torn extends Error {}

export class History {
  constructor(api, symbol, interval) {
    this.api = api;
    this.query = { symbol, interval };
    this.length = LENGTHS[interval];
    /** As the API gave them, by the second at which they begin; and these seconds in order. */
    this.bodies = new Map();
    this.times = [];
    /** The address of the page before the oldest candle; null: there is none, or no room for it. */
    this.further = null;
    /** The newest candle up to which none is missing. */
    this.through = null;
  }

  get first() {
    return this.times[0];
  }

  get last() {
    return this.times.at(-1);
  }

  get isFull() {
    return this.times.length >= MOST;
  }

  /** Read whatever is newer than what is held without a hole; at first the newest page. Raises Torn. */
  async catchUp() {
    if (this.through === null) return this.begin();
    // The candle at `through` may have been forming, and the one before it proves that both are of one tape.
    const from = this.times[Math.max(0, indexAt(this.times, this.through) - 1)];
    const { rows, next } = await pages(this.url({ from: iso(from), limit: PAGE }), CATCH_UP);
    if (next || seconds(rows.at(-1)?.minute) !== from) throw new Torn();
    this.merge(rows);
    this.through = seconds(rows[0].minute);
  }

  async begin() {
    const { rows, next } = await page(this.url({ limit: FIRST }));
    this.further = next;
    this.merge(rows);
    if (rows.length) this.through = seconds(rows[0].minute);
  }

  /** Read the page before the oldest candle. */
  async older() {
    const { rows, next } = await page(this.further);
    this.merge(rows);
    this.further = this.isFull ? null : next;
  }

  /** Read again the candles that touch a span of time, as far as they are held. */
  async again({ from, to }) {
    const begin = Math.max(start(from, this.length), this.first);
    if (!(begin <= to)) return;
    const url = this.url({ from: iso(begin), to: iso(to + 1), limit: PAGE });
    this.merge((await pages(url, MOST / PAGE)).rows);
  }

  merge(rows) {
    let older = false;
    for (const body of rows) {
      const time = seconds(body.minute);
      const held = this.bodies.get(time);
      // An event may have overtaken an answer that was on its way. A candle gains trades, and loses none.
      if (held && Number(held.trades) > Number(body.trades)) continue;
      this.bodies.set(time, body);
      if (held) continue;
      older ||= time < this.last;
      this.times.push(time);
    }
    if (older) this.times.sort((a, b) => a - b);
    if (this.times.length > MOST + PAGE) this.forget();
  }

  forget() {
    for (const time of this.times.splice(0, this.times.length - MOST)) this.bodies.delete(time);
    this.further = null;
  }

  url(query) {
    return address(this.api, { ...this.query, ...query });
  }
}
