// The columns of an export: moved up and down without asking the server, or all left out.
const list = document.getElementById("columns");

function mark() {
  for (const row of list.children) {
    const [up, down] = row.querySelectorAll("button");
    up.disabled = row === list.firstElementChild;
    down.disabled = row === list.lastElementChild;
  }
}

list.addEventListener("click", (event) => {
  const button = event.target.closest("[data-move]");
  if (!button) return;
  event.preventDefault();
  const row = button.closest("li");
  if (button.dataset.move === "-1") row.previousElementSibling?.before(row);
  else row.nextElementSibling?.after(row);
  mark();
  button.focus();
});
for (const button of document.querySelectorAll("[data-columns]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    for (const box of list.querySelectorAll("[type=checkbox]")) box.checked = false;
  });
}
mark();
