// The figures of one candle, each in the API's own digits.

import { shown } from "../zone.js";
import { iso } from "./times.js";

const FIGURES = ["open", "high", "low", "close", "volume", "trades"];
const NONE = "–";

export class Legend {
  constructor(section) {
    this.instant = section.querySelector("[data-instant]");
    this.figures = FIGURES.map((name) => [name, section.querySelector(`[data-figure=${name}]`)]);
    this.spoken = section.querySelector("[data-spoken]");
  }

  /** A candle, or a place at which nothing was traded as far as is known; nothing at all without a time. */
  show(time, body) {
    this.instant.textContent = time === undefined ? NONE : shown(iso(time));
    if (time === undefined) this.instant.removeAttribute("datetime");
    else this.instant.dateTime = iso(time);
    for (const [name, place] of this.figures) place.textContent = body?.[name] ?? NONE;
  }

  /** For those who move by keys and listen. */
  say(time, body) {
    const figures = FIGURES.map((name) => `${name} ${body[name]}`).join(", ");
    this.spoken.textContent = `${shown(iso(time))}: ${figures}`;
  }
}
