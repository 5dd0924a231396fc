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

/** The server answered, but not as it should. */
class Failed extends Error {}

const get = (url) =>
  fetch(url, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(PATIENCE) });

/** A body, and the instant `at` which it was answered: by the server's clock, as ours may be wrong. */
export async function answered(url) {
  const response = await get(url);
  if (response.status >= 500) throw new Failed(`Server error (${response.status}).`);
  const body = parse(await response.text());
  if (!response.ok) throw new Refused(body);
  // Another tape is served here since the page was made: a demo must say that it is one, and nothing else may.
  if (response.headers.has("X-Demo") !== Boolean(document.querySelector(".demo"))) location.reload();
  return { body, at: Date.parse(response.headers.get("Date")) };
}

export const ask = async (url) => (await answered(url)).body;

export function trouble(error) {
  return error instanceof Failed ? error.message : "The server cannot be reached.";
}

/** Why no events come: an EventSource does not say. */
export async function diagnosis(health) {
  try {
    const response = await get(health);
    return response.ok ? "The server sends no updates." : "The database is unavailable.";
  } catch (error) {
    return trouble(error);
  }
}
