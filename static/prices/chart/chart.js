// The chart of the page: candles of a symbol, whether they are whole, and questions by a click.

import { whenChanged as whenZoneChanged } from "../zone.js";
import { Choice } from "./choice.js";
import { List } from "./list.js";
import { Plot } from "./plot.js";
import { Pointer } from "./pointer.js";
import { Tape } from "./tape.js";
import { whenChanged as whenColoursChanged } from "./theme.js";
import { iso, minute } from "./times.js";
import { steady } from "./words.js";

// With so few places left to scroll back to, the page before them is read.
const EDGE = 50;

export class Chart {
  /** `ask({ symbol, instant, minute })` puts the questions about an instant and about its minute. */
  constructor(section, { ask }) {
    Object.assign(this, { section, ask });
    // Where a console, or a test, finds what is drawn.
    section.chart = this;
    this.status = section.querySelector("[data-status]");
    this.list = new List(section);
    this.choice = new Choice(section, () => this.chosen());
    this.plot = new Plot(section.querySelector("[data-plot]"), () => this.tape.ledger.gaps, {
      moved: (time) => this.pointer.look(time),
      clicked: (second) => this.put(second),
      scrolled: () => this.scrolled(),
    });
    this.pointer = new Pointer(section, {
      plot: this.plot,
      history: () => this.history,
      put: (second) => this.put(second),
    });
    whenColoursChanged(() => this.recolour());
    whenZoneChanged(() => this.rezone());
    this.begin();
  }

  get symbol() {
    return this.choice.symbol;
  }

  get interval() {
    return this.choice.interval;
  }

  get history() {
    return this.tape.history;
  }

  /** A symbol that is newer than the page can be chosen, too. */
  offer(symbol) {
    this.choice.offer(symbol);
  }

  show(symbol) {
    this.choice.show(symbol);
  }

  opened() {
    this.tape.catchUp();
  }

  candle(body) {
    if (body.symbol === this.symbol) this.tape.candle(body);
  }

  gap(body) {
    if (body.symbol === this.symbol) this.tape.gap(body);
  }

  chosen() {
    this.begin();
    this.section.dispatchEvent(new CustomEvent("chosen"));
  }

  /** Forget what was drawn; events of the new choice will come, and then it is read. */
  begin() {
    this.tape?.end();
    this.tape = new Tape(this.section.dataset, this.symbol, this.interval, {
      changed: (body) => this.changed(body),
      tell: (problem) => this.tell(problem),
    });
    this.plot.clear();
    this.pointer.at = undefined;
    this.problem = null;
    this.draw();
  }

  tell(problem) {
    this.problem = problem;
    if (problem) this.say();
  }

  say() {
    const { problem } = this;
    const words = problem ? `${problem} Trying again.` : steady(this.tape);
    // Screen readers speak what is written here, so it is written only when it is new.
    if (this.status.textContent !== words) this.status.textContent = words;
    this.status.classList.toggle("trouble", Boolean(problem));
    this.section.dataset.state = problem ? "trouble" : this.tape.isRead ? "ready" : "loading";
  }

  /** The newest candle is drawn at once, all of them once a frame. */
  changed(body) {
    if (!this.tape.isRead) return;
    if (body && !this.frame) {
      this.plot.update(body);
      this.pointer.refer();
    } else {
      this.frame ??= requestAnimationFrame(() => this.draw());
    }
  }

  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = null;
    this.plot.draw(this.history);
    this.pointer.refer();
    this.survey();
    this.say();
  }

  put(second) {
    if (second == null) return;
    this.ask({ symbol: this.symbol, instant: iso(second), minute: minute(second) });
  }

  scrolled() {
    this.surveying ??= requestAnimationFrame(() => {
      this.surveying = null;
      this.survey();
      if (this.plot.scale.view?.before < EDGE) this.tape.older();
    });
  }

  /** The gaps among what is in view. */
  survey() {
    const { gaps, cut } = this.tape.ledger;
    const { from, to } = this.plot.scale.view ?? { from: Infinity, to: -Infinity };
    this.list.show(gaps.filter((gap) => gap.from < to && from <= gap.to), cut);
  }

  recolour() {
    this.plot.recolour();
    this.draw();
  }

  rezone() {
    this.plot.zoned();
    this.pointer.refer();
    this.survey();
  }
}
