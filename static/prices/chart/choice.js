// Which symbol the chart shows, and at which interval.

import { keep, recall } from "../memory.js";

const [SYMBOL, INTERVAL] = ["chart-symbol", "chart-interval"];

export class Choice {
  constructor(section, tell) {
    this.select = section.querySelector("select");
    this.radios = [...section.querySelectorAll("[type=radio]")];
    this.tell = tell;
    this.remember();
    section.addEventListener("change", (event) => {
      if (event.target === this.select || this.radios.includes(event.target)) this.choose();
    });
  }

  get symbol() {
    return this.select.value;
  }

  get interval() {
    return this.radios.find((radio) => radio.checked).value;
  }

  show(symbol) {
    if (symbol === this.symbol) return;
    this.offer(symbol);
    this.select.value = symbol;
    this.choose();
  }

  offer(symbol) {
    if (!this.knows(symbol)) this.select.add(new Option(symbol));
  }

  knows(symbol) {
    return [...this.select.options].some((option) => option.value === symbol);
  }

  choose() {
    keep(SYMBOL, this.symbol);
    keep(INTERVAL, this.interval);
    this.tell();
  }

  remember() {
    const symbol = recall(SYMBOL);
    if (this.knows(symbol)) this.select.value = symbol;
    const radio = this.radios.find(({ value }) => value === recall(INTERVAL));
    if (radio) radio.checked = true;
  }
}
