// The chart by keyboard: from candle to candle, and the questions about one.

// Candles that are passed over with Shift.
const LEAP = 10;

const STEPS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

/** `move(n)` goes so many candles on, `ask()` asks about the one that was reached, `leave()` about none. */
export function listen(place, { move, ask, leave }) {
  place.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key in STEPS) move(STEPS[event.key] * (event.shiftKey ? LEAP : 1));
    else if (event.key === "Enter") ask();
    else if (event.key === "Escape") leave();
    else return;
    event.preventDefault();
  });
  place.addEventListener("blur", leave);
}
