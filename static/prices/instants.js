// Instants in microseconds since 1970, as BigInt: a Date holds milliseconds only.

const ISO = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(?:[.,](\d+))?)?(?:(Z)|([+-]\d\d):?(\d\d))?$/i;

// An integer is seconds, milliseconds or microseconds by its size, as the API reads it.
const UNITS = [[10n ** 11n, 1_000_000n], [10n ** 14n, 1_000n]];

/** What the API has understood already; null for the rarer spellings that only it reads. */
export function parse(text) {
  text = text.trim();
  if (/^[+-]?\d+$/.test(text)) {
    const number = BigInt(text);
    const size = number < 0n ? -number : number;
    return number * (UNITS.find(([below]) => size < below)?.[1] ?? 1n);
  }
  const [, date, time = "00:00", seconds = ":00", fraction = "", , hours, minutes] = ISO.exec(text) ?? [];
  const whole = Date.parse(`${date}T${time}${seconds}${hours ? `${hours}:${minutes}` : "Z"}`);
  return Number.isNaN(whole) ? null : BigInt(whole) * 1_000n + BigInt(fraction.slice(0, 6).padEnd(6, "0"));
}

/** Date and time of UTC, with six decimals unless they are zero. */
export function shown(text) {
  const instant = parse(text);
  return instant === null ? text : spelt(instant);
}

/** The same of an instant in microseconds. */
export function spelt(instant) {
  const micros = ((instant % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const whole = new Date(Number((instant - micros) / 1_000n)).toISOString().slice(0, 19).replace("T", " ");
  return micros ? `${whole}.${String(micros).padStart(6, "0")}` : whole;
}

/** An instant as the API writes it where nothing was asked: 2025-07-03T08:30:36.984239Z. */
export function iso(text) {
  const instant = parse(text);
  return instant === null ? null : `${spelt(instant).replace(" ", "T")}Z`;
}

/** The time from one instant to a later one, to the microsecond: 1 d 3 min 0.015761 s. */
export function between(earlier, later) {
  const [from, to] = [parse(earlier), parse(later)];
  if (from === null || to === null) return null;
  const minutes = (to - from) / 60_000_000n;
  const micros = String((to - from) % 60_000_000n).padStart(7, "0");
  const seconds = `${micros.slice(0, -6)}.${micros.slice(-6)}`.replace(/\.?0+$/, "");
  const parts = [[minutes / 1440n, "d"], [(minutes / 60n) % 24n, "h"], [minutes % 60n, "min"]];
  return [...parts.filter(([n]) => n), [seconds, "s"]].map((part) => part.join(" ")).join(" ");
}
