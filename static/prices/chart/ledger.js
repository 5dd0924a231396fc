// The gaps that the chart knows of: read from the API, kept up by events.

import { PAGE, address, pages } from "./pages.js";
import { iso, seconds } from "./times.js";

// Pages that are read at once: of more gaps than that the newest are shown.
const MOST = 5;

const isOpen = (gap) => gap.status === "open";

/** Rows of the gap ledger. No two of them are about the same trade, so one that overlaps another takes its place. */
export class Ledger {
  constructor(api, symbol) {
    this.api = api;
    this.symbol = symbol;
    this.gaps = [];
    /** Not all gaps that were asked for are known. */
    this.cut = false;
  }

  /** Read the gaps that touch a range of seconds; the spans in which something was filled since they were last read. */
  async read(from, to = null) {
    const range = { from: iso(from), ...(to !== null && { to: iso(to) }) };
    const { rows, next } = await pages(address(this.api, { symbol: this.symbol, ...range, limit: PAGE }), MOST);
    this.cut ||= next !== null;
    const known = new Set(this.gaps.map((gap) => gap.key));
    const found = rows.map(read).filter((gap) => !known.has(gap.key));
    return found.flatMap((gap) => this.put(gap));
  }

  /** Take over a row that an event told; the spans in which it was filled. */
  take(row) {
    return this.put(read(row));
  }

  put(gap) {
    const touched = this.gaps.filter((held) => held.first <= gap.last && gap.first <= held.last);
    if (touched.some((held) => isStale(gap, held))) return [];
    this.gaps = this.gaps.filter((held) => !touched.includes(held));
    this.gaps.push(gap);
    if (!isOpen(gap)) return [{ from: gap.from, to: gap.to }];
    return touched.flatMap((held) => [
      ...(held.from < gap.from ? [{ from: held.from, to: gap.from }] : []),
      ...(gap.to < held.to ? [{ from: gap.to, to: held.to }] : []),
    ]);
  }
}

/** What is needed of a row: trade ids and seconds as numbers, the instants as the API gave them. */
function read(row) {
  return {
    key: `${row.first_trade} ${row.last_trade} ${row.status}`,
    first: Number(row.first_trade),
    last: Number(row.last_trade),
    status: row.status,
    from: seconds(row.from),
    to: seconds(row.to),
    starts: row.from,
    ends: row.to,
    opened: row.opened_at,
  };
}

/** An answer that an event has overtaken: a gap that is closed stays so, and one that is open only shrinks. */
function isStale(gap, held) {
  if (!isOpen(gap)) return false;
  if (!isOpen(held)) return true;
  return gap.opened === held.opened && gap.first <= held.first && held.last <= gap.last;
}
