// Runs in the page before its own script: counts what is changed on it, and adds up what was moved about by that.

window.moves = { changes: 0, shift: 0 };

new MutationObserver((changes) => {
  window.moves.changes += changes.length;
}).observe(document, { childList: true, characterData: true, subtree: true });

new PerformanceObserver((list) => {
  for (const { value, hadRecentInput } of list.getEntries()) {
    if (!hadRecentInput) window.moves.shift += value;
  }
}).observe({ type: "layout-shift", buffered: true });
