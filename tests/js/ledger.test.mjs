import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Ledger } from "../../static/prices/chart/ledger.js";
import { iso } from "../../static/prices/chart/times.js";
import { Api } from "./api.mjs";

const T0 = Date.UTC(2025, 6, 3, 8) / 1_000;

let api;
let ledger;

beforeEach(() => {
  api = new Api();
  ledger = new Ledger("/api/gaps/", "BTCUSDT");
});

/** A row of the API. Trade ids are seconds here: a trade a second. */
const row = (first, last, status = "open", opened = "2025-07-03T09:00:00Z") => ({
  first_trade: String(first),
  last_trade: String(last),
  status,
  from: iso(T0 + first),
  to: iso(T0 + last),
  opened_at: opened,
});

const held = () => ledger.gaps.map(({ first, last, status }) => [first, last, status]).sort((a, b) => a[0] - b[0]);
const span = (from, to) => ({ from: T0 + from, to: T0 + to });

test("the gaps of a range are read, and nothing was filled by that", async () => {
  api.put([row(50, 60), row(10, 20, "repaired")]);
  assert.deepEqual(await ledger.read(T0, T0 + 100), [span(10, 20)]);
  assert.deepEqual(held(), [[10, 20, "repaired"], [50, 60, "open"]]);
  assert.deepEqual([api.query.from, api.query.to], [iso(T0), iso(T0 + 100)]);
});

test("what is known already is not told again", async () => {
  api.put([row(10, 20, "repaired")]);
  await ledger.read(T0);
  api.put([row(10, 20, "repaired")]);
  assert.deepEqual(await ledger.read(T0), []);
  assert.equal("to" in api.query, false);
});

test("a gap that shrinks tells what was filled at either end", () => {
  ledger.take(row(10, 40));
  assert.deepEqual(ledger.take(row(20, 30)), [span(10, 20), span(30, 40)]);
  assert.deepEqual(held(), [[20, 30, "open"]]);
});

test("a gap that closes was filled as a whole", () => {
  ledger.take(row(10, 40));
  assert.deepEqual(ledger.take(row(10, 40, "repaired")), [span(10, 40)]);
  assert.deepEqual(held(), [[10, 40, "repaired"]]);
});

test("a closed gap does not open by an answer that was on its way", () => {
  ledger.take(row(10, 40, "repaired"));
  assert.deepEqual(ledger.take(row(10, 40)), []);
  assert.deepEqual(held(), [[10, 40, "repaired"]]);
});

test("an open gap does not grow by an answer that was on its way", () => {
  ledger.take(row(20, 30));
  assert.deepEqual(ledger.take(row(10, 40)), []);
  assert.deepEqual(held(), [[20, 30, "open"]]);
});

test("a gap that was opened later may be larger", () => {
  ledger.take(row(20, 30));
  ledger.take(row(10, 40, "open", "2025-07-03T09:30:00Z"));
  assert.deepEqual(held(), [[10, 40, "open"]]);
});

test("gaps of other trades stay as they are", () => {
  ledger.take(row(10, 20));
  ledger.take(row(21, 30, "void"));
  assert.deepEqual(held(), [[10, 20, "open"], [21, 30, "void"]]);
});

test("it is known that not all gaps are known", async () => {
  for (let n = 0; n < 5; n += 1) api.put([row(10 * n, 10 * n + 1)], "http://elsewhere/api/gaps/?cursor=a");
  await ledger.read(T0);
  assert.equal(ledger.cut, true);
  api.put([]);
  await ledger.read(T0);
  assert.equal(ledger.cut, true);
});
