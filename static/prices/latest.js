// The latest prices, kept fresh while somebody looks at the page.

import { ask, trouble } from "./ask.js";
import { fill, wording } from "./wording.js";

// Milliseconds between an answer and the next question.
const BEAT = 1_000;

const pause = () => new Promise((resume) => setTimeout(resume, BEAT));

/** Until the page can be seen: nobody is served by prices in a hidden tab. */
function visible() {
  return new Promise((resume) => {
    if (!document.hidden) resume();
    else document.addEventListener("visibilitychange", resume, { once: true });
  });
}

/** What the server says, again and again: the newest answers, or what is the trouble. */
async function* heard(url) {
  for (;;) {
    await visible();
    let said;
    try {
      said = { bodies: await ask(url) };
    } catch (error) {
      said = { trouble: trouble(error) };
    }
    yield said;
    await pause();
  }
}

export async function follow(section) {
  for await (const said of heard(`${section.dataset.latest}?include=coverage`)) {
    for (const body of said.bodies ?? []) {
      const row = section.querySelector(`[data-symbol="${CSS.escape(body.symbol)}"]`);
      // A symbol that is new since the page was made: the server knows how to show it.
      if (!row) return location.reload();
      fill(row, wording.latest(body));
    }
    if (said.trouble) doubt(section);
    tell(section.querySelector("[data-refresh]"), said.trouble);
  }
}

/** Without the server nobody vouches for a price, whatever was said last. */
function doubt(section) {
  for (const element of section.querySelectorAll("[data-show=complete], [data-show=unknown]")) {
    element.hidden = element.dataset.show === "complete";
  }
}

function tell(status, problem) {
  const words = problem ? `${problem} Trying again.` : "Refreshed every second.";
  // Screen readers speak what is written here, so it is written only when it is new.
  if (status.textContent !== words) status.textContent = words;
  status.classList.toggle("trouble", Boolean(problem));
}
