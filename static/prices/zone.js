// The zone in which times are shown: UTC, or the reader's own by choice, which is remembered.

import { keep, recall } from "./memory.js";
import { parse, spelt } from "./instants.js";

const KEY = "zone";
const MINUTE = 60_000_000n;

const listeners = [];
let local = recall(KEY) === "local";

export const isLocal = () => local;

export function choose(wanted) {
  local = wanted;
  keep(KEY, wanted ? "local" : "utc");
  listeners.forEach((listener) => listener());
}

export function whenChanged(listener) {
  listeners.push(listener);
}

/** Date and time of the chosen zone, with six decimals unless they are zero. */
export function shown(text) {
  const instant = parse(text);
  if (instant === null) return text;
  return spelt(local ? instant + BigInt(offset(instant)) * MINUTE : instant);
}

/** For the API, which takes a time without an offset as UTC: a local one bears its own. Of a minute without its seconds. */
export function written(text, step = 1) {
  const instant = parse(text);
  if (instant === null) return text;
  const whole = shown(text).replace(" ", "T");
  return (step < 60 ? whole : whole.slice(0, 16)) + (local ? hours(offset(instant)) : "");
}

/** The same for a time without an offset that the calendar gave, which was of the chosen zone. */
export function picked(naive) {
  return local ? naive + hours(minutesEast(new Date(naive))) : naive;
}

const offset = (instant) => minutesEast(new Date(Number(instant / 1_000n)));

// Whole minutes, as ISO 8601 has no other: before 1900 clocks went by the sun.
const minutesEast = (date) => -Math.round(date.getTimezoneOffset());

function hours(minutes) {
  const size = Math.abs(minutes);
  const parts = [Math.trunc(size / 60), size % 60].map((n) => String(n).padStart(2, "0"));
  return (minutes < 0 ? "-" : "+") + parts.join(":");
}
