// Times as they stand on the page: <time> elements, which hold the instant whatever zone it is shown in.

import { iso } from "./instants.js";
import { choose, isLocal, shown, whenChanged } from "./zone.js";

/** Show an instant of any spelling. */
export function write(element, text) {
  element.dateTime = iso(text) ?? "";
  put(element, text);
}

/** `cut`: to the second, where a sentence needs no more. */
export function timeElement(text, cut) {
  const element = document.createElement("time");
  element.toggleAttribute("data-cut", Boolean(cut));
  write(element, text);
  return element;
}

function put(element, text) {
  const whole = shown(text);
  element.textContent = "cut" in element.dataset ? whole.slice(0, 19) : whole;
}

/** The switch between the zones. */
export function offerZones(fieldset) {
  const local = fieldset.querySelector("[value=local]");
  local.checked = isLocal();
  fieldset.addEventListener("change", () => choose(local.checked));
  fieldset.classList.remove("waiting");
  whenChanged(rewrite);
  if (isLocal()) rewrite();
}

function rewrite() {
  for (const element of document.querySelectorAll("time[datetime]")) {
    if (element.dateTime) put(element, element.dateTime);
  }
  for (const name of document.querySelectorAll("[data-zone-name]")) {
    name.textContent = isLocal() ? name.dataset.zoneName : "UTC";
  }
}
