// Answers of the API in the words of the page, as prices/wording.py says them where there is no script.

import { between, shown } from "./instants.js";

const NOT_AVAILABLE = "N/A";

export const wording = {
  latest: (body) => ({ price: body.price, instant: shown(body.timestamp), ...proof(body) }),

  "price-at-second": (body) => {
    const asked = { asked: shown(body.timestamp), ...proof(body) };
    if (body.price === NOT_AVAILABLE) return { nothing: true, ...asked };
    const traded = body.actual_timestamp;
    return { price: body.price, instant: shown(traded), lag: between(traded, body.timestamp), ...asked };
  },

  minmax: (body) => {
    const asked = { minute: shown(body.minute), ...proof(body) };
    return body.high === null ? { nothing: true, ...asked } : { high: body.high, low: body.low, ...asked };
  },
};

function proof({ coverage }) {
  return {
    verdict: coverage.verdict,
    through: coverage.complete_through && shown(coverage.complete_through),
    gaps: coverage.gaps.map((gap) => `${gap.status}: from ${shown(gap.from)} to ${shown(gap.to)} UTC`),
  };
}

/** Put an answer where the template has a place for it; places without a value are hidden. */
export function fill(place, answer) {
  const values = { ...answer, [answer.verdict]: true };
  for (const element of place.querySelectorAll("[data-text]")) {
    element.textContent = values[element.dataset.text] ?? "";
  }
  for (const element of place.querySelectorAll("[data-show]")) {
    const value = values[element.dataset.show];
    element.hidden = Array.isArray(value) ? !value.length : !value;
  }
  for (const list of place.querySelectorAll("[data-list]")) {
    list.replaceChildren(...values[list.dataset.list].map(line));
  }
}

function line(text) {
  const item = document.createElement("li");
  item.textContent = text;
  return item;
}
