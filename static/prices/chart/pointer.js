// The candle that is looked at: by the mouse, by keys, or the newest.

import { listen } from "./keys.js";
import { Legend } from "./legend.js";
import { indexAt } from "./places.js";

export class Pointer {
  /** `history()` gives the candles, `put(second)` puts the questions. */
  constructor(section, { plot, history, put }) {
    Object.assign(this, { plot, history, legend: new Legend(section) });
    const place = section.querySelector("[data-plot]");
    listen(place, { move: (n) => this.move(n), ask: () => put(this.time), leave: () => this.leave() });
  }

  get time() {
    return this.at ?? this.history().last;
  }

  /** Show the figures, which may have changed. */
  refer() {
    this.legend.show(this.time, this.history().bodies.get(this.time));
  }

  look(time) {
    this.at = time;
    this.refer();
  }

  move(n) {
    const { times, bodies } = this.history();
    // An event may have brought a candle that is not drawn yet.
    if (!times.length || !this.plot.scale.places.length) return;
    const now = this.at === undefined ? times.length : indexAt(times, this.at);
    const time = times[Math.min(Math.max(now + n, 0), times.length - 1)];
    this.plot.point(time);
    this.look(time);
    this.legend.say(time, bodies.get(time));
  }

  leave() {
    this.plot.unpoint();
    this.look(undefined);
  }
}
