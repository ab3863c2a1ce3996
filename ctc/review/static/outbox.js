// What was answered and is not yet acknowledged: sent in order, again and again, and kept when the page is closed.
import { post } from "./api.js";

const WAITS = [1, 2, 4, 8, 15];
const PATHS = { answer: "api/answers", undo: "api/undo", redo: "api/redo", class: "api/classes" };

// Emits "saved" {work, reply}, "refused" {work, error}, "trouble" {error} or {error: null}, and "change".
export class Outbox extends EventTarget {
  #work;
  #place;
  #isSending = false;
  #failures = 0;

  constructor(name) {
    super();
    this.#place = `ctc-review-outbox ${name}`;
    this.#work = JSON.parse(localStorage.getItem(this.#place) ?? "[]");
    addEventListener("online", () => this.#wake?.());
  }

  get waiting() {
    return this.#work.length;
  }

  // Whether an answer to this event waits.
  isWaiting(key) {
    return this.#work.some(({ content }) => content.keys?.includes(key));
  }

  // `kind`: a key of PATHS; `content`: of the request.
  add(kind, content, about = {}) {
    const isNamed = kind !== "class";
    this.#work.push({ kind, content: isNamed ? { ...content, request: newName() } : content, about });
    this.#keep();
    this.send();
  }

  async send() {
    if (this.#isSending) return;
    this.#isSending = true;
    while (this.#work.length) await this.#sendFirst(this.#work[0]);
    this.#isSending = false;
  }

  #wake = null;

  async #sendFirst(work) {
    try {
      const reply = await post(PATHS[work.kind], work.content);
      this.#done(work);
      this.#tell("saved", { work, reply });
    } catch (error) {
      if (error.isPassing) {
        this.#tell("trouble", { error });
        await this.#wait();
        return;
      }
      this.#done(work);
      this.#tell("refused", { work, error });
    }
    if (this.#failures) this.#tell("trouble", { error: null });
    this.#failures = 0;
  }

  #wait() {
    const seconds = WAITS[Math.min(this.#failures, WAITS.length - 1)];
    this.#failures++;
    return new Promise((resolve) => {
      this.#wake = resolve;
      setTimeout(resolve, 1000 * seconds);
    });
  }

  #done(work) {
    this.#work = this.#work.filter((one) => one !== work);
    this.#keep();
  }

  #keep() {
    try {
      localStorage.setItem(this.#place, JSON.stringify(this.#work));
    } catch {
      this.#tell("change", {}); // no room in the browser: the answers wait in the page alone
    }
    this.#tell("change", {});
  }

  #tell(kind, detail) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }
}

// A name that no other request has; crypto.randomUUID is missing on pages without TLS.
function newName() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
