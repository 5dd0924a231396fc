// The patterns by which bands are told apart without their colours.

// CSS pixels from one line or dot to the next.
const TILE = 8;

const drawn = new Map();

/** Lines for what is missing, dots for what was repaired, sharp at so many pixels for each of CSS. */
export function pattern(context, status, colours, ratio) {
  const colour = status === "open" ? colours["gap-open"] : colours["gap-repaired"];
  const key = `${status} ${colour} ${ratio}`;
  if (!drawn.has(key)) drawn.set(key, context.createPattern(tile(status, colour, TILE * ratio, ratio), "repeat"));
  return drawn.get(key);
}

function tile(status, colour, size, ratio) {
  const canvas = Object.assign(document.createElement("canvas"), { width: size, height: size });
  const context = canvas.getContext("2d");
  context.strokeStyle = context.fillStyle = colour;
  if (status === "open") hatch(context, size, ratio);
  else context.fillRect(0, 0, 2 * ratio, 2 * ratio);
  return canvas;
}

/** A line from corner to corner, and the corners that its neighbours leave out. */
function hatch(context, size, ratio) {
  context.lineWidth = 1.5 * ratio;
  for (const shift of [-size, 0, size]) {
    context.moveTo(shift - 1, size + 1);
    context.lineTo(shift + size + 1, -1);
  }
  context.stroke();
}
