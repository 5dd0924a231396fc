// The state of the tape: a table with a row a symbol, kept as it is now.

import { fill, sentence } from "./fill.js";
import { doubt, newest, state, summary } from "./wording.js";

// A price that changes is lit for so many milliseconds, where the reader does not mind.
const LIT = 500;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Table {
  /** `chosen(symbol)`: somebody wants to see it. */
  constructor(section, chosen) {
    this.section = section;
    this.body = section.querySelector("tbody");
    this.rows = new Map([...this.body.rows].map((row) => [row.dataset.symbol, row]));
    this.states = new Map();
    this.news = new Map();
    this.body.addEventListener("click", ({ target }) => {
      if (target.matches("[data-choose]")) chosen(target.closest("tr").dataset.symbol);
    });
    for (const row of this.rows.values()) enable(row);
    const filter = section.querySelector("[data-filter]");
    filter.addEventListener("input", () => this.sift());
    this.filter = filter;
    this.measure();
  }

  /** What a row says will be shown with the next picture: no screen shows more. */
  tell(kind, body) {
    if (kind === "symbol") this.states.set(body.symbol, body);
    const words = kind === "symbol" ? state(body) : newest(body);
    if (!this.news.size) requestAnimationFrame(() => this.show());
    this.news.set(body.symbol, { ...this.news.get(body.symbol), ...words });
  }

  knows(symbol) {
    return this.rows.has(symbol);
  }

  show() {
    const changed = [];
    for (const [symbol, words] of this.news) {
      const row = this.rows.get(symbol) ?? this.add(symbol);
      const before = words.price && price(row).textContent;
      fill(row, words);
      if (before && before !== words.price) changed.push([price(row), Number(words.price) - Number(before)]);
    }
    this.news.clear();
    this.say(null);
    // After all that is written: to look at the styles in between would lay the page out anew for each row.
    for (const [element, change] of changed) light(element, change);
  }

  /** A symbol that is newer than the page. */
  add(symbol) {
    const row = this.section.querySelector("template").content.firstElementChild.cloneNode(true);
    row.dataset.symbol = symbol;
    fill(row, { symbol });
    const link = row.querySelector("[data-gaps-link]");
    link.href = link.href.replace("symbol=", `symbol=${encodeURIComponent(symbol)}`);
    const after = [...this.rows.keys()].filter((name) => name > symbol).sort()[0];
    this.body.insertBefore(row, this.rows.get(after) ?? null);
    this.rows.set(symbol, row);
    enable(row);
    this.measure();
    return row;
  }

  /** Mark what the chart shows. */
  mark(symbol) {
    for (const [name, row] of this.rows) choose(row).setAttribute("aria-pressed", name === symbol);
  }

  doubt() {
    this.news.clear();
    this.states.clear();
    for (const row of this.rows.values()) fill(row, doubt);
    this.say("No updates.");
    this.section.querySelector("[data-pace]").textContent = "These values are no longer live.";
  }

  live() {
    this.section.querySelector("[data-pace]").textContent = "Updates automatically.";
  }

  /** Trouble, or else how all feeds are, as soon as that is known. */
  say(trouble) {
    const place = this.section.querySelector("[data-summary]");
    if (!trouble && this.states.size < this.rows.size) return;
    place.classList.toggle("trouble", Boolean(trouble));
    const parts = trouble ? [`${trouble} Trying again.`] : summary([...this.states.values()].sort(bySymbol));
    // Screen readers speak what is written here, so it is written only when it is new.
    const told = JSON.stringify(parts);
    if (told !== this.told) place.replaceChildren(...sentence(parts));
    this.told = told;
  }

  measure() {
    const many = this.rows.size > Number(this.section.dataset.few);
    this.section.classList.toggle("many", many);
    this.filter.hidden = !many;
  }

  sift() {
    const wanted = this.filter.value.trim().toUpperCase();
    for (const [symbol, row] of this.rows) row.hidden = !symbol.includes(wanted);
  }
}

const bySymbol = (a, b) => (a.symbol < b.symbol ? -1 : 1);
const choose = (row) => row.querySelector("[data-choose]");
const price = (row) => row.querySelector("[data-text=price]");

function enable(row) {
  choose(row).disabled = false;
}

function light(element, change) {
  if (calm.matches || element.getAnimations().length) return;
  const colour = getComputedStyle(element).getPropertyValue(change < 0 ? "--down" : "--up");
  element.animate([{ backgroundColor: `color-mix(in srgb, ${colour} 28%, transparent)` }, {}], LIT);
}
