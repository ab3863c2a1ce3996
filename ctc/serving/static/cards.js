// A card per event: thumbnail, predictions, and menus to correct them.
import { bar, breakable, element, percent, renew } from "./dom.js";
import { correctionOf, isCorrected, takenAt } from "./gallery.js";
import { picture } from "./pictures.js";

const OTHER = "\u0000other";
const MAX_MARGIN = 0.4; // up to it, the second class is named, as in the report of ctc evaluate

// Returns the predictions with their menus, or the reason why there are none.
export function content(event, actions) {
  const { state, reason } = event.photos[0];
  if (state === "waiting") return [element("p", { class: "waiting-for" }, "waiting …")];
  if (state !== "done") return [element("p", { class: "reason" }, element("strong", {}, "Can't be used: "), reason)];
  return Object.keys(event.labels ?? {}).map((label) => answer(event, label, actions));
}

export function card(event, actions) {
  const shown = event.photos[0];
  const several = event.photos.length > 1;
  const made = element("li");
  const opener = element(
    "button",
    { type: "button", class: "picture", "aria-label": `Show ${shown.path} large`, onclick: () => actions.open(event) },
    picture(shown),
    several && element("span", { class: "stack" }, `${event.photos.length} photos`),
  );
  const name = element("h3", { title: shown.path }, ...breakable(shown.path));
  const time = element("p", { class: "time" });
  const said = element("div", { class: "said" });
  made.append(opener, said, element("div", { class: "source" }, name, time));
  made.update = () => {
    const { state } = shown;
    made.className = `card ${state}${several ? " several" : ""}${isCorrected(event) ? " corrected" : ""}`;
    made.setAttribute("aria-busy", state === "waiting");
    time.textContent = takenAt(event);
    renew(said, () => said.replaceChildren(...content(event, actions)));
  };
  made.update();
  return made;
}

function answer(event, label, actions) {
  const { class: top, confidence, present, probabilities } = event.labels[label];
  const correction = correctionOf(event, label);
  const others = (present ?? []).filter((name) => name !== top);
  const isAccepted = top in probabilities; // else it is "unknown", and the confidence that of another class
  return element(
    "div",
    { class: "answer" },
    element("span", { class: "label" }, label),
    chooser(event, label, correction, actions),
    isAccepted && element("span", { class: "share" }, percent(confidence)),
    isAccepted && bar(confidence),
    correction && element("span", { class: "note correction" }, `corrected; the model says ${top}`),
    isAccepted && !present && second(probabilities),
    !isAccepted && element("span", { class: "note" }, `most probable: ${named(ranked(probabilities)[0])}, which is not accepted`),
    others.length > 0 && element("span", { class: "note" }, `and ${others.join(", ")}`),
  );
}

const ranked = (probabilities) => Object.entries(probabilities).sort(([, a], [, b]) => b - a);

const named = ([name, share]) => `${name} ${percent(share)}`;

// Names the second class of an uncertain prediction.
function second(probabilities) {
  const [best, next] = ranked(probabilities);
  if (!next || best[1] - next[1] > MAX_MARGIN) return null;
  return element("span", { class: "note" }, `or ${named(next)}`);
}

// The predicted class is a menu with the probabilities of the others; changing it corrects the prediction.
function chooser(event, label, correction, actions) {
  const { class: top, probabilities } = event.labels[label];
  const names = [top, ...ranked(probabilities).map(([name]) => name).filter((name) => name !== top)];
  if (correction && !names.includes(correction)) names.unshift(correction);
  const chosen = correction || top;
  const text = (name) => (name === chosen || !(name in probabilities) ? name : named([name, probabilities[name]]));
  const choice = element(
    "select",
    { "aria-label": `${label} of ${event.id}`, onchange: () => change(choice, event, label, top, actions) },
    ...names.map((name) => element("option", { value: name, selected: name === chosen }, text(name))),
    element("option", { value: OTHER }, "something else …"),
  );
  return choice;
}

function change(choice, event, label, top, actions) {
  if (choice.value !== OTHER) return actions.correct(event, label, choice.value === top ? "" : choice.value);
  const typed = element("input", { type: "text", "aria-label": choice.getAttribute("aria-label"), placeholder: "what is it?" });
  let done = false;
  const finish = (keep) => {
    if (done) return;
    done = true;
    const name = keep ? typed.value.trim() : "";
    actions.correct(event, label, name === top ? "" : name);
  };
  typed.addEventListener("blur", () => finish(true));
  typed.addEventListener("keydown", ({ key }) => {
    if (key === "Enter" || key === "Escape") finish(key === "Enter");
  });
  choice.replaceWith(typed);
  typed.focus();
}
