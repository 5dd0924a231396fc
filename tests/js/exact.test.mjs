import assert from "node:assert/strict";
import { test } from "node:test";

import { parse } from "../../static/prices/exact.js";

test("numbers keep all their digits", () => {
  const body = parse('{"high":12345678901.12345678,"low":-0.00000001,"trades":9007199254740993}');
  assert.deepEqual(body, { high: "12345678901.12345678", low: "-0.00000001", trades: "9007199254740993" });
});

test("exponents are kept as they are written", () => {
  assert.deepEqual(parse("[1e-8, 2.5E+10]"), ["1e-8", "2.5E+10"]);
});

test("digits within strings and names stay what they are", () => {
  const body = parse('{"1":"a 1.5 b","x":"\\"2\\" \\\\","y":"\\\\\\" 3"}');
  assert.deepEqual(body, { 1: "a 1.5 b", x: '"2" \\', y: '\\" 3' });
});

test("what is no number is parsed as ever", () => {
  assert.deepEqual(parse('[null,true,false,"",[],{}]'), [null, true, false, "", [], {}]);
  assert.throws(() => parse("<html>"), SyntaxError);
});
