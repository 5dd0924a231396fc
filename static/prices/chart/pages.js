// Lists of the API, read page by page, the newest row first.

import { ask } from "../ask.js";

// The most that the API gives at once.
export const PAGE = 1_000;

export function address(api, query) {
  return `${api}?${new URLSearchParams(query)}`;
}

/** A page: its rows, and the address of the one after it. */
export async function page(url) {
  const { next, results } = await ask(url);
  if (!next) return { rows: results, next: null };
  // A proxy may have told the site another name than the one by which the browser knows it.
  const { pathname, search } = new URL(next);
  return { rows: results, next: pathname + search };
}

/** Some pages, one after the other: their rows, and where it would go on. */
export async function pages(url, most) {
  const rows = [];
  let next = url;
  for (let n = 0; next && n < most; n += 1) {
    const read = await page(next);
    rows.push(...read.rows);
    next = read.next;
  }
  return { rows, next };
}
