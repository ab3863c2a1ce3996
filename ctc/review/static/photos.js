// Photos of events: loaded when they are seen, a few at a time, the latest event first; and the boxes over them.
import { photo } from "./api.js";
import { element } from "./dom.js";

const AT_ONCE = 6;
const KEPT = 400;

const kept = new Map(); // name → URL of a blob, the ones not used for longest first
const waiting = [];
let working = 0;

// Shows a photo in an image; returns a function that gives it up. `onfail` gets the reason.
export function show(image, key, n, size, { onload = () => {}, onfail = () => {} } = {}) {
  const name = `${key}/${n}/${size}`;
  const url = kept.get(name);
  if (url) {
    kept.delete(name);
    kept.set(name, url);
    image.onload = onload;
    image.src = url;
    return () => {};
  }
  const abort = new AbortController();
  waiting.push({ image, key, n, size, name, abort, onload, onfail });
  work();
  return () => abort.abort();
}

// Loads photos that will be shown soon.
export function preload(key, n, size) {
  if (!kept.has(`${key}/${n}/${size}`)) waiting.unshift({ key, n, size, name: `${key}/${n}/${size}`, abort: new AbortController() });
  work();
}

async function work() {
  if (working >= AT_ONCE || !waiting.length) return;
  const one = takeNext();
  if (one.abort.signal.aborted) return work();
  working++;
  try {
    if (!kept.has(one.name)) keep(one.name, URL.createObjectURL(await photo(one.key, one.n, one.size, one.abort.signal)));
    if (one.image && !one.abort.signal.aborted) {
      one.image.onload = one.onload;
      one.image.src = kept.get(one.name);
    }
  } catch (error) {
    if (error.name !== "AbortError") one.onfail?.(error.message);
  }
  working--;
  work();
}

// Takes the first photo of the event that was asked for last: a clip is decoded in order.
function takeNext() {
  const { key, size } = waiting.at(-1);
  const numbers = waiting.filter((one) => one.key === key && one.size === size).map(({ n }) => n);
  const first = Math.min(...numbers);
  const at = waiting.findIndex((one) => one.key === key && one.size === size && one.n === first);
  return waiting.splice(at, 1)[0];
}

function keep(name, url) {
  kept.set(name, url);
  for (const [old, oldUrl] of kept) {
    if (kept.size <= KEPT) break;
    URL.revokeObjectURL(oldUrl);
    kept.delete(old);
  }
}

// Returns the photo that shows most: that with the surest box, else the first.
export function coverOf(event) {
  const sure = event.photos.map(({ boxes }) => Math.max(0, ...boxes.map(({ confidence }) => confidence ?? 0.01)));
  return Math.max(0, sure.indexOf(Math.max(...sure)));
}

// Draws boxes into a layer over an image that is shown whole (`object-fit: contain`).
export function drawBoxes(layer, image, boxes, names = false) {
  const { clientWidth: width, clientHeight: height, naturalWidth, naturalHeight } = image;
  const scale = Math.min(width / naturalWidth, height / naturalHeight);
  if (!Number.isFinite(scale)) return layer.replaceChildren();
  const [shownWidth, shownHeight] = [naturalWidth * scale, naturalHeight * scale];
  Object.assign(layer.style, {
    left: `${image.offsetLeft + (width - shownWidth) / 2}px`,
    top: `${image.offsetTop + (height - shownHeight) / 2}px`,
    width: `${shownWidth}px`,
    height: `${shownHeight}px`,
  });
  return layer.replaceChildren(...boxes.map((box) => drawn(box, names)));
}

function drawn({ bbox: [left, top, width, height], category, confidence, labels }, names) {
  const text = [Object.values(labels)[0] ?? category, confidence === null ? "" : `${Math.round(100 * confidence)} %`];
  const made = element("span", { class: "box" }, names ? element("span", {}, text.filter(Boolean).join(" ")) : null);
  const share = (value) => `${100 * value}%`;
  Object.assign(made.style, { left: share(left), top: share(top), width: share(width), height: share(height) });
  return made;
}
