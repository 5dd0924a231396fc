// The three questions, answered in place.

import { ask, Refused, trouble } from "./ask.js";
import { shown } from "./instants.js";
import { fill, wording } from "./wording.js";

export function enhance(form) {
  let asked = 0;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const turn = ++asked;
    const said = await put(form);
    // Only the last question counts, whichever answer arrives last.
    if (turn === asked) show(form, said);
  });
  for (const button of form.querySelectorAll("[data-pick]")) offer(button);
}

async function put(form) {
  const query = new URLSearchParams(new FormData(form));
  const name = query.get("question");
  // Reloaded or sent to somebody, the address asks the same again.
  history.replaceState(null, "", `?${query}#${name}`);
  query.delete("question");
  query.set("include", "coverage");
  const api = `${form.dataset.api}?${query}`;
  try {
    return { api, answer: wording[name](await ask(api)) };
  } catch (error) {
    return { errors: error instanceof Refused ? error.errors : { server: trouble(error) } };
  }
}

function show(form, { api, answer, errors = {} }) {
  for (const place of form.querySelectorAll("[data-error]")) {
    const field = place.dataset.error;
    place.textContent = errors[field] ?? "";
    place.hidden = !(field in errors);
    form.elements[field]?.setAttribute("aria-invalid", field in errors);
  }
  const place = form.parentElement.querySelector("[data-answer]");
  place.hidden = !answer;
  if (!answer) return;
  fill(place, answer);
  place.querySelector("[data-api-link]").href = api;
}

/** The browser's own calendar and clock, for those who would rather not type. */
function offer(button) {
  const picker = button.nextElementSibling;
  const typed = button.previousElementSibling;
  button.hidden = picker.hidden = false;
  button.addEventListener("click", () => {
    picker.value = shown(typed.value).slice(0, 19).replace(" ", "T");
    picker.showPicker();
  });
  picker.addEventListener("input", () => {
    typed.value = picker.value;
  });
}
