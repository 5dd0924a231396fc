// Asking the API, and saying in plain words what went wrong.

import { parse } from "./exact.js";

// Milliseconds after which a server that has not answered counts as one that cannot be reached.
const PATIENCE = 10_000;

/** The API's no to a question: why, by the name of the field. */
export class Refused extends Error {
  constructor(body) {
    super("The API rejected the query.");
    // A 404 is about the symbol. What URLs must write as %2B people type as a plus.
    const errors = "detail" in body ? { symbol: [body.detail] } : body;
    this.errors = Object.fromEntries(
      Object.entries(errors).map(([field, why]) => [field, why.join(" ").replaceAll("%2B", "+")]),
    );
  }
}

/** The server did not answer, or not as it should. The message is for people. */
class Failed extends Error {}

/** A response and its whole text. Nothing but the network, or a slow server, can fail here. */
async function get(url) {
  const options = { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(PATIENCE) };
  try {
    const response = await fetch(url, options);
    return { response, text: await response.text() };
  } catch (error) {
    throw new Failed("The server cannot be reached.", { cause: error });
  }
}

/** A body, and the instant `at` which it was answered: by the server's clock, as ours may be wrong. */
export async function answered(url) {
  const { response, text } = await get(url);
  if (response.status >= 500) throw new Failed(`Server error (${response.status}).`);
  const body = read(text, response.status);
  if (!response.ok) throw isRefusal(body) ? new Refused(body) : new Failed(`The query was rejected (${response.status}).`);
  // Another tape is served here since the page was made: a demo must say that it is one, and nothing else may.
  if (response.headers.has("X-Demo") !== Boolean(document.querySelector(".demo"))) location.reload();
  return { body, at: Date.parse(response.headers.get("Date")) };
}

/** A proxy on the way may answer with a page of its own. */
function read(text, status) {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Failed(`The server's response is not JSON (${status}).`, { cause: error });
  }
}

/** Whether a body is the API's no. A proxy writes others. */
const isRefusal = (body) =>
  body instanceof Object && ("detail" in body || Object.values(body).every(Array.isArray));

export const ask = async (url) => (await answered(url)).body;

/** What to tell people about an error. One that nobody expected is the page's own: the console gets it. */
export function trouble(error) {
  if (error instanceof Failed) return error.message;
  reportError(error);
  return "This page has an error; the browser's console shows it.";
}

/** Why no events come: an EventSource does not say. */
export async function diagnosis(health) {
  try {
    const { response } = await get(health);
    return response.ok ? "The server sends no updates." : "The database is unavailable.";
  } catch (error) {
    return trouble(error);
  }
}
