// Gaps as bands behind the candles: what is missing is hatched, what was repaired is dotted, and both are named.

import { pattern } from "./patterns.js";

export const WORDS = { open: "missing", repaired: "repaired" };

const FONT = "600 11px system-ui, sans-serif";

/** A primitive of the chart library. `gaps()` gives the gaps, `spread(gap)` the pixels from and to which one reaches. */
export class Bands {
  constructor(gaps, spread, theme) {
    Object.assign(this, { gaps, spread, theme });
    this.bands = [];
  }

  attached({ requestUpdate }) {
    this.redraw = requestUpdate;
  }

  updateAllViews() {
    this.bands = Object.keys(WORDS).flatMap((status) => this.merged(status));
  }

  /** The bands of one status from left to right. Those that touch become one: thousands may share a few pixels. */
  merged(status) {
    const found = [];
    const spans = this.gaps()
      .filter((gap) => gap.status === status)
      .map(this.spread)
      .filter(Boolean)
      .sort((a, b) => a.left - b.left);
    for (const { left, right } of spans) {
      const before = found.at(-1);
      if (before && left <= before.right + 1) before.right = Math.max(before.right, right);
      else found.push({ status, left, right });
    }
    return found;
  }

  paneViews() {
    return [
      { zOrder: () => "bottom", renderer: () => ({ draw: (target) => this.shade(target) }) },
      { zOrder: () => "top", renderer: () => ({ draw: (target) => this.name(target) }) },
    ];
  }

  shade(target) {
    target.useBitmapCoordinateSpace(({ context, bitmapSize, horizontalPixelRatio: ratio }) => {
      // What is missing lies over what was repaired.
      for (const { status, left, right } of [...this.bands].reverse()) {
        const [from, to] = [Math.round(left * ratio), Math.round(right * ratio)];
        const area = [from, 0, to - from, bitmapSize.height];
        context.fillStyle = `${this.theme()[`gap-${status === "open" ? "open" : "repaired"}`]}26`;
        context.fillRect(...area);
        context.fillStyle = pattern(context, status, this.theme(), Math.round(ratio) || 1);
        context.fillRect(...area);
      }
    });
  }

  /** Names of bands stand at the top, as far as there is room for them; what is missing comes first. */
  name(target) {
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      const taken = [];
      context.font = FONT;
      context.textBaseline = "top";
      for (const { status, left, right } of this.bands) {
        const width = context.measureText(WORDS[status]).width + 8;
        const begin = Math.min(Math.max((left + right - width) / 2, 0), mediaSize.width - width);
        if (taken.some(([from, to]) => from < begin + width && begin < to)) continue;
        taken.push([begin, begin + width]);
        this.write(context, WORDS[status], begin, width, this.theme());
      }
    });
  }

  write(context, word, begin, width, { card, ink }) {
    context.fillStyle = card;
    context.fillRect(begin, 4, width, 17);
    context.fillStyle = ink;
    context.fillText(word, begin + 4, 7);
  }
}
