// What the script adds to a page that works without it: live prices, the chart, and answers in place.

import { Chart } from "./chart/chart.js";
import { Feed } from "./feed.js";
import { ask, enhance, offer } from "./questions.js";
import { Table } from "./table.js";
import { offerZones } from "./times.js";

offerZones(document.querySelector("[data-zones]"));
document.querySelectorAll("form[data-api]").forEach(enhance);

const section = document.querySelector("[data-events]");
const place = document.querySelector("#chart");

if (place) live();
else firstSymbol();

function live() {
  const chart = new Chart(place, { ask });
  const table = new Table(section, (symbol) => chart.show(symbol));
  const tell = (kind) => (body) => {
    if (!table.knows(body.symbol)) {
      offer(body.symbol);
      chart.offer(body.symbol);
    }
    table.tell(kind, body);
  };
  const told = {
    latest: tell("latest"),
    symbol: tell("symbol"),
    candle: (body) => chart.candle(body),
    gap: (body) => chart.gap(body),
  };
  const feed = new Feed(section.dataset.health, {
    opened() {
      table.live();
      chart.opened();
    },
    told: (kind, body) => told[kind](body),
    lost: () => table.doubt(),
    explained: (words) => table.say(words),
  });
  const listen = () => {
    const wish = new URLSearchParams({ candles: chart.symbol, interval: chart.interval });
    table.mark(chart.symbol);
    feed.open(`${section.dataset.events}?${wish}`);
  };
  place.addEventListener("chosen", listen);
  listen();
}

/** On an empty tape there is nothing to keep: the page comes anew with what it is made of. */
function firstSymbol() {
  const feed = new Feed(section.dataset.health, {
    opened() {},
    told: () => location.reload(),
    lost() {},
    explained() {},
  });
  feed.open(section.dataset.events);
}
