// The three questions, answered in place.

import { answered, Refused, trouble } from "./ask.js";
import { fill, say } from "./fill.js";
import { answers } from "./wording.js";
import { isLocal, picked, shown, whenChanged, written } from "./zone.js";

// Milliseconds for which "Copied" is told.
const TOLD = 2_000;

const forms = new Map();

/** A click on the chart: the price at an instant, and the high and the low of a minute. */
export function ask({ symbol, instant, minute }) {
  for (const [name, text] of [["price-at-second", instant], ["minmax", minute]]) {
    const form = forms.get(name);
    offer(symbol);
    form.elements.symbol.value = symbol;
    type(form.elements.timestamp, text);
    form.requestSubmit();
  }
}

/** A symbol that is newer than the page. */
export function offer(symbol) {
  for (const { elements } of forms.values()) {
    const options = [...elements.symbol.options].map(({ value }) => value);
    if (options.includes(symbol)) continue;
    const after = options.findIndex((option) => option > symbol);
    elements.symbol.add(new Option(symbol), after < 0 ? null : after);
  }
}

export function enhance(form) {
  forms.set(form.elements.question.value, form);
  let asked = 0;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const turn = ++asked;
    const said = await put(form);
    // Only the last question counts, whichever answer arrives last.
    if (turn === asked) show(form, said);
  });
  for (const button of form.querySelectorAll("[data-pick]")) offerCalendar(button);
  for (const button of form.parentElement.querySelectorAll("[data-copy]")) offerCopy(button);
  if (form.elements.timestamp) followZone(form.elements.timestamp);
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
    const { body, at } = await answered(api);
    return { api, answer: answers[name](body, at) };
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
  const section = form.parentElement;
  for (const place of section.querySelectorAll("[data-answer], [data-more]")) place.hidden = !answer;
  if (!answer) return;
  fill(section.querySelector("[data-answer]"), answer);
  section.querySelector("[data-api-link]").href = api;
  section.querySelector("[data-copy]").dataset.copy = answer.copy;
}

/** The browser's own calendar and clock, for those who would rather not type. */
function offerCalendar(button) {
  const picker = button.nextElementSibling;
  const typed = button.previousElementSibling;
  button.hidden = picker.hidden = false;
  button.addEventListener("click", () => {
    picker.value = shown(typed.value).slice(0, 19).replace(" ", "T");
    picker.showPicker();
  });
  picker.addEventListener("input", () => {
    // A calendar that is cleared gives nothing.
    if (picker.value) typed.value = picked(picker.value);
  });
}

function offerCopy(button) {
  // Only pages that came over a safe line, or from this machine, may copy.
  if (!navigator.clipboard) return;
  button.hidden = false;
  const told = button.parentElement.querySelector("[role=status]");
  let turn;
  button.addEventListener("click", async () => {
    const copied = navigator.clipboard.writeText(button.dataset.copy);
    say(told, await copied.then(() => "Copied", () => "The browser did not allow it"));
    clearTimeout(turn);
    turn = setTimeout(() => say(told, ""), TOLD);
  });
}

function type(field, text) {
  field.value = field.dataset.filled = written(text, Number(field.dataset.step));
}

/** What somebody typed stays as it is; what we put there is written in the zone that is chosen. */
function followZone(field) {
  field.dataset.filled = field.defaultValue;
  const follow = () => {
    const ours = field.value === field.dataset.filled && !/^[+-]?\d+$/.test(field.value);
    if (ours) type(field, field.value);
  };
  if (isLocal()) follow();
  whenChanged(follow);
}
