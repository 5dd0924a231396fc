// The words of the time axis, in the zone that was chosen.

import { shown } from "../zone.js";
import { iso } from "./times.js";

// The kinds of marks, from the library's own numbering: a mark may begin a year, a month, a day, or be within a day.
const [YEAR, MONTH, DAY] = [0, 1, 2];

/** The longest of these words, in characters: the library keeps so much room. */
export const LONGEST = 11;

export function mark(time, kind) {
  const [date, clock] = shown(iso(time)).split(/[ T]/);
  const hour = clock.slice(0, 5);
  if (kind > DAY) return hour;
  // Days begin at midnight of UTC, which is another hour elsewhere.
  if (hour !== "00:00") return `${date.slice(5)} ${hour}`;
  return { [YEAR]: date.slice(0, 4), [MONTH]: date.slice(0, 7), [DAY]: date.slice(5) }[kind];
}

export const label = (time) => shown(iso(time));
