import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { afterEach, beforeEach, test } from "node:test";

import { ask, diagnosis, Refused, trouble } from "../../static/prices/ask.js";

const UNREACHABLE = "The server cannot be reached.";
const OWN_ERROR = "This page has an error; the browser's console shows it.";

let server;
let url;
let answer;
let reported;

beforeEach(async () => {
  reported = [];
  globalThis.reportError = (error) => reported.push(error);
  globalThis.document = { querySelector: () => null };
  server = createServer((request, response) => answer(response));
  await once(server.listen(0, "127.0.0.1"), "listening");
  url = `http://127.0.0.1:${server.address().port}/`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** What is told of a question that fails. */
async function told() {
  const error = await ask(url).then(() => assert.fail("it was answered"), (why) => why);
  return trouble(error);
}

test("a server that is away cannot be reached", async () => {
  server.close();
  await once(server, "close");
  assert.equal(await told(), UNREACHABLE);
  assert.equal(await diagnosis(url), UNREACHABLE);
  assert.deepEqual(reported, []);
});

test("a connection that breaks within an answer counts as the same", async () => {
  answer = (response) => {
    response.writeHead(200, { "Content-Length": 100 });
    response.write("{", () => response.destroy());
  };
  assert.equal(await told(), UNREACHABLE);
  assert.deepEqual(reported, []);
});

test("a server that does not answer in time counts as the same", async (context) => {
  const late = AbortSignal.abort(new DOMException("Too late", "TimeoutError"));
  context.mock.method(AbortSignal, "timeout", () => late);
  assert.equal(await told(), UNREACHABLE);
  assert.deepEqual(reported, []);
});

test("a page of a proxy is told as such", async () => {
  answer = (response) => response.writeHead(403).end("<html>");
  assert.equal(await told(), "The server's response is not JSON (403).");
  assert.deepEqual(reported, []);
});

test("a rejection that is not the API's is told with its status", async () => {
  for (const body of ['{"error": "forbidden"}', "null", '"no"']) {
    answer = (response) => response.writeHead(403).end(body);
    assert.equal(await told(), "The query was rejected (403).");
  }
  assert.deepEqual(reported, []);
});

test("an error of the server is told with its status", async () => {
  answer = (response) => response.writeHead(503).end("<html>");
  assert.equal(await told(), "Server error (503).");
  assert.equal(await diagnosis(url), "The database is unavailable.");
});

test("a refusal keeps its reasons by field", async () => {
  answer = (response) => response.writeHead(400).end('{"timestamp": ["Use %2B02:00."]}');
  const error = await ask(url).catch((why) => why);
  assert.ok(error instanceof Refused);
  assert.deepEqual(error.errors, { timestamp: "Use +02:00." });
});

test("a mistake of the page is not blamed on the server", async () => {
  answer = (response) => response.end("{}");
  const mistake = new TypeError("document.querySelector is broken");
  globalThis.document = { querySelector() { throw mistake; } };
  assert.equal(await told(), OWN_ERROR);
  assert.deepEqual(reported, [mistake]);
});
