// Sends photos to the server, a few at a time, and passes the results to the gallery.
import { Refused, predict } from "./server.js";

const AT_ONCE = 4;

export class Sender {
  #gallery;
  #waiting = [];
  #under = 0;
  #onIdle;

  // `onIdle` is called when nothing is left to send.
  constructor(gallery, onIdle) {
    this.#gallery = gallery;
    this.#onIdle = onIdle;
  }

  send(photos) {
    this.#waiting.push(...photos);
    while (this.#under < AT_ONCE && this.#waiting.length) this.#next();
  }

  // Drops what has not been sent yet.
  clear() {
    this.#waiting = [];
  }

  async #next() {
    this.#under++;
    const photo = this.#waiting.shift();
    await this.#ask(photo, this.#gallery.model);
    this.#under--;
    if (this.#waiting.length) this.#next();
    else if (!this.#under) this.#onIdle();
  }

  async #ask(photo, model) {
    try {
      const prediction = await predict(model, photo.file);
      if (model === this.#gallery.model) this.#gallery.answered(photo, prediction);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (model === this.#gallery.model) this.#gallery.failed(photo, error.message, error.passing);
    }
  }
}
