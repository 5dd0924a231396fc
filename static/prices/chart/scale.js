// Pixels, places on the time axis, and instants.

import { indexAt } from "./places.js";

/** Round the library's own scale, which knows nothing of what lies between two places. */
export class Scale {
  constructor(scale) {
    this.scale = scale;
    this.put([], 1);
  }

  /** The instants of all places, each so many seconds long. */
  put(places, length) {
    Object.assign(this, { places, length });
  }

  x(index) {
    return this.scale.logicalToCoordinate(index);
  }

  /** Pixels from a place to the next. */
  get width() {
    return this.x(1) - this.x(0);
  }

  /** The pixels from and to which a gap reaches: all places that it touches. Null: it lies elsewhere. */
  spread({ from, to }) {
    const [first, last] = [indexAt(this.places, from), indexAt(this.places, to)];
    if (last < 0 || from >= this.places.at(-1) + this.length) return null;
    const half = this.width / 2;
    const [left, right] = [this.x(Math.max(first, 0)) - half, this.x(last) + half];
    return right < 0 || left > this.scale.width() ? null : { left, right };
  }

  /** The second that a pixel stands for; null beside the places. */
  secondAt(x) {
    const index = this.scale.coordinateToLogical(x);
    const time = this.places[index];
    if (time === undefined) return null;
    const share = Math.min(Math.max((x - this.x(index)) / this.width + 0.5, 0), 1);
    return time + Math.min(Math.floor(share * this.length), this.length - 1);
  }

  /** From which instant to which is in view, and how many places lie before that; null when there are none. */
  get view() {
    const range = this.scale.getVisibleLogicalRange();
    if (!range || !this.places.length) return null;
    const at = (index) => this.places[Math.min(Math.max(Math.round(index), 0), this.places.length - 1)];
    return { from: at(range.from), to: at(range.to) + this.length, before: range.from };
  }

  /** Move an instant into view. */
  reveal(time) {
    const index = indexAt(this.places, time);
    const { from, to } = this.scale.getVisibleLogicalRange();
    const beyond = Math.min(index - 1 - from, 0) + Math.max(index + 1 - to, 0);
    if (beyond) this.scale.setVisibleLogicalRange({ from: from + beyond, to: to + beyond });
  }
}
