import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { History, MOST, Torn } from "../../static/prices/chart/history.js";
import { PAGE } from "../../static/prices/chart/pages.js";
import { iso } from "../../static/prices/chart/times.js";
import { steady } from "../../static/prices/chart/words.js";
import { Api } from "./api.mjs";

const T0 = Date.UTC(2025, 6, 3, 8) / 1_000;

let api;
let history;

beforeEach(() => {
  api = new Api();
  history = new History("/api/candles/", "BTCUSDT", "1m");
});

const candle = (n, trades = 1) => ({ minute: iso(T0 + 60 * n), trades });
const candles = (...numbers) => numbers.map((n) => candle(n));
const held = () => history.times.map((time) => (time - T0) / 60);

test("at first the newest page is read", async () => {
  api.put(candles(3, 2, 1), "http://elsewhere/api/candles/?cursor=a");
  await history.catchUp();
  assert.deepEqual(held(), [1, 2, 3]);
  assert.equal(history.further, "/api/candles/?cursor=a");
  assert.deepEqual(api.query, { symbol: "BTCUSDT", interval: "1m", limit: "500" });
});

test("an empty tape holds nothing and is asked for again", async () => {
  api.put([]);
  await history.catchUp();
  api.put(candles(1));
  await history.catchUp();
  assert.deepEqual(held(), [1]);
  assert.equal("from" in api.query, false);
});

test("catching up begins with the candle before the newest", async () => {
  api.put(candles(3, 2, 1));
  await history.catchUp();
  api.put(candles(5, 4, 3, 2));
  await history.catchUp();
  assert.equal(api.query.from, iso(T0 + 120));
  assert.deepEqual(held(), [1, 2, 3, 4, 5]);
  assert.equal(history.through, T0 + 300);
});

test("an event's candle does not hide those before it", async () => {
  api.put(candles(3, 2));
  await history.catchUp();
  history.merge(candles(7));
  api.put(candles(7, 6, 5, 4, 3, 2));
  await history.catchUp();
  assert.equal(api.query.from, iso(T0 + 120));
  assert.deepEqual(held(), [2, 3, 4, 5, 6, 7]);
});

test("another tape is torn from what is held", async () => {
  api.put(candles(3, 2));
  await history.catchUp();
  api.put(candles(9, 8));
  await assert.rejects(history.catchUp(), Torn);
});

test("what is too long ago is torn, too", async () => {
  api.put(candles(3, 2));
  await history.catchUp();
  for (let n = 0; n < 5; n += 1) api.put(candles(9), "http://elsewhere/api/candles/?cursor=b");
  await assert.rejects(history.catchUp(), Torn);
});

test("earlier candles go before the oldest", async () => {
  api.put(candles(3, 2), "http://elsewhere/api/candles/?cursor=a");
  await history.catchUp();
  api.put(candles(1, 0));
  await history.older();
  assert.equal(api.asked.at(-1), "/api/candles/?cursor=a");
  assert.deepEqual(held(), [0, 1, 2, 3]);
  assert.equal(history.further, null);
});

test("an answer that an event has overtaken loses no trade", () => {
  history.merge([candle(1, 10)]);
  history.merge([candle(1, 9)]);
  assert.equal(history.bodies.get(T0 + 60).trades, 10);
  history.merge([candle(1, 11)]);
  assert.equal(history.bodies.get(T0 + 60).trades, 11);
});

test("only what is held is read again", async () => {
  api.put(candles(3, 2));
  await history.catchUp();
  await history.again({ from: T0 - 600, to: T0 + 60 });
  assert.equal(api.asked.length, 1);
  api.put([candle(2, 5)]);
  await history.again({ from: T0 - 600, to: T0 + 130 });
  assert.deepEqual([api.query.from, api.query.to], [iso(T0 + 120), iso(T0 + 131)]);
  assert.equal(history.bodies.get(T0 + 120).trades, "5");
});

test("a page that stays open does not grow for ever", () => {
  history.further = "/api/candles/?cursor=a";
  const all = Array.from({ length: MOST + PAGE + 1 }, (_, n) => n);
  history.merge(candles(...all));
  assert.equal(history.times.length, MOST);
  assert.equal(history.bodies.size, MOST);
  assert.equal(history.last, T0 + 60 * all.at(-1));
  assert.equal(history.further, null);
});

test("the chart says how far it goes back", () => {
  const told = (isRead = true) => steady({ isRead, symbol: "BTCUSDT", history });
  assert.equal(told(false), "Loading candles…");
  assert.match(told(), /^No trade of BTCUSDT/);
  history.merge(candles(1));
  assert.match(told(), /begins with the first candle/);
  history.further = "/api/candles/?cursor=a";
  assert.match(told(), /^Scroll back/);
});
