// A card per event: its photo with boxes, what it is taken for, and who else works on it.
import { allLabels, isBlank, mainLabel, shownAnswer, textOf } from "./answers.js";
import { element, percent } from "./dom.js";
import { coverOf, drawBoxes, show } from "./photos.js";

// Returns a card; `update(event)` shows what has changed, `close()` gives up what it loads.
export function card(event, index) {
  const image = element("img", { class: "photo", alt: "", draggable: "false" });
  const boxes = element("div", { class: "boxes" });
  const picture = element("div", { class: "picture" }, image, boxes, event.photos.length > 1 && element("span", { class: "stack" }, `${event.photos.length}`));
  const said = element("p", { class: "said" });
  const note = element("p", { class: "note" });
  const made = element("div", { role: "option", id: `event-${event.key}`, class: "event", "data-index": index }, picture, said, note);
  const n = coverOf(event);
  const photo = event.photos[n];
  const giveUp = photo ? show(image, event.key, n, "thumb", {
    onload: () => drawBoxes(boxes, image, photo.boxes),
    onfail: (reason) => picture.append(element("p", { class: "unseen" }, reason)),
  }) : () => {};
  if (!photo) picture.append(element("p", { class: "unseen" }, "no photo"));
  made.close = giveUp;
  made.update = (isCurrent, isSelected) => {
    made.className = `event ${stateOf(event)}${isCurrent ? " current" : ""}${isSelected ? " selected" : ""}`;
    made.setAttribute("aria-selected", isSelected);
    made.setAttribute("aria-label", describe(event));
    said.replaceChildren(...saidOf(event));
    note.textContent = noteOf(event) || whereOf(event);
    note.classList.toggle("telling", Boolean(noteOf(event)));
  };
  return made;
}

export function stateOf(event) {
  if (event.conflict) return "conflict";
  if (event.pending) return "pending";
  if (event.mine) return Object.values(event.mine).includes(null) ? "unsure" : "done";
  return event.state === "open" ? "open" : `by-others ${event.state}`;
}

const SIGNS = { pending: "↑", done: "✓", unsure: "?", conflict: "!" };

function saidOf(event) {
  const label = mainLabel();
  const names = shownAnswer(event, label.name);
  const prediction = event.predictions[label.name];
  const state = stateOf(event);
  const isModels = state === "open" && prediction;
  const sign = SIGNS[state] ?? (event.state === "open" ? "" : "•");
  const beside = isBlank(names) ? [] : allLabels().filter((one) => one !== label).map(({ name }) => shownAnswer(event, name)).filter((one) => one?.length);
  return [
    sign && element("span", { class: "sign", "aria-hidden": "true" }, sign),
    element("strong", {}, names === undefined ? (prediction?.answer ?? "?") : names?.length === 0 && isModels ? prediction.answer : textOf(names)),
    beside.length > 0 && element("span", { class: "beside" }, beside.map(textOf).join(" · ")),
    isModels && element("span", { class: "share" }, percent(prediction.confidence)),
  ].filter(Boolean);
}

export function noteOf(event) {
  if (event.conflict) return `others said ${Object.values(event.conflict.others).flatMap((one) => Object.values(one).map(textOf)).join(", ")}`;
  if (event.lease && !event.mine) return `${event.lease} is looking at this`;
  if (event.state === "disagreement") return `${event.answered_by.join(" and ")} disagree`;
  return !event.mine && event.answered_by.length ? `answered by ${event.answered_by.join(", ")}` : "";
}

export const whereOf = (event) => [event.place, timeText(event.time || event.photos[0]?.taken || "")].filter(Boolean).join(" · ") || event.id;

export const timeText = (time) => time.slice(0, 16).replace("T", " ");

// What a screen reader says of an event.
export function describe(event) {
  const parts = allLabels().map(({ name }) => {
    const prediction = event.predictions[name];
    const answer = shownAnswer(event, name);
    if (event.pending) return `${name}: ${textOf(answer)}, being saved`;
    if (event.mine) return `${name}: ${textOf(answer)}, answered`;
    return prediction ? `${name}: ${prediction.answer}, ${percent(prediction.confidence)}` : "";
  });
  return [...parts, noteOf(event), whereOf(event), event.photos.length > 1 ? `${event.photos.length} photos` : ""].filter(Boolean).join("; ");
}
