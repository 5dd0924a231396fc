// What the script adds to a page that works without it: fresh prices, and answers in place.

import { follow } from "./latest.js";
import { enhance } from "./questions.js";

document.querySelectorAll("form[data-api]").forEach(enhance);
follow(document.querySelector("[data-latest]"));
