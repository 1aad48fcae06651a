// Small things every page does: times in the reader's zone, tables on phones, copying, asking before what cannot be undone, the menu.
"use strict";

const written = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const ago = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const STEPS = [["day", 86400], ["hour", 3600], ["minute", 60]];

function inWords(moment) {
  const seconds = (moment - Date.now()) / 1000;
  for (const [unit, length] of STEPS) {
    if (Math.abs(seconds) >= length) {
      return unit === "day" && Math.abs(seconds) > 7 * length ? written.format(moment) : ago.format(Math.round(seconds / length), unit);
    }
  }
  return "just now";
}

function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    time.textContent = "ago" in time.dataset ? inWords(moment) : written.format(moment);
    time.title = full.format(moment);
  }
}

// On a phone a row is a card: each cell says what it is, since the head of the table is out of sight.
function label(root) {
  for (const table of root.querySelectorAll(".table > table:not(.leads)")) {
    const heads = [...table.tHead.rows[0].cells].map((head) => head.textContent.trim());
    for (const row of table.tBodies[0].rows) {
      for (const cell of row.cells) cell.dataset.label = heads[cell.cellIndex];
    }
    table.classList.add("labelled");
  }
}

function dress(root) {
  localise(root);
  label(root);
}

async function copy(button) {
  const label = button.querySelector("span");
  const before = label.textContent;
  try {
    await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);
    label.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(button.parentElement.querySelector("code"));
    label.textContent = "Selected: copy it now";
  }
  setTimeout(() => { label.textContent = before; }, 2000);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("copy" in button.dataset) copy(button);
  if ("menu" in button.dataset) {
    button.setAttribute("aria-expanded", String(document.body.classList.toggle("menu-open")));
  }
});

document.addEventListener("submit", (event) => {
  const { confirm: question } = event.target.dataset;
  if (question && !confirm(question)) event.preventDefault();
});

document.addEventListener("change", (event) => {
  if ("submit" in event.target.dataset) event.target.form.requestSubmit();
});

dress(document);
setInterval(() => localise(document), 60_000);
document.body.addEventListener("htmx:afterSwap", (event) => dress(event.target.parentElement ?? document));
document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status >= 400) event.detail.shouldSwap = true;  // errors are parts of a page, too
});
