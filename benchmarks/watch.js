// Runs in the page before its own script: notes when each price was heard, and when the picture that shows it was ready.

window.watched = [];

const now = () => performance.timeOrigin + performance.now();
let heard = [];
const frames = [];

// A message that is sent as a frame is about to be drawn comes when it has been: styles, layout and paint are done by then.
const { port1: drawing, port2: drawn } = new MessageChannel();

function draw() {
  frames.push(heard);
  heard = [];
  drawing.postMessage(null);
}

drawn.onmessage = () => {
  const ready = now();
  for (const { text, received } of frames.shift()) {
    const { symbol, timestamp } = JSON.parse(text);
    const shown = Date.parse(instantOf(symbol)) >= Date.parse(timestamp);
    window.watched.push({ symbol, timestamp, received, ready, shown });
  }
};

/** When the trade was made whose price stands there. */
const instantOf = (symbol) =>
  document.querySelector(`tr[data-symbol="${symbol}"] [data-time="instant"]`)?.dateTime;

window.EventSource = class extends EventSource {
  constructor(...given) {
    super(...given);
    // Before the page's own: whatever that does counts.
    this.addEventListener("latest", ({ data: text }) => {
      if (!heard.length) requestAnimationFrame(draw);
      heard.push({ text, received: now() });
    });
  }
};
