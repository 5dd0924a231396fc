// The drawing: candles, volume and gaps over a time axis on which each interval has its place.

import {
  CandlestickSeries,
  HistogramSeries,
  createChart,
} from "../../vendor/lightweight-charts/lightweight-charts.standalone.production.mjs";
import { label, mark } from "./axis.js";
import { Bands } from "./bands.js";
import { decimals, priceFormat } from "./digits.js";
import { look, seriesLook, volumeLook } from "./looks.js";
import { places } from "./places.js";
import { Scale } from "./scale.js";
import { theme } from "./theme.js";
import { seconds } from "./times.js";

export class Plot {
  /** `moved(time)`: the crosshair is at a place, or nowhere; `clicked(second)`; `scrolled()`: other places are in view. */
  constructor(place, gaps, { moved, clicked, scrolled }) {
    this.theme = theme();
    this.decimals = -1;
    this.chart = createChart(place, look(this.theme));
    this.scale = new Scale(this.chart.timeScale());
    this.candles = this.chart.addSeries(CandlestickSeries, seriesLook(this.theme));
    this.volume = this.chart.addSeries(HistogramSeries, volumeLook());
    this.candles.priceScale().applyOptions({ scaleMargins: { top: 0.08, bottom: 0.24 } });
    this.volume.priceScale().applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    this.candles.attachPrimitive(new Bands(gaps, (gap) => this.scale.spread(gap), () => this.theme));
    this.zoned();
    this.chart.subscribeCrosshairMove(({ time, sourceEvent }) => {
      // What moves under a crosshair that keys have put on a candle is no business of theirs.
      if (this.pointed !== undefined && !sourceEvent) return;
      this.pointed = undefined;
      moved(time);
    });
    this.chart.subscribeClick(({ point }) => point && clicked(this.scale.secondAt(point.x)));
    this.chart.timeScale().subscribeVisibleLogicalRangeChange(scrolled);
  }

  /** Another symbol or interval is about to be drawn. */
  clear() {
    this.decimals = -1;
    this.unpoint();
    this.chart.timeScale().resetTimeScale();
  }

  draw({ bodies, times, length }) {
    this.bodies = bodies;
    this.scale.put(places(times, length), length);
    this.measure([...bodies.values()]);
    this.candles.setData(this.scale.places.map((time) => bar(time, bodies.get(time))));
    this.volume.setData(times.map((time) => this.share(time, bodies.get(time))));
    this.hold();
  }

  /** Draw the newest candle anew, or the one that follows it. */
  update(body) {
    const time = seconds(body.minute);
    if (time !== this.scale.places.at(-1)) this.scale.places.push(time);
    this.measure([body]);
    this.candles.update(bar(time, body));
    this.volume.update(this.share(time, body));
    this.hold();
  }

  /** Prices have as many decimals as the finest of them. */
  measure(bodies) {
    const most = Math.max(this.decimals, ...bodies.map(decimals));
    if (most === this.decimals) return;
    this.decimals = most;
    this.candles.applyOptions({ priceFormat: priceFormat(most, bodies[0].high) });
  }

  share(time, body) {
    const rises = Number(body.close) >= Number(body.open);
    return { time, value: Number(body.volume), color: `${this.theme[rises ? "up" : "down"]}80` };
  }

  /** The colours of the page have changed. */
  recolour() {
    this.theme = theme();
    this.chart.applyOptions(look(this.theme));
    this.candles.applyOptions(seriesLook(this.theme));
  }

  /** The zone in which times are told has changed. */
  zoned() {
    // New functions: what the old ones said is kept by the library.
    this.chart.applyOptions({
      localization: { timeFormatter: (time) => label(time) },
      timeScale: { tickMarkFormatter: (time, kind) => mark(time, kind) },
    });
  }

  /** Put the crosshair on a candle, where it stays. */
  point(time) {
    this.pointed = time;
    this.scale.reveal(time);
    this.hold();
  }

  hold() {
    if (this.pointed === undefined) return;
    this.chart.setCrosshairPosition(Number(this.bodies.get(this.pointed)?.close), this.pointed, this.candles);
  }

  unpoint() {
    this.pointed = undefined;
    this.chart.clearCrosshairPosition();
  }
}

/** A candle as the library draws it; without a body a place that stays empty. */
function bar(time, body) {
  if (!body) return { time };
  return { time, open: Number(body.open), high: Number(body.high), low: Number(body.low), close: Number(body.close) };
}
