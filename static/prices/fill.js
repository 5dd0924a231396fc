// Words put where a template has places for them.

import { timeElement, write } from "./times.js";

const PUT = {
  text: (element, value) => say(element, value ?? ""),
  time: (element, value) => value && write(element, value),
  show: (element, value) => {
    element.hidden = Array.isArray(value) ? !value.length : !value;
  },
  list: (element, lines) => element.replaceChildren(...lines.map(item)),
};

const known = new WeakMap();

/** What is not among the values stays as it is. */
export function fill(place, values) {
  const places = slots(place);
  for (const [name, value] of Object.entries(values)) {
    for (const put of places.get(name) ?? []) put(value);
  }
}

/** Looked for once: a table row is filled many times a second. */
function slots(place) {
  let found = known.get(place);
  if (!found) known.set(place, (found = collect(place)));
  return found;
}

function collect(place) {
  const found = new Map();
  for (const [kind, put] of Object.entries(PUT)) {
    for (const element of place.querySelectorAll(`[data-${kind}]`)) {
      const name = element.dataset[kind];
      found.set(name, [...(found.get(name) ?? []), (value) => put(element, value)]);
    }
  }
  return found;
}

/** Written only when it is new: screen readers speak what is written to a live region. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** A sentence of words and of instants, `{ at, cut }`. */
export function sentence(parts) {
  return parts.map((part) => (typeof part === "string" ? part : timeElement(part.at, part.cut)));
}

function item(parts) {
  const line = document.createElement("li");
  line.append(...sentence(parts));
  return line;
}
