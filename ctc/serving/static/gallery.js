// Photos, their events, and corrections. Emits "change" with each event that has changed.

export class Gallery extends EventTarget {
  photos = [];
  events = [];
  model = null;
  #paths = new Set();

  // Adds photos that are new, and returns them.
  add(found) {
    const fresh = found.filter(({ path }) => !this.#paths.has(path) && this.#paths.add(path));
    const photos = fresh.map(({ file, path }) => ({
      file, path, folder: path.slice(0, path.lastIndexOf("/") + 1), number: 0, event: null,
      state: "waiting", answer: null, reason: "", corrections: {},
    }));
    for (const photo of photos) photo.number = this.photos.push(photo) - 1;
    this.events.push(...photos.map(alone));
    this.#tell(null);
    return photos;
  }

  // Stores the prediction of a photo, or of a clip with its frames: {at: "#t=3.2", taken, labels}.
  answered(photo, prediction) {
    const [seen] = prediction.photos;
    if (!seen) return this.failed(photo, prediction.failures[0].reason, false);
    const frames = prediction.photos.filter(({ name }) => name.includes("#t=")).map(({ name, ...one }) => ({ ...one, at: name.slice(name.lastIndexOf("#t=")) }));
    const lost = prediction.failures.map(({ reason }) => reason);
    Object.assign(photo, { state: "done", reason: "", answer: { ...seen, labels: prediction.labels, frames, lost } });
    this.#renew(photo);
  }

  failed(photo, reason, passing) {
    Object.assign(photo, { state: passing ? "lost" : "failed", reason, answer: null });
    this.#renew(photo);
  }

  // Returns the photos to retry, and marks them as waiting.
  lost() {
    const lost = this.photos.filter(({ state }) => state === "lost");
    for (const photo of lost) {
      photo.state = "waiting";
      this.#tell(photo.event);
    }
    return lost;
  }

  // Resets all photos for another model: no events, no predictions.
  forget(model) {
    this.model = model;
    for (const photo of this.photos) Object.assign(photo, { state: "waiting", answer: null, reason: "", corrections: {} });
    this.separate();
  }

  separate() {
    this.events = this.photos.map(alone);
    this.#tell(null);
  }

  // `found`: [{photos: [indices in `photos`], labels}]; photos in none of them stay separate.
  unite(photos, found) {
    const together = found.map(({ photos: places, labels }) => eventOf(places.map((at) => photos[at]), labels));
    const rest = this.photos.filter((photo) => photo.state !== "done").map(alone);
    this.events = [...together, ...rest].sort((a, b) => first(a) - first(b));
    this.#tell(null);
  }

  // An empty class removes the correction.
  correct(event, label, name) {
    for (const { corrections } of event.photos) {
      if (name) corrections[label] = name;
      else delete corrections[label];
    }
    this.#tell(event);
  }

  #renew(photo) {
    const { event } = photo;
    if (event.photos.length === 1) event.labels = photo.answer?.labels ?? null;
    this.#tell(event);
  }

  #tell(event) {
    this.dispatchEvent(new CustomEvent("change", { detail: event }));
  }
}

const first = (event) => Math.min(...event.photos.map((photo) => photo.number));

const alone = (photo) => eventOf([photo], photo.answer?.labels ?? null);

function eventOf(photos, labels) {
  const event = { photos, labels, id: photos[0].path };
  for (const photo of photos) photo.event = event;
  return event;
}

export const isCorrected = (event) => event.photos.some((photo) => Object.keys(photo.corrections).length);

export const correctionOf = (event, label) =>
  event.photos.map((photo) => photo.corrections[label]).find(Boolean) ?? "";

// Returns the class of a label: the correction, or else the prediction.
export const answerOf = (event, label) => correctionOf(event, label) || event.labels?.[label]?.class || "";

// Returns the time of the first photo that has one: "2016-09-25 18:35:10".
export const takenAt = ({ photos }) =>
  (photos.map((photo) => photo.answer?.taken).find(Boolean) ?? "").slice(0, 19).replace("T", " ");

export const isFailed = ({ photos: [{ state }] }) => state === "failed" || state === "lost";
