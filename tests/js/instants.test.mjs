import assert from "node:assert/strict";
import { test } from "node:test";

import { between, iso, parse, shown, spelt } from "../../static/prices/instants.js";

const INSTANT = 1_751_531_436_984_239n;

for (const text of [
  "2025-07-03T08:30:36.984239Z",
  "2025-07-03 08:30:36.984239",
  "2025-07-03t08:30:36,984239z",
  "2025-07-03T10:30:36.984239+02:00",
  "2025-07-03T03:00:36.984239-0530",
  " 1751531436984239 ",
]) {
  test(`${text} is read to the microsecond`, () => assert.equal(parse(text), INSTANT));
}

test("an integer is seconds, milliseconds or microseconds by its size", () => {
  assert.equal(parse("1751531436"), 1_751_531_436_000_000n);
  assert.equal(parse("1751531436984"), 1_751_531_436_984_000n);
  assert.equal(parse("-1"), -1_000_000n);
});

test("what is not given is zero", () => {
  assert.equal(parse("2025-07-03"), parse("2025-07-03T00:00:00.000000Z"));
  assert.equal(parse("2025-07-03T08:30"), parse("2025-07-03T08:30:00Z"));
});

test("digits beyond the microsecond are cut off", () => {
  assert.equal(parse("2025-07-03T08:30:36.9842399"), INSTANT);
});

test("other spellings are left to the API", () => {
  for (const text of ["", "yesterday", "20250703T083036", "2025-W27-4", "2025-13-01"]) {
    assert.equal(parse(text), null, text);
    assert.equal(iso(text), null, text);
    assert.equal(shown(text), text, text);
  }
});

test("a fraction is spelt with six digits unless it is zero", () => {
  assert.equal(spelt(INSTANT), "2025-07-03 08:30:36.984239");
  assert.equal(spelt(INSTANT - 984_239n), "2025-07-03 08:30:36");
  assert.equal(iso("2025-07-03 08:30:36.5"), "2025-07-03T08:30:36.500000Z");
});

test("an instant before 1970 is spelt, too", () => {
  assert.equal(spelt(-1n), "1969-12-31 23:59:59.999999");
});

test("a span is told in days, hours, minutes and exact seconds", () => {
  assert.equal(between("0", "1"), "1 s");
  assert.equal(between("2025-07-03T08:30:36", "2025-07-04T08:33:36.015761"), "1 d 3 min 0.015761 s");
  assert.equal(between("0", "7200"), "2 h 0 s");
  assert.equal(between("5", "5"), "0 s");
  assert.equal(between("soon", "5"), null);
});
