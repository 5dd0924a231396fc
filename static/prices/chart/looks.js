// How the chart library is to draw: in the page's colours, without what the page does not want.

import { CrosshairMode } from "../../vendor/lightweight-charts/lightweight-charts.standalone.production.mjs";
import { LONGEST } from "./axis.js";

export function look({ card, ink, quiet, line, numbers }) {
  return {
    autoSize: true,
    layout: {
      // Its logo brings a style element, which the page refuses; the notice stands under the chart instead.
      attributionLogo: false,
      background: { color: card },
      textColor: ink,
      // All digits as wide as each other: else the axis changes its width with the price that is pointed at.
      fontFamily: numbers,
      fontSize: 12,
    },
    grid: { vertLines: { color: line }, horzLines: { color: line } },
    rightPriceScale: { borderColor: line },
    timeScale: {
      borderColor: line,
      timeVisible: true,
      secondsVisible: false,
      rightOffset: 3,
      tickMarkMaxCharacterLength: LONGEST,
    },
    crosshair: {
      mode: CrosshairMode.Normal,
      vertLine: { color: quiet, labelBackgroundColor: ink },
      horzLine: { color: quiet, labelBackgroundColor: ink },
    },
    // A finger that goes up or down scrolls the page.
    handleScroll: { vertTouchDrag: false },
  };
}

/** Rising candles are hollow, falling ones filled: they are told apart without their colours. */
export function seriesLook({ up, down, link }) {
  return {
    upColor: "transparent",
    downColor: down,
    borderUpColor: up,
    borderDownColor: down,
    wickUpColor: up,
    wickDownColor: down,
    // Else it would be as hollow as the candle.
    priceLineColor: link,
  };
}

/** Volume stands in the lower fifth, on a scale of its own. */
export function volumeLook() {
  return { priceScaleId: "volume", priceLineVisible: false, lastValueVisible: false };
}
