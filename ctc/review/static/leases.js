// Tells the server which events are on the screen, and shows which others look at.
import { post } from "./api.js";

const RENEW = 45_000;

export class Leases {
  #review;
  #held = [];
  #asked = 0;

  constructor(review) {
    this.#review = review;
    setInterval(() => document.hidden || this.look(this.#held.map((key) => review.list.find(key)).filter(Boolean), true), RENEW);
    addEventListener("pagehide", () => this.#release(this.#held));
  }

  // `events`: those on the screen. `isAgain`: also ask for what others did since.
  async look(events, isAgain = false) {
    const keys = events.map(({ key }) => key);
    const left = this.#held.filter((key) => !keys.includes(key));
    const same = !left.length && keys.every((key) => this.#held.includes(key));
    if (!keys.length || (same && !isAgain)) return;
    this.#held = keys;
    if (left.length) this.#release(left);
    const asked = ++this.#asked;
    try {
      if (isAgain) await this.#review.refresh(keys);
      const { leases } = await post("api/lease", { keys });
      if (asked !== this.#asked) return;
      for (const event of events) event.lease = leases[event.key] ?? null;
      this.#review.dispatchEvent(new CustomEvent("event", { detail: { keys } }));
    } catch {
      this.#held = []; // asked again when something moves
    }
  }

  #release(keys) {
    if (keys.length) post("api/release", { keys }, { keepalive: true }).catch(() => {}); // they end by themselves
  }
}
