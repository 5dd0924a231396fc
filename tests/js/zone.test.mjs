import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

// Half an hour beside the full ones, and a summer time: set before the first Date.
process.env.TZ = "Australia/Adelaide";

const zone = await import("../../static/prices/zone.js");
const { LONGEST, label, mark } = await import("../../static/prices/chart/axis.js");

afterEach(() => zone.choose(false));

test("times are UTC until another zone is chosen", () => {
  assert.equal(zone.isLocal(), false);
  assert.equal(zone.shown("2025-07-03T08:30:36.5Z"), "2025-07-03 08:30:36.500000");
  assert.equal(zone.written("2025-07-03T08:30:36Z"), "2025-07-03T08:30:36");
  assert.equal(zone.picked("2025-07-03T08:30"), "2025-07-03T08:30");
});

test("a local time is shown with the offset of its own day", () => {
  zone.choose(true);
  assert.equal(zone.shown("2025-07-03T08:30:36Z"), "2025-07-03 18:00:36");
  assert.equal(zone.shown("2025-01-03T08:30:36Z"), "2025-01-03 19:00:36");
});

test("a local time bears its offset where the API reads it", () => {
  zone.choose(true);
  assert.equal(zone.written("2025-07-03T08:30:36Z"), "2025-07-03T18:00:36+09:30");
  assert.equal(zone.written("2025-01-03T08:30:00Z", 60), "2025-01-03T19:00+10:30");
  assert.equal(zone.picked("2025-07-03T18:00"), "2025-07-03T18:00+09:30");
});

test("what cannot be read is shown as it is", () => {
  zone.choose(true);
  assert.equal(zone.shown("yesterday"), "yesterday");
  assert.equal(zone.written("yesterday"), "yesterday");
});

test("who asked is told of a change", () => {
  let told = 0;
  zone.whenChanged(() => (told += 1));
  zone.choose(true);
  assert.equal(told, 1);
});

test("a mark on the axis says what begins there", () => {
  const [year, month, day, minute] = [0, 1, 2, 3];
  const midnight = Date.UTC(2025, 6, 1) / 1_000;
  assert.equal(mark(midnight, year), "2025");
  assert.equal(mark(midnight, month), "2025-07");
  assert.equal(mark(midnight, day), "07-01");
  assert.equal(mark(midnight + 60, minute), "00:01");
  assert.equal(label(midnight), "2025-07-01 00:00:00");
});

test("a day of UTC that begins within a local one bears its hour", () => {
  zone.choose(true);
  const told = mark(Date.UTC(2025, 6, 1) / 1_000, 2);
  assert.equal(told, "07-01 09:30");
  assert.equal(told.length, LONGEST);
});
