"use strict";

// Returns the sort key of a row: the number of its cell if it has one, else its text; null for no value.
function keyOf(row, column) {
  const cell = row.cells[column];
  if (cell.dataset.value === undefined) return cell.textContent.trim();
  return cell.dataset.value === "" ? null : Number(cell.dataset.value);
}

function compare(a, b) {
  return typeof a === "number" ? a - b : a.localeCompare(b, undefined, { numeric: true });
}

function sort(table, head) {
  const rising = head.getAttribute("aria-sort") === "descending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", rising ? "ascending" : "descending");
  const body = table.tBodies[0];
  const rows = Array.from(body.rows, (row) => [keyOf(row, head.cellIndex), row]);
  rows.sort(([a], [b]) => {
    if (a === null || b === null) return (a === null) - (b === null);
    return rising ? compare(a, b) : compare(b, a);
  });
  body.append(...rows.map(([, row]) => row));
}

// A table that is wider than its box says that it scrolls.
const observer = new ResizeObserver((boxes) => {
  for (const { target } of boxes) target.classList.toggle("scrolls", target.scrollWidth > target.clientWidth + 1);
});
for (const box of document.querySelectorAll(".wide")) observer.observe(box);

// Collapsed sections are expanded for printing.
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});

for (const table of document.querySelectorAll("table.sortable")) {
  for (const head of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sort(table, head));
  }
}
