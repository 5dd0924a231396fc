// What the chart knows of the tape of one symbol at one interval, and how it stays so.

import { Refused, trouble } from "../ask.js";
import { History, Torn } from "./history.js";
import { Ledger } from "./ledger.js";
import { PAGE } from "./pages.js";
import { joined } from "./spans.js";
import { seconds } from "./times.js";

// Milliseconds until a reading that failed is tried again, at first and at most.
const [SOON, LATE] = [1_000, 10_000];

// Milliseconds after a candle began in which the one before is read a last time: not all readers at once.
const SETTLED = [1_000, 5_000];

// Milliseconds in which more gaps may be told to have closed, before their candles are read.
const TOGETHER = 250;

const sleep = (pause) => new Promise((resume) => setTimeout(resume, pause));

export class Tape {
  /** `changed(body)`: all is to be drawn anew, or that newest candle alone; `tell(problem)`: what is wrong, or null. */
  constructor(apis, symbol, interval, { changed, tell }) {
    Object.assign(this, { apis, symbol, interval, changed, tell });
    this.turn = 0;
    this.filled = [];
    this.anew();
  }

  anew() {
    this.history = new History(this.apis.candles, this.symbol, this.interval);
    this.ledger = new Ledger(this.apis.gaps, this.symbol);
    this.isRead = false;
  }

  /** Another tape is looked at: whatever is still on its way is dropped. */
  end() {
    this.over = true;
    clearTimeout(this.settling);
  }

  /** Read whatever is newer, again and again until it is read. To be called whenever events begin to come. */
  async catchUp() {
    this.turn += 1;
    const turn = this.turn;
    for (let pause = SOON; ; pause = Math.min(2 * pause, LATE)) {
      const done = await this.attempt(() => this.read());
      if (done || this.over || turn !== this.turn) return;
      await sleep(pause);
      if (this.over || turn !== this.turn) return;
    }
  }

  async read() {
    const isFirst = !this.isRead;
    const { history, ledger } = this;
    await history.catchUp();
    const filled = history.times.length ? await ledger.read(history.first) : [];
    if (history !== this.history) return;
    this.isRead = true;
    if (!isFirst) this.mend(filled);
  }

  /** Read the page before what is held. */
  async older() {
    const { history, ledger } = this;
    if (this.isTurning || !this.isRead || !history.further) return;
    this.isTurning = true;
    const before = history.first;
    const done = await this.attempt(async () => {
      await history.older();
      await ledger.read(history.first, before);
    });
    this.isTurning = false;
    if (!done) this.catchUp();
  }

  candle(body) {
    const { history } = this;
    const before = history.last;
    history.merge([body]);
    const time = seconds(body.minute);
    if (time > before) this.settle();
    const isNext = time === before || time === before + history.length;
    this.changed(isNext && this.isRead ? history.bodies.get(time) : undefined);
  }

  /** A candle that ends as another begins may have got its last trades untold. */
  settle() {
    const [least, most] = SETTLED;
    this.settling ??= setTimeout(async () => {
      this.settling = null;
      if (!(await this.attempt(() => this.history.catchUp()))) this.catchUp();
    }, least + Math.random() * (most - least));
  }

  gap(row) {
    this.mend(this.ledger.take(row));
    this.changed();
  }

  /** Read the candles of some spans anew, now that what was missing there is on the tape. */
  async mend(spans) {
    this.filled.push(...spans);
    if (this.isMending) return;
    this.isMending = true;
    while (this.filled.length && !this.over) {
      await sleep(TOGETHER);
      const [span, ...rest] = joined(this.filled, PAGE * this.history.length);
      this.filled = rest;
      if (await this.attempt(() => this.history.again(span))) continue;
      this.filled.push(span);
      await sleep(LATE);
    }
    this.isMending = false;
  }

  /** True when something could be read; what was wrong is told. */
  async attempt(reading) {
    let problem = null;
    try {
      await reading();
    } catch (error) {
      if (error instanceof Torn) {
        this.anew();
        return this.attempt(() => this.read());
      }
      problem = why(error);
    }
    if (this.over) return true;
    this.tell(problem);
    if (!problem) this.changed();
    return !problem;
  }
}

function why(error) {
  return error instanceof Refused ? Object.values(error.errors).join(" ") : trouble(error);
}
