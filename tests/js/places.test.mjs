import assert from "node:assert/strict";
import { test } from "node:test";

import { decimals, priceFormat } from "../../static/prices/chart/digits.js";
import { indexAt, places } from "../../static/prices/chart/places.js";
import { Scale } from "../../static/prices/chart/scale.js";
import { joined } from "../../static/prices/chart/spans.js";
import { iso, minute, seconds, start } from "../../static/prices/chart/times.js";

test("a second, a minute and an interval are found on the axis", () => {
  const second = seconds("2025-07-03T08:30:36.984239Z");
  assert.equal(iso(second), "2025-07-03T08:30:36Z");
  assert.equal(minute(second), "2025-07-03T08:30Z");
  assert.equal(iso(start(second, 14_400)), "2025-07-03T08:00:00Z");
});

test("every interval has a place, traded in or not", () => {
  assert.deepEqual(places([60, 120, 300], 60), [60, 120, 180, 240, 300]);
  assert.deepEqual(places([60], 60), [60]);
  assert.deepEqual(places([], 60), []);
});

test("a hole of years takes up a bounded width, cut in its middle", () => {
  const found = places([0, 60 * 10_000], 60);
  assert.equal(found.length, 2_002);
  assert.deepEqual([found[1], found.at(-2)], [60, 60 * 9_999]);
  assert.ok(found.every((time, n) => n === 0 || time > found[n - 1]));
});

test("the place at or before an instant", () => {
  const found = [60, 120, 180];
  const cases = [[59, -1], [60, 0], [119, 0], [120, 1], [9_999, 2]];
  for (const [time, index] of cases) assert.equal(indexAt(found, time), index, `${time}`);
  assert.equal(indexAt([], 60), -1);
});

test("spans that touch become one, others only up to a length", () => {
  const spans = [{ from: 0, to: 10 }, { from: 10, to: 20 }, { from: 50, to: 60 }, { from: 500, to: 510 }];
  assert.deepEqual(joined(spans, 60), [{ from: 500, to: 510 }, { from: 0, to: 60 }]);
  assert.deepEqual(joined(spans, 0), [{ from: 500, to: 510 }, { from: 50, to: 60 }, { from: 0, to: 20 }]);
  assert.deepEqual(spans[0], { from: 0, to: 10 });
});

test("prices have the decimals of the finest of a candle", () => {
  const body = { open: "2683", high: "2683.25", low: "2680.1", close: "2681" };
  assert.equal(decimals(body), 2);
  assert.deepEqual(priceFormat(2, "2683.25"), { type: "price", precision: 2, minMove: 0.01 });
});

test("the axis shows no digit that a number does not hold", () => {
  assert.equal(priceFormat(8, "12345678901.12345678").precision, 4);
  assert.equal(priceFormat(8, "1234567890123456.5").precision, 0);
});

/** The library's scale with 10 pixels a place, the first at 0, and 4 places in view. */
function library(range = { from: 0, to: 3 }) {
  return {
    range,
    width: () => 40,
    logicalToCoordinate: (index) => index * 10,
    coordinateToLogical: (x) => Math.round(x / 10),
    getVisibleLogicalRange() {
      return this.range;
    },
    setVisibleLogicalRange(wanted) {
      this.range = wanted;
    },
  };
}

function scale(range) {
  const found = new Scale(library(range));
  found.put([0, 60, 120, 180], 60);
  return found;
}

test("a gap spreads over all places that it touches", () => {
  assert.deepEqual(scale().spread({ from: 70, to: 130 }), { left: 5, right: 25 });
  assert.deepEqual(scale().spread({ from: -500, to: 0 }), { left: -5, right: 5 });
});

test("a gap beside the places is not drawn", () => {
  assert.equal(scale().spread({ from: -500, to: -1 }), null);
  assert.equal(scale().spread({ from: 240, to: 300 }), null);
  assert.equal(new Scale(library()).spread({ from: 0, to: 60 }), null);
});

test("a pixel stands for a second of its place", () => {
  assert.equal(scale().secondAt(10), 90);
  assert.equal(scale().secondAt(5), 60);
  assert.equal(scale().secondAt(14.9), 119);
  assert.equal(scale().secondAt(-20), null);
  assert.equal(scale().secondAt(90), null);
});

test("what is in view, and nothing when there is nothing", () => {
  assert.deepEqual(scale({ from: -7, to: 1.2 }).view, { from: 0, to: 120, before: -7 });
  assert.equal(scale(null).view, null);
  assert.equal(new Scale(library()).view, null);
});

test("an instant is moved into view by as little as needed", () => {
  const moved = scale({ from: 0, to: 2 });
  moved.reveal(180);
  assert.deepEqual(moved.scale.range, { from: 2, to: 4 });
  moved.reveal(180);
  assert.deepEqual(moved.scale.range, { from: 2, to: 4 });
  moved.reveal(60);
  assert.deepEqual(moved.scale.range, { from: 0, to: 2 });
});
