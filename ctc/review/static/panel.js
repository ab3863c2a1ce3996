// What can be answered for the current event: guesses with their keys, labels, buttons.
import { allLabels, answerText, guessesOf, mainLabel, predicted, shownAnswer, textOf } from "./answers.js";
import { noteOf, stateOf, timeText, whereOf } from "./card.js";
import { bar, byId, element, percent } from "./dom.js";
import { show } from "./photos.js";

const panel = byId("panel");
const STATES = { pending: "being saved …", done: "saved", unsure: "saved: not sure", conflict: "not saved", open: "to do" };

const AT_ONCE = 12;
const loads = new WeakMap(); // image → what loads it

// The photos of long events are loaded when they are seen.
const later = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    later.unobserve(target);
    loads.get(target)();
  }
});

// `actions`: accept, give(label, name), empty, unsure, type, label(by), photo(n).
export function drawPanel(review, photo, actions) {
  later.disconnect();
  const event = review.current;
  const count = review.selected.size;
  if (!event) return panel.replaceChildren();
  const parts = [
    element("div", { class: "head" }, element("h2", {}, whereOf(event)), element("p", { class: "hint" }, event.id)),
    count > 0 && element("p", { class: "many" }, `The next answer is for ${count.toLocaleString("en")} selected ${count === 1 ? "event" : "events"}.`),
    status(event),
    labelTabs(review, event, actions),
    guesses(review, event, actions),
    buttons(event, actions),
    ...others(event),
    event.photos.length > 1 && strip(event, photo, actions),
    facts(event),
  ];
  panel.replaceChildren(...parts.filter(Boolean));
  const current = panel.querySelector(".strip [aria-current=true]");
  if (current) current.closest(".strip").scrollLeft = current.offsetLeft - panel.offsetLeft - panel.clientWidth / 2;
}

function status(event) {
  const state = stateOf(event).split(" ")[0];
  const note = noteOf(event);
  return element("p", { class: `status ${state}` }, element("strong", {}, STATES[state] ?? "answered by others"), note && ` · ${note}`);
}

function labelTabs(review, event, actions) {
  const labels = allLabels();
  if (labels.length < 2) return null;
  return element("div", { class: "labels", role: "group", "aria-label": "Labels" }, ...labels.map((label) =>
    element("button", { type: "button", class: "plain small", "aria-pressed": String(label === review.label), onclick: () => actions.label(labels.indexOf(label) - labels.indexOf(review.label)) },
      `${label.name}: `, element("strong", {}, textOf(shownAnswer(event, label.name))))));
}

function guesses(review, event, actions) {
  const { label } = review;
  const given = shownAnswer(event, label.name) ?? [];
  const rows = guessesOf(event, label).map(({ name, share }, at) =>
    element("li", {}, element("button", { type: "button", class: "guess", "aria-pressed": String(Boolean(given?.includes(name))), onclick: () => actions.give(label, name) },
      element("kbd", {}, label.classes.some((one) => one.name === String(at + 1)) ? name : String(at + 1)),
      element("span", { class: "name" }, name), share !== null && element("span", { class: "share" }, percent(share)), share !== null && bar(share))));
  return element("ol", { class: "guesses", "aria-label": `Guesses for ${label.name}` }, ...rows);
}

function buttons(event, actions) {
  const one = (text, key, onclick, plain = true) => element("button", { type: "button", class: plain ? "plain small" : "small", onclick }, text, " ", element("kbd", {}, key));
  return element("div", { class: "buttons answers" },
    one(event.predictions[mainLabel().name] ? "Right" : "Name it", "Enter", actions.accept, false), one("Empty", "E", actions.empty), one("Not sure", "U", actions.unsure),
    one("Other class", "/", actions.type), one("Undo", "Z", actions.undo));
}

function others(event) {
  const known = Object.entries(event.others ?? {});
  if (!known.length) return [];
  return [element("section", { class: "others" }, element("h3", {}, "Answers of others"), element("ul", {}, ...known.map(([name, answer]) =>
    element("li", {}, `${name}: `, element("strong", {}, answerText(answer))))))];
}

function strip(event, photo, actions) {
  return element("ul", { class: "strip", "aria-label": "Photos of the event" }, ...event.photos.map((one, n) => {
    const image = element("img", { class: "photo", alt: "" });
    const load = () => show(image, event.key, n, "thumb");
    if (event.photos.length <= AT_ONCE) load();
    else whenSeen(image, load);
    return element("li", {}, element("button", { type: "button", "aria-label": `Photo ${n + 1}`, "aria-current": n === photo ? "true" : null, onclick: () => actions.photo(n) }, image));
  }));
}

function whenSeen(image, load) {
  loads.set(image, load);
  later.observe(image);
}

function facts(event) {
  const label = mainLabel();
  const prediction = event.predictions[label?.name];
  const rows = [
    prediction && ["Model", `${textOf(predicted(event, label.name))} ${percent(prediction.confidence)}`],
    prediction?.truth && ["Label before", prediction.truth],
    event.place && ["Place", event.place],
    event.time && ["Time", timeText(event.time)],
    ...Object.entries(event.meta).slice(0, 12),
  ].filter(Boolean);
  return element("dl", { class: "facts" }, ...rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
}
