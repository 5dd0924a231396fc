// Answers of the API in the words of the page, as prices/page/wording.py says them where there is no script.

import { between, iso } from "./instants.js";

const NOT_AVAILABLE = "N/A";

// So many feeds that are not live are told one by one.
const NAMED = 2;

const NO_ANSWER = { price: null, high: null, low: null, nothing: false, asked: null, instant: null, earlier: null, age: null, minute: null };

/** The three questions by name: what is said to the body of an answer that came `at` an instant of the server's clock. */
export const answers = {
  latest: (body, at) => ({
    ...NO_ANSWER,
    ...tick(body),
    age: ago(body.timestamp, at),
    copy: copied(body, `${body.price} at ${utc(body.timestamp)}`),
  }),

  "price-at-second": (body) => {
    const { price, timestamp, actual_timestamp: traded } = body;
    const asked = { ...NO_ANSWER, asked: timestamp, ...proof(body) };
    if (price === NOT_AVAILABLE) {
      return { ...asked, nothing: true, copy: copied(body, `no trade at or before ${utc(timestamp)}`) };
    }
    const earlier = between(traded, timestamp);
    return { ...asked, price, instant: traded, earlier, copy: copied(body, `${price} at ${utc(traded)}`) };
  },

  minmax: (body) => {
    const { high, low, minute } = body;
    const traded = high === null ? "no trade" : `high ${high} low ${low}`;
    const copy = copied(body, `${traded} in the minute from ${utc(minute)}`);
    return { ...NO_ANSWER, ...proof(body), minute, nothing: high === null, high, low, copy };
  },
};

/** An answer in one line, to be taken elsewhere. */
const copied = ({ symbol, coverage }, found) => `${symbol} ${found} (${coverage.verdict})`;

// The few spellings that only the API reads stay as they are.
const utc = (text) => iso(text) ?? text;

function ago(traded, at) {
  const seconds = Math.max(0, Math.floor((at - Date.parse(traded)) / 1_000));
  return seconds ? between("0", String(seconds)) : "less than 1 s";
}

function proof({ symbol, coverage }) {
  return {
    symbol,
    ...judged(coverage.verdict),
    through: coverage.complete_through,
    gaps: coverage.gaps.map((gap) => [`${gap.status}: from `, { at: gap.from }, " to ", { at: gap.to }]),
  };
}

const judged = (verdict) =>
  Object.fromEntries(["complete", "incomplete", "unknown"].map((name) => [name, name === verdict]));

const tick = (body) => ({ price: body.price, instant: body.timestamp, ...proof(body) });

/** The newest tick in the table. */
export const newest = (body) => ({ ...tick(body), waiting: false });

/** The state of a symbol's tape in the table. */
export const state = (symbol) => ({
  ...changed(symbol.change_24h),
  rate: symbol.ticks_per_second ?? NONE,
  lag: symbol.lag === null ? NONE : delay(symbol.lag),
  open: symbol.open_gaps,
  since: symbol.down_since,
  live: symbol.live,
  down: !symbol.live && symbol.down_since !== null,
  unheard: !symbol.live && symbol.down_since === null,
  unasked: false,
});

/** Without the server nothing is known about a price, whatever was said last. */
export const doubt = { live: false, down: false, unheard: false, unasked: true, ...judged("unknown") };

const NONE = "–";

export function changed(percent) {
  const [fell, level] = [percent?.startsWith("-"), percent === null || percent === "0"];
  const change = percent === null ? NONE : `${fell ? "−" : level ? "" : "+"}${percent.replace("-", "")} %`;
  return { change, rose: !fell && !level, fell: Boolean(fell), level };
}

// Seconds. From here on milliseconds would round up to 1000.
const NEARLY_ONE = 0.9995;

/** Milliseconds below a second. */
export function delay(seconds) {
  const number = Number(seconds);
  const words = Math.abs(number) < NEARLY_ONE ? `${(number * 1_000).toFixed(0)} ms` : `${number.toFixed(1)} s`;
  return words.replace(/^-0 /, "0 ").replace("-", "−");
}

/** One sentence or a few on all feeds. */
export function summary(symbols) {
  const silent = symbols.filter(({ live }) => !live);
  const open = symbols.reduce((sum, symbol) => sum + Number(symbol.open_gaps), 0);
  return [...feeds(silent, symbols.length), open ? `${open} ${open > 1 ? "gaps are" : "gap is"} open.` : "No gap is open."];
}

function feeds(silent, all) {
  if (!silent.length) return ["All feeds live. "];
  const told = silent.length > NAMED ? [`${silent.length} of ${all} feeds are not live. `] : silent.flatMap(silence);
  return [...told, "Newer trades are not on the tape yet. "];
}

const silence = ({ symbol, down_since: since }) =>
  since === null ? [`${symbol}: no data yet. `] : [`${symbol}: the feed has been down since `, { at: since, cut: true }, ". "];
