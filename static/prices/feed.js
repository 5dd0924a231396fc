// The stream of events: opened again whenever it is lost, and held only while somebody looks at the page.

import { diagnosis } from "./ask.js";
import { parse } from "./exact.js";

const KINDS = ["latest", "candle", "gap", "symbol", "heartbeat"];

// Milliseconds. A heartbeat comes every 5 s: after three of them the line is dead, whatever the browser thinks.
const SILENCE = 15_000;

// Milliseconds before the first new attempt, and before each of the later ones at most.
const [SOON, LATE] = [1_000, 10_000];

export class Feed {
  /** `opened()`: events come from now on; `told(kind, body)`: one came; `lost()`: none come; `explained(words)`: why. */
  constructor(health, { opened, told, lost, explained }) {
    Object.assign(this, { health, opened, told, lost, explained, pause: SOON });
    // A browser has six connections to a server: hidden tabs must not hold them all.
    document.addEventListener("visibilitychange", () => {
      // What is shown when it is looked at again may be hours old.
      if (document.hidden) this.lost();
      this.connect();
    });
  }

  open(url) {
    this.url = url;
    this.connect();
  }

  connect() {
    this.close();
    if (document.hidden || !this.url) return;
    const source = (this.source = new EventSource(this.url));
    source.onerror = () => this.lose();
    for (const kind of KINDS) source.addEventListener(kind, ({ data }) => this.hear(kind, data));
    this.well = false;
    this.heardAt = performance.now();
    this.watch(SILENCE);
  }

  close() {
    this.source?.close();
    this.source = null;
    clearTimeout(this.timer);
  }

  start() {
    this.pause = SOON;
    this.well = true;
    this.opened();
  }

  hear(kind, text) {
    this.heardAt = performance.now();
    // Not when the stream opens: only from its first event on does the server listen.
    if (!this.well) this.start();
    if (kind !== "heartbeat") this.told(kind, parse(text));
  }

  watch(patience) {
    this.timer = setTimeout(() => {
      const left = this.heardAt + SILENCE - performance.now();
      if (left > 0) this.watch(left);
      else this.lose();
    }, patience);
  }

  async lose() {
    this.close();
    // Not all at once: a server that comes back has enough to do.
    this.timer = setTimeout(() => this.connect(), this.pause * (0.75 + Math.random() / 2));
    this.pause = Math.min(LATE, this.pause * 1.6);
    this.well = false;
    this.lost();
    const words = await diagnosis(this.health);
    if (!this.well) this.explained(words);
  }
}
