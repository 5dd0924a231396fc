// The gaps in view as words, for everybody and for screen readers above all.

import { shown } from "../zone.js";
import { WORDS } from "./bands.js";

// So many are told one by one, the newest first.
const TOLD = 20;

export class List {
  constructor(section) {
    this.place = section.querySelector("[data-gaps-in-view]");
    this.told = null;
  }

  /** `cut`: there may be more than these. */
  show(gaps, cut) {
    const drawn = gaps.filter((gap) => gap.status in WORDS).sort((a, b) => b.first - a.first);
    const lines = drawn.slice(0, TOLD).map(line);
    const more = drawn.length - lines.length;
    if (more || cut) lines.push(item(`and ${cut ? "at least " : ""}${more} more`));
    if (!lines.length) lines.push(item("No known gaps."));
    // Scrolling shows mostly the same gaps again: what a screen reader is reading stays.
    const told = lines.map((each) => each.textContent).join("\n");
    if (told === this.told) return;
    this.told = told;
    this.place.replaceChildren(...lines);
  }
}

function line({ status, starts, ends }) {
  const words = item("");
  words.className = status;
  words.append(`${WORDS[status]}: from `, instant(starts), " to ", instant(ends));
  return words;
}

function item(text) {
  return Object.assign(document.createElement("li"), { textContent: text });
}

function instant(text) {
  return Object.assign(document.createElement("time"), { dateTime: text, textContent: shown(text) });
}
