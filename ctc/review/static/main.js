// The page: puts its parts together.
import { get } from "./api.js";
import { classOfDigit, isDone, mainLabel } from "./answers.js";
import { byId, soon } from "./dom.js";
import { Grid } from "./grid.js";
import { listenToKeys, listKeys } from "./keys.js";
import { Leases } from "./leases.js";
import { drawPanel } from "./panel.js";
import { preload, coverOf } from "./photos.js";
import { Review } from "./review.js";
import { Side } from "./side.js";
import { Stage } from "./stage.js";
import { typeClass } from "./typeahead.js";

const REFRESH_DELAY = 16;
let review, grid, stage, side;
let isOne = false;

function setView(one) {
  isOne = one;
  document.body.classList.toggle("one", one);
  byId("scroller").hidden = one;
  byId("stage").hidden = !one;
  byId("view").textContent = one ? "Grid (O)" : "One event (O)";
  if (!one) {
    setFull(false);
    stage.stop();
  }
  if (one) stage.show(review.current);
  else {
    grid.draw();
    grid.reveal();
  }
  focusWork();
}

function setFull(full) {
  if (full && !isOne) setView(true);
  document.body.classList.toggle("full", full);
  if (full) document.documentElement.requestFullscreen?.().catch(() => {}); // the page alone is large then
  else if (document.fullscreenElement) document.exitFullscreen();
}

const focusWork = () => (isOne ? byId("stage") : byId("grid")).focus({ preventScroll: true });

function say({ text, isBad }) {
  byId("saved").textContent = text;
  if (!isBad) return;
  byId("notice").textContent = text;
  byId("notice").hidden = false;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => (byId("notice").hidden = true), 9000);
}

function type(first) {
  const { label } = review;
  const mayAdd = label.is_open || review.session.may_add_classes;
  const onchoose = (name, isNew) => {
    if (isNew && !review.addClass(label, name)) return;
    review.give(label, name);
  };
  if (review.current) typeClass(label, review.current, first, { mayAdd, onchoose, onclose: focusWork });
}

function move(way, isShifted) {
  const columns = isOne ? 1 : grid.columns;
  const page = isOne ? 10 : columns * grid.rowsOnScreen;
  if (isShifted && (way === "left" || way === "right")) return stepPhoto(way === "left" ? -1 : 1);
  if (isOne && (way === "up" || way === "down")) return stepPhoto(way === "up" ? -1 : 1);
  const steps = { left: -1, right: 1, up: -columns, down: columns, pageUp: -page, pageDown: page, home: -review.at, end: review.list.count - 1 - review.at };
  review.goTo(review.at + steps[way]);
}

function stepPhoto(by) {
  if (!isOne) setView(true);
  stage.step(by);
}

async function play() {
  if (!isOne) setView(true);
  const text = await stage.play();
  if (text) say({ text });
}

// Whether the event has no prediction and no answer: it is named by typing then.
function hasNothingToAccept() {
  const { current, selected } = review;
  return !selected.size && current && !current.predictions[mainLabel().name] && !current.draft && !isDone(current);
}

const actions = {
  accept: () => (hasNothingToAccept() ? type("") : review.accept()),
  digit: (key) => {
    const name = review.current && classOfDigit(review.current, review.label, key);
    if (name) review.give(review.label, name);
  },
  give: (label, name) => {
    review.give(label, name);
    focusWork();
  },
  empty: () => review.empty(),
  unsure: () => review.unsure(),
  undo: () => review.undo(),
  type: () => type(""),
  typeLetter: (letter) => type(letter),
  label: (by) => review.nextLabel(by),
  nextLabel: () => review.nextLabel(1),
  previousLabel: () => review.nextLabel(-1),
  photo: (n) => {
    if (!isOne) setView(true);
    stage.stop();
    stage.showPhoto(n);
  },
  move,
  play,
  e: () => review.empty(),
  u: () => review.unsure(),
  z: () => review.undo(),
  y: () => review.redo(),
  x: () => review.select(),
  a: () => review.selectGroup(),
  o: () => setView(!isOne),
  f: () => setFull(!document.body.classList.contains("full")),
  c: () => say({ text: stage.contrast() }),
  g: () => say({ text: stage.gamma() }),
  b: () => {
    stage.toggleBoxes();
    document.body.classList.toggle("no-boxes", !stage.hasBoxes);
  },
  larger: () => (isOne ? say({ text: stage.zoom(1) }) : grid.resize(1)),
  smaller: () => (isOne ? say({ text: stage.zoom(-1) }) : grid.resize(-1)),
  whole: () => stage.zoom(0),
  help: () => byId("keys").showModal(),
  escape: () => {
    if (review.selected.size) review.clear();
    else if (document.body.classList.contains("full")) setFull(false);
    else if (isOne) setView(false);
  },
};

const draw = soon(() => {
  drawPanel(review, stage.photo, actions);
  const { list, at, selected } = review;
  byId("chosen").textContent = [list.count ? `${(at + 1).toLocaleString("en")} of ${list.isCounted ? "" : "more than "}${list.count.toLocaleString("en")}` : "", selected.size ? `${selected.size.toLocaleString("en")} selected` : ""].filter(Boolean).join(" · ");
  const isEmpty = list.isCounted && !list.count;
  byId("empty").hidden = !isEmpty && !list.error;
  byId("empty").textContent = list.error ? `The events can't be shown: ${list.error.message}. Trying again …` : "Nothing is left in this queue. Choose another one, or other filters.";
  if (isOne) stage.show(review.current);
  for (const step of [1, 2]) {
    const next = isOne && list.at(at + step);
    if (next) preload(next.key, coverOf(next), "view");
  }
}, REFRESH_DELAY);

function listenToReview() {
  for (const kind of ["list", "focus", "event", "selection", "label"]) review.addEventListener(kind, draw);
  review.addEventListener("say", ({ detail }) => say(detail));
  review.addEventListener("saved", ({ detail: { work, events } }) => {
    if (work.kind === "answer") say({ text: `Saved: ${events.length > 1 ? `${events.length} events, ` : ""}${work.about.text}${review.outbox.waiting ? `; ${review.outbox.waiting} wait` : ""}` });
  });
  review.outbox.addEventListener("trouble", ({ detail: { error } }) => {
    const { waiting } = review.outbox;
    if (error) say({ text: `Not saved yet: ${error.message}. ${waiting} ${waiting === 1 ? "answer waits" : "answers wait"} in this browser and will be sent again.`, isBad: true });
    else byId("notice").hidden = true;
  });
  addEventListener("beforeunload", (event) => {
    if (review.outbox.waiting || review.list.loaded().some(({ draft }) => draft)) event.preventDefault();
  });
}

function listenToButtons() {
  byId("view").addEventListener("click", () => setView(!isOne));
  byId("show-keys").addEventListener("click", actions.help);
  byId("play").addEventListener("click", play);
  byId("show-side").addEventListener("click", () => {
    const isShown = document.body.classList.toggle("with-side");
    byId("show-side").setAttribute("aria-expanded", isShown);
  });
  byId("queues").addEventListener("click", () => document.body.classList.remove("with-side"));
  document.addEventListener("fullscreenchange", () => {
    if (!document.fullscreenElement) document.body.classList.remove("full");
  });
}

async function begin() {
  const session = await get("api/session");
  review = new Review(session);
  const leases = new Leases(review);
  stage = new Stage({ onphoto: draw });
  byId("start").hidden = true;
  byId("work").hidden = false;
  document.title = `Review: ${session.store}`;
  grid = new Grid(review, { onseen: (events) => leases.look(isOne ? [review.current].filter(Boolean) : events), onopen: () => setView(true) });
  side = new Side(review);
  listKeys();
  listenToReview();
  listenToButtons();
  listenToKeys(actions);
  if (!mainLabel()) return say({ text: "This review has no label: load predictions, or start `ctc label`.", isBad: true });
  const { queues } = await get("api/queues", side.filters);
  side.choose(queues.unsure ? "unsure" : "all");
  setView(false);
  review.outbox.send();
}

begin().catch((error) => {
  byId("start").hidden = false;
  byId("start").textContent = `The review can't be shown: ${error.message}.`;
});
