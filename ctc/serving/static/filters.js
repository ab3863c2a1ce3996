// Filters and order of the gallery.
import { bar, byId, element, renew } from "./dom.js";
import { answerOf, isCorrected, isFailed, takenAt } from "./gallery.js";

const inputs = ["least", "most", "kind", "order", "question"].map(byId);
let wanted = null;

export function onFilter(work) {
  for (const input of inputs) input.addEventListener("input", work);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
}

// Lists the labels of a model, and resets the chosen class.
export function offer(labels) {
  wanted = null;
  byId("question").replaceChildren(...labels.map((label) => element("option", {}, label)));
  byId("question-choice").hidden = labels.length < 2;
}

const question = () => byId("question").value;

// Returns the events to show, in order; failures come last.
export function filtered(events) {
  for (const id of ["least", "most"]) byId(id).nextElementSibling.textContent = `${byId(id).value} %`;
  const order = ORDERS[byId("order").value];
  return events.filter(isWanted).sort((a, b) => isFailed(a) - isFailed(b) || order(a, b));
}

const ORDERS = {
  came: () => 0,
  unsure: (a, b) => confidence(a) - confidence(b),
  time: (a, b) => (takenAt(a) || "~").localeCompare(takenAt(b) || "~"),
  name: (a, b) => a.id.localeCompare(b.id, undefined, { numeric: true }),
};

const confidence = (event) => event.labels?.[question()]?.confidence ?? 2;

function isWanted(event) {
  const kind = byId("kind").value;
  if (kind === "failed") return isFailed(event);
  if (kind === "predicted" && !event.labels) return false;
  if (kind === "corrected" && !isCorrected(event)) return false;
  if (wanted !== null && answerOf(event, question()) !== wanted) return false;
  return !event.labels || inRange(event);
}

function inRange(event) {
  const share = Math.round(100 * confidence(event));
  return Number(byId("least").value) <= share && share <= Number(byId("most").value);
}

export function showFailures() {
  byId("kind").value = "failed";
}

// Lists the classes with their counts, as buttons that filter by class.
export function listClasses(events, refresh) {
  const counts = new Map();
  for (const event of events) {
    const name = answerOf(event, question());
    if (name) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  if (wanted !== null && !counts.has(wanted)) counts.set(wanted, 0);
  const all = Array.from(counts.values()).reduce((sum, count) => sum + count, 0);
  const rows = Array.from(counts).sort(([a, m], [b, n]) => n - m || a.localeCompare(b));
  const choose = (name) => () => {
    wanted = name === wanted ? null : name;
    refresh();
  };
  const list = byId("classes");
  renew(list, () => list.replaceChildren(...rows.map(([name, count]) => row(name, count, count / Math.max(all, 1), choose(name)))));
}

function row(name, count, share, onclick) {
  const spoken = `${name}, ${count.toLocaleString("en")}`;
  const attributes = { type: "button", "aria-pressed": String(name === wanted), "aria-label": spoken, onclick };
  const parts = [element("span", {}, name), element("span", { class: "count" }, count.toLocaleString("en")), bar(share)];
  return element("li", {}, element("button", attributes, ...parts));
}
