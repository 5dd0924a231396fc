// An API for tests: answers the page's requests from pages that a test has put there, and notes what was asked.

export class Api {
  constructor() {
    this.asked = [];
    this.answers = [];
    globalThis.document = { querySelector: () => null };
    globalThis.fetch = async (url) => {
      this.asked.push(url);
      return Response.json(this.answers.shift(), { headers: { Date: "Thu, 03 Jul 2025 08:30:00 GMT" } });
    };
  }

  /** The next answer: rows, newest first, and where the page after them is. */
  put(results, next = null) {
    this.answers.push({ next, results });
  }

  /** The query of the newest request. */
  get query() {
    return Object.fromEntries(new URLSearchParams(this.asked.at(-1).split("?")[1]));
  }
}
