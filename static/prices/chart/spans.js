// Spans of time, in seconds.

/** The same seconds in fewer spans, newest first: neighbours become one unless it would be longer than `longest`. */
export function joined(spans, longest) {
  const found = [];
  for (const span of [...spans].sort((a, b) => b.to - a.to)) {
    const newer = found.at(-1);
    if (newer && (newer.from <= span.to || newer.to - span.from <= longest)) newer.from = Math.min(newer.from, span.from);
    else found.push({ ...span });
  }
  return found;
}
