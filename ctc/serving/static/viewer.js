// The large view of a photo or clip, with all classes and navigation.
import { content } from "./cards.js";
import { bar, breakable, byId, element, percent, renew } from "./dom.js";
import { takenAt } from "./gallery.js";
import { isClip } from "./intake.js";

const MOST_CLASSES = 8;
const dialog = byId("viewer");
let shown = null; // {photos, at, url, actions}

// `photos`: those to browse, starting at index `at`.
export function view(photos, at, actions) {
  close();
  shown = { photos, at, actions, url: URL.createObjectURL(photos[at].file) };
  const parts = [element("figure", {}, large(photos[at])), element("div", { class: "facts" }), ways()];
  renew(dialog, () => dialog.replaceChildren(...parts));
  refreshView();
  if (!dialog.open) dialog.showModal();
  if (!dialog.querySelector(".ways").contains(document.activeElement)) dialog.focus();
}

function large({ file, path }) {
  const [kind, more] = isClip(file) ? ["clip", { controls: true }] : ["photo", { alt: `The photo ${path}` }];
  const unseen = () => element("p", { class: "unseen" }, `This browser can't show this ${kind}.`);
  const made = element(kind === "clip" ? "video" : "img", { src: shown.url, ...more, onerror: () => made.replaceWith(unseen()) });
  return made;
}

// Updates the view after a correction or a prediction.
export function refreshView() {
  if (!shown) return;
  const photo = shown.photos[shown.at];
  const { answer, event, path } = photo;
  const position = event.photos.length > 1 ? `photo ${event.photos.indexOf(photo) + 1} of ${event.photos.length} of this event` : "";
  const facts = dialog.querySelector(".facts");
  const parts = [
    element("h2", {}, ...breakable(path)),
    element("p", { class: "time" }, [takenAt({ photos: [photo] }), answer?.camera, position].filter(Boolean).join(" · ")),
    element("div", { class: "said" }, ...content(event, shown.actions)),
    ...Object.entries(answer?.labels ?? {}).map((one) => classes(one, answer.frames.length ? "this clip" : "this photo")),
    answer?.frames.length > 0 && frames(answer, photo.event),
  ].filter(Boolean);
  renew(facts, () => facts.replaceChildren(...parts));
}

dialog.addEventListener("close", close);
dialog.addEventListener("keydown", ({ key, target }) => {
  if (target.matches("select, input")) return;
  if (key === "ArrowLeft") step(-1);
  if (key === "ArrowRight") step(1);
});
dialog.addEventListener("click", ({ target }) => {
  if (target === dialog) dialog.close();
});

function close() {
  if (shown) URL.revokeObjectURL(shown.url);
  shown = null;
}

function step(by) {
  const { photos, at, actions } = shown;
  if (photos[at + by]) view(photos, at + by, actions);
}

function ways() {
  const { photos, at } = shown;
  const button = (text, name, onclick, disabled) =>
    element("button", { type: "button", class: "plain", "aria-label": name, disabled, onclick }, text);
  return element(
    "p",
    { class: "ways" },
    button("←", "Previous photo", () => step(-1), at === 0),
    element("span", {}, `${at + 1} of ${photos.length}`),
    button("→", "Next photo", () => step(1), at === photos.length - 1),
    button("Close", "Close", () => dialog.close(), false),
  );
}

// Lists what each frame of a clip was taken for; a click shows it, where the browser plays the clip.
function frames({ frames: found, lost }, { labels }) {
  const rows = found.map(({ at, labels: said }) => {
    const seconds = Number(at.slice("#t=".length));
    const text = Object.keys(labels).map((label) => `${said[label].class} ${percent(said[label].confidence)}`).join(" · ");
    const go = () => Object.assign(dialog.querySelector("video") ?? {}, { currentTime: seconds });
    return element("li", {}, element("button", { type: "button", class: "plain", onclick: go }, `${seconds} s`), element("span", {}, text));
  });
  const missing = lost.length > 0 && element("p", { class: "note" }, `${lost.length} more can't be used: ${lost[0]}`);
  return element("section", {}, element("h3", {}, `${found.length} frames`), element("ol", { class: "frames" }, ...rows), missing);
}

function classes([label, { probabilities }], what) {
  const best = Object.entries(probabilities).sort(([, a], [, b]) => b - a);
  const rows = best.slice(0, MOST_CLASSES).map(([name, share]) =>
    element("li", {}, element("span", {}, name), element("span", { class: "share" }, percent(share)), bar(share)),
  );
  return element("section", {}, element("h3", {}, `${label}, ${what}`), element("ol", { class: "bars" }, ...rows));
}
