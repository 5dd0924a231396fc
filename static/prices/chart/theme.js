// The page's colours and its font of numbers, for what is drawn and not styled.

const NAMES = ["card", "ink", "quiet", "line", "link", "up", "down", "gap-open", "gap-repaired"];

/** By the names of their CSS properties; colours as #rrggbb. */
export function theme() {
  const style = getComputedStyle(document.documentElement);
  const context = document.createElement("canvas").getContext("2d");
  const plain = (name) => {
    context.fillStyle = style.getPropertyValue(`--${name}`).trim();
    return context.fillStyle;
  };
  const numbers = style.getPropertyValue("--numbers").trim();
  return { numbers, ...Object.fromEntries(NAMES.map((name) => [name, plain(name)])) };
}

export function whenChanged(tell) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tell);
}
