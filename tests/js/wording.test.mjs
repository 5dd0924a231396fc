import assert from "node:assert/strict";
import { test } from "node:test";

import { answers, changed, delay, newest, state, summary } from "../../static/prices/wording.js";

const coverage = { verdict: "complete", complete_through: "2025-07-03T08:30:36Z", gaps: [] };
const body = { symbol: "BTCUSDT", price: "61928.31", timestamp: "2025-07-03T08:30:35.984239Z", coverage };
const symbol = { symbol: "BTCUSDT", change_24h: "0", ticks_per_second: null, lag: null, open_gaps: "0", down_since: null, live: true };

test("a change rises, falls or is level", () => {
  const cases = { "1.5": "+1.5 %", "-0.25": "−0.25 %", "0": "0 %" };
  for (const [percent, told] of Object.entries(cases)) assert.equal(changed(percent).change, told);
  assert.equal(changed(null).change, "–");
});

test("a delay is told as precisely as it matters", () => {
  const cases = { "0.0123": "12 ms", "0.9994": "999 ms", "0.9996": "1.0 s", "1": "1.0 s", "-0.5": "−500 ms", "-0.0001": "0 ms", "63.26": "63.3 s" };
  for (const [seconds, told] of Object.entries(cases)) assert.equal(delay(seconds), told, seconds);
});

test("the newest price bears its own digits and age", () => {
  const told = answers.latest(body, Date.parse("2025-07-03T08:30:38.1Z"));
  assert.deepEqual([told.price, told.age], ["61928.31", "2 s"]);
  assert.equal(told.copy, "BTCUSDT 61928.31 at 2025-07-03T08:30:35.984239Z (complete)");
  assert.equal(newest(body).price, "61928.31");
});

test("a clock that is behind makes no negative age", () => {
  assert.equal(answers.latest(body, 0).age, "less than 1 s");
});

test("a price at an instant says how much earlier it was", () => {
  const asked = { ...body, timestamp: "2025-07-03T08:30:36", actual_timestamp: body.timestamp };
  assert.equal(answers["price-at-second"](asked).earlier, "0.015761 s");
});

test("nothing traded is said so", () => {
  const nothing = { ...body, price: "N/A", actual_timestamp: null, timestamp: "2025-07-03" };
  const told = answers["price-at-second"](nothing);
  assert.equal(told.nothing, true);
  assert.match(told.copy, /no trade at or before 2025-07-03T00:00:00Z/);
  const minute = answers.minmax({ symbol: "BTCUSDT", minute: "2025-07-03T08:30", high: null, low: null, coverage });
  assert.equal(minute.nothing, true);
});

test("a spelling that only the API reads stays as it is", () => {
  const odd = { symbol: "BTCUSDT", minute: "2025-W27-4", high: "2", low: "1", coverage };
  assert.match(answers.minmax(odd).copy, /high 2 low 1 in the minute from 2025-W27-4/);
});

test("all feeds are told in a sentence or two", () => {
  assert.equal(summary([symbol]).join(""), "All feeds live. No gap is open.");
  const silent = { ...symbol, live: false, open_gaps: "1" };
  assert.match(summary([symbol, silent]).join(""), /BTCUSDT: no data yet\. .* 1 gap is open\.$/);
  assert.match(summary([silent, silent, silent]).join(""), /^3 of 3 feeds are not live\. .* 3 gaps are open\.$/);
});

test("a tape is live, down or unheard", () => {
  assert.equal(state(symbol).rate, "–");
  const down = { ...symbol, live: false, down_since: "2025-07-03T08:30:36Z" };
  const unheard = { ...symbol, live: false };
  const told = (of) => { const { live, down: fell, unheard: none } = state(of); return [live, fell, none]; };
  assert.deepEqual([told(symbol), told(down), told(unheard)], [[true, false, false], [false, true, false], [false, false, true]]);
});
