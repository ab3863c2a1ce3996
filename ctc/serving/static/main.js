// The page: takes photos, sends them to the server, and shows the predictions.
import { card } from "./cards.js";
import { Corrections } from "./corrections.js";
import { byId, counted, element, fill, soon } from "./dom.js";
import { filtered, listClasses, offer, onFilter, showFailures } from "./filters.js";
import { Gallery, isFailed } from "./gallery.js";
import { chosen, dropped } from "./intake.js";
import { Sender } from "./sender.js";
import { events, predictTogether, served } from "./server.js";
import { failureTable, predictionTable, save } from "./table.js";
import { refreshView, view } from "./viewer.js";

const gallery = new Gallery();
const sender = new Sender(gallery, () => groupBursts());
const cards = new WeakMap();
const actions = { open, correct };
let unsaved = false;
let corrections = null; // of a server that keeps them

// Photos wait until the models are known.
function take(found) {
  const fresh = gallery.add(found);
  if (gallery.model) sender.send(fresh);
}

function cardOf(event) {
  if (!cards.has(event)) cards.set(event, card(event, actions));
  return cards.get(event);
}

function open(event) {
  const photos = filtered(gallery.events).flatMap((one) => one.photos);
  view(photos, photos.indexOf(event.photos[0]), actions);
}

function correct(event, label, name) {
  gallery.correct(event, label, name);
  corrections?.add(gallery.model, event, label, name);
}

function show() {
  const shown = filtered(gallery.events);
  fill(byId("gallery"), shown.map(cardOf));
  const what = gallery.events.some((event) => event.photos.length > 1) ? "event" : "photo";
  const all = gallery.events.length;
  byId("shown").textContent = shown.length === all ? counted(all, what) : `${shown.length} of ${counted(all, what)}`;
  listClasses(gallery.events, show);
}

function showProgress() {
  const { photos } = gallery;
  const failures = gallery.events.filter(isFailed).length;
  const done = photos.filter(({ state }) => state !== "waiting").length;
  byId("status").hidden = byId("work").hidden = !photos.length;
  document.body.classList.toggle("working", photos.length > 0);
  byId("progress").max = Math.max(1, photos.length);
  byId("progress").value = done;
  byId("progress-text").textContent = `${done} of ${counted(photos.length, "photo")} done`;
  byId("show-failures").textContent = `${failures} can't be used`;
  byId("again").hidden = !photos.some(({ state }) => state === "lost");
  byId("show-failures").hidden = byId("download-failures").hidden = !failures;
}

const refresh = soon(() => {
  show();
  showProgress();
}, 60);

gallery.addEventListener("change", ({ detail: event }) => {
  if (event) cardOf(event).update();
  refreshView();
  unsaved = gallery.photos.some((photo) => Object.keys(photo.corrections).length > 0);
  refresh();
});

// Groups photos into the bursts that the server finds; a stacked model predicts each event again.
async function groupBursts() {
  const within = Number(byId("within").value);
  const photos = gallery.photos.filter(({ state }) => state === "done");
  if (!within || !photos.length) return gallery.separate();
  const predicted = photos.map(({ folder, answer }) => ({ folder, taken: answer.taken, labels: sharesOf(answer.labels) }));
  try {
    const found = await events(gallery.model, within, predicted);
    if (gallery.model.stacked) await predictAgain(found, photos);
    gallery.unite(photos, found);
  } catch (error) {
    byId("progress-text").textContent = error.message;
  }
}

async function predictAgain(found, photos) {
  for (const event of found.filter((one) => one.photos.length > 1)) {
    event.labels = (await predictTogether(gallery.model, event.photos.map((at) => photos[at].file))).labels;
  }
}

const sharesOf = (labels) =>
  Object.fromEntries(Object.entries(labels).map(([label, { probabilities }]) => [label, probabilities]));

function choose(model) {
  sender.clear();
  offer(Object.keys(model.labels));
  gallery.forget(model);
  byId("about").textContent = `Model '${model.name}', version ${model.version} · ${model.served_by}`;
  sender.send(gallery.photos);
}

function listenToPhotos() {
  for (const id of ["files", "folder"]) {
    byId(id).addEventListener("change", ({ target }) => {
      take(chosen(target.files));
      target.value = "";
    });
  }
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dragging");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dragging");
  });
  document.addEventListener("drop", async (event) => {
    event.preventDefault();
    document.body.classList.remove("dragging");
    take(await dropped(event.dataTransfer));
  });
}

function listenToButtons() {
  onFilter(show);
  byId("within").addEventListener("change", groupBursts);
  byId("show-failures").addEventListener("click", () => {
    showFailures();
    show();
  });
  byId("download").addEventListener("click", () => {
    save(predictionTable(gallery.events, gallery.model.multi_label.length > 0), "predictions.csv");
    unsaved = false;
  });
  byId("download-failures").addEventListener("click", () => {
    save(failureTable(gallery.photos.filter(({ reason }) => reason)), "predictions.csv.failures.csv");
  });
  byId("again").addEventListener("click", () => sender.send(gallery.lost()));
  addEventListener("beforeunload", (event) => {
    if (corrections ? corrections.unsaved : unsaved) event.preventDefault();
  });
}

async function begin() {
  listenToPhotos();
  listenToButtons();
  const { models: known, keeps_corrections: keeps } = await served();
  if (keeps) corrections = new Corrections();
  byId("model").replaceChildren(...known.map(({ name }) => element("option", {}, name)));
  byId("model-choice").hidden = known.length < 2;
  byId("model").addEventListener("change", () => choose(known[byId("model").selectedIndex]));
  if (matchMedia("(max-width: 56rem)").matches) byId("panel").open = false;
  choose(known[0]);
}

begin().catch((error) => {
  byId("intake-title").textContent = error.message;
});
