// The events of a queue, loaded page by page as they come into sight.
import { get } from "./api.js";

export const PAGE = 60;
const AT_ONCE = 3;
const KEYS_AT_ONCE = 200;

// Emits "change" when events have come, or their number is known better.
export class EventList extends EventTarget {
  #slots = [];
  #cursors = new Map([[0, null]]);
  #loading = new Set();
  #places = new Map();
  #wanted = [];
  #isClosed = false;

  // `query`: of the queue and its filters.
  constructor(query) {
    super();
    this.query = query;
    this.count = 0;
    this.isCounted = false; // whether the count is that of the server
    this.error = null;
  }

  at(index) {
    return this.#slots[index] ?? null;
  }

  find(key) {
    return this.at(this.#places.get(key) ?? -1);
  }

  placeOf(key) {
    return this.#places.get(key) ?? -1;
  }

  loaded() {
    return this.#slots.filter(Boolean);
  }

  // The server's count; what is loaded already is never less.
  setCount(count) {
    if (this.isCounted) return;
    this.count = Math.max(count, this.#slots.length);
    this.isCounted = true;
    this.#tell();
  }

  close() {
    this.#isClosed = true;
  }

  // Loads the pages with these places, and forgets about others that were asked for before.
  want(from, to) {
    const last = this.isCounted || this.count ? Math.max(0, Math.ceil(this.count / PAGE) - 1) : 0;
    this.#wanted = [];
    for (let page = Math.floor(from / PAGE); page <= Math.min(last, Math.floor(to / PAGE)); page++) {
      if (!this.#slots[page * PAGE] && !this.#loading.has(page)) this.#wanted.push(page);
    }
    this.#work();
  }

  #work() {
    while (this.#wanted.length && this.#loading.size < AT_ONCE && !this.#isClosed) this.#load(this.#wanted.shift());
  }

  async #load(page) {
    this.#loading.add(page);
    const known = Math.max(...[...this.#cursors.keys()].filter((one) => one <= page));
    const after = this.#cursors.get(known);
    const place = { limit: PAGE, skip: (page - known) * PAGE || "", after: after === null ? "" : JSON.stringify(after) };
    try {
      const { events, next } = await get("api/events", { ...this.query, ...place });
      this.#take(page, events, next);
      this.error = null;
    } catch (error) {
      this.error = error;
      setTimeout(() => this.#isClosed || this.#tell(), 3000); // which asks again
    }
    this.#loading.delete(page);
    if (!this.#isClosed) this.#tell();
    this.#work();
  }

  #take(page, events, next) {
    events.forEach((event, at) => {
      this.#slots[page * PAGE + at] = event;
      this.#places.set(event.key, page * PAGE + at);
    });
    const end = page * PAGE + events.length;
    if (next) this.#cursors.set(page + 1, next);
    if (next && end >= this.count) this.count = end + 1;
    if (!next && (events.length || !page)) [this.count, this.isCounted] = [end, true];
    if (!next && !events.length && page) this.count = Math.min(this.count, page * PAGE); // others answered the rest
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}

// Returns the events of these keys.
export async function eventsOf(keys) {
  const found = [];
  for (let at = 0; at < keys.length; at += KEYS_AT_ONCE) {
    const { events } = await get("api/events", { keys: keys.slice(at, at + KEYS_AT_ONCE).join(",") });
    found.push(...events);
  }
  return found;
}
