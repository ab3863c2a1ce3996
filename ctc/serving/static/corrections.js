// Sends corrections to a server that keeps them (`ctc serve --store`), one after the other.
import { byId, counted } from "./dom.js";
import { Refused, keep } from "./server.js";

const WAIT = 5_000;
const NAME = "ctc-reviewer";

export class Corrections {
  #waiting = [];
  #kept = 0;
  #problem = "";
  #refused = 0;
  #sending = false;
  #begun = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
  #count = 0;

  // Shows the field for the name of whoever corrects.
  constructor() {
    byId("reviewer-choice").hidden = false;
    byId("reviewer").value = localStorage.getItem(NAME) ?? "";
    byId("reviewer").addEventListener("change", () => {
      localStorage.setItem(NAME, this.#name);
      this.#next();
      this.#tell();
    });
    byId("hint").textContent += " Corrections are kept there.";
  }

  // Whether a correction is in this page alone.
  get unsaved() {
    return this.#waiting.length + this.#refused > 0;
  }

  // `name`: the corrected class, or "" for the model's own.
  add(model, event, label, name) {
    const { class: top, probabilities } = event.labels[label];
    const chosen = name || (top in probabilities ? top : null);
    const photos = event.photos.flatMap(partsOf);
    const labels = Object.fromEntries(Object.entries(event.labels).map(([one, said]) => [one, said.probabilities]));
    const request = `${this.#begun}-${this.#count++}`;
    this.#waiting.push({ model, body: { id: event.id, photos, labels, answer: { [label]: chosen }, request } });
    this.#next();
    this.#tell();
  }

  get #name() {
    return byId("reviewer").value.trim();
  }

  async #next() {
    if (this.#sending || !this.#waiting.length || !this.#name) return;
    this.#sending = true;
    const again = await this.#send(this.#waiting[0]);
    if (!again) this.#waiting.shift();
    else await new Promise((resolve) => setTimeout(resolve, WAIT));
    this.#sending = false;
    this.#next();
    this.#tell();
  }

  // Returns whether to send it again.
  async #send({ model, body }) {
    try {
      await keep(model, { ...body, reviewer: this.#name });
      this.#kept++;
      this.#problem = "";
      return false;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#problem = error.message;
      this.#refused += error.passing ? 0 : 1;
      this.#tell();
      return error.passing;
    }
  }

  #tell() {
    const left = this.#waiting.length;
    const kept = this.#kept && `${counted(this.#kept, "correction")} kept`;
    const refused = this.#refused && `${counted(this.#refused, "correction")} not kept: ${this.#problem}`;
    const waiting = left && `${left} not kept yet: ${this.#name ? this.#problem || "sending …" : "say who you are"}`;
    byId("kept").hidden = false;
    byId("kept").textContent = [kept, refused, waiting].filter(Boolean).join(" · ");
    if (left && !this.#name) byId("reviewer").focus();
  }
}

// Returns a photo, or the frames of a clip, as the server keeps them.
function partsOf({ path, answer }) {
  if (!answer?.frames.length) return [{ path, taken: answer?.taken ?? null }];
  return answer.frames.map(({ at, taken }) => ({ path: path + at, taken }));
}
