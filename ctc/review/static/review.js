// The review: a queue, the current event, the selection, and what its reviewer answers.
import { get } from "./api.js";
import { acceptedAnswer, allLabels, answerText, blankOf, classOf, isDone, mainLabel, setLabels } from "./answers.js";
import { EventList, eventsOf } from "./events.js";
import { Outbox } from "./outbox.js";

const FIXED_STATES = ["second", "disagreements"];

// Emits "list" (another queue, or events have come), "focus", "selection", "event" {keys}, "label", and "say" {text, isBad}.
export class Review extends EventTarget {
  queue = "";
  filters = {};
  list = new EventList({});
  at = 0;
  selected = new Map(); // events by key
  label = null; // the one that the keys 1 to 9 are about

  constructor(session) {
    super();
    this.session = session;
    setLabels(session.labels);
    this.label = mainLabel();
    this.outbox = new Outbox(`${session.store} ${session.reviewer}`);
    this.outbox.addEventListener("saved", ({ detail }) => this.#saved(detail));
    this.outbox.addEventListener("refused", ({ detail }) => this.#refused(detail));
  }

  get current() {
    return this.list.at(this.at);
  }

  // What the next answer is for: the selection, else the current event.
  get targets() {
    return this.selected.size ? [...this.selected.values()] : this.current ? [this.current] : [];
  }

  open(queue, filters) {
    this.list.close();
    Object.assign(this, { queue, filters, at: 0 });
    const { state, ...others } = filters;
    this.list = new EventList({ queue, ...others, state: FIXED_STATES.includes(queue) ? "" : state });
    this.list.addEventListener("change", () => this.#tell("list"));
    this.clear();
    this.list.want(0, 1);
    this.#tell("list");
    this.#tell("focus");
  }

  goTo(index) {
    if (!this.list.count) return;
    this.at = Math.max(0, Math.min(index, this.list.count - 1));
    this.list.want(this.at, this.at + 2);
    this.label = mainLabel();
    this.#tell("focus");
  }

  // Goes to the next event that nobody has answered and nobody else looks at.
  next() {
    let index = this.at + 1;
    while (index < this.list.count) {
      const event = this.list.at(index);
      if (!event || !(isDone(event) || event.lease)) break;
      index++;
    }
    if (index < this.list.count) return this.goTo(index);
    this.label = mainLabel();
    this.#tell("focus");
    this.say("This is the end of the queue.");
  }

  // Answers with what the model says; an event that is answered stays so.
  accept() {
    const targets = this.targets.filter((event) => !isDone(event) || event.draft);
    if (!targets.length) return this.#leave();
    const groups = new Map();
    for (const event of targets) {
      const answer = acceptedAnswer(event, event.mine ?? {});
      if (!answer) return this.say(`The model names no class that can be accepted for ${event.id}: press 1 to 9, / or E.`, true);
      const text = JSON.stringify(answer);
      groups.set(text, [...(groups.get(text) ?? []), event]);
    }
    for (const [text, events] of groups) this.#send(events, JSON.parse(text));
    this.#leave();
  }

  // Answers a label with a class; of a label beside the main one, it waits for the answer of the event.
  give(label, name) {
    if (label.multi_label) return this.#toggle(label, name);
    if (label !== mainLabel()) return this.#giveBeside(label, [name]);
    this.#answer((event) => acceptedAnswer(event, { [label.name]: [name] }));
  }

  empty() {
    const label = mainLabel();
    if (label.multi_label && !blankOf(label)) return this.#answer(() => ({ [label.name]: [] }));
    if (blankOf(label)) return this.give(label, blankOf(label).name);
    if (this.addClass(label, "empty")) this.give(label, "empty");
    else this.say(`'${label.name}' has no class for empty: a lead can add one.`, true);
  }

  unsure() {
    this.#answer(() => ({ [mainLabel().name]: null }));
  }

  // Adds a class if the reviewer may, and returns whether it is there.
  addClass(label, name) {
    if (!label.is_open && !this.session.may_add_classes) return false;
    const is_blank = /^(empty|blank|none|nothing)$/i.test(name);
    label.classes.push({ name, is_blank, names: [] });
    this.outbox.add("class", { label: label.name, name });
    this.#tell("label");
    return true;
  }

  nextLabel(by) {
    const labels = allLabels();
    this.label = labels[(labels.indexOf(this.label) + by + labels.length) % labels.length];
    this.#tell("label");
  }

  undo() {
    this.outbox.add("undo", {});
  }

  redo() {
    this.outbox.add("redo", {});
  }

  select(index = this.at) {
    const event = this.list.at(index);
    if (!event) return;
    if (!this.selected.delete(event.key)) this.selected.set(event.key, event);
    this.#tell("selection");
  }

  clear() {
    this.selected.clear();
    this.#tell("selection");
  }

  // Selects all events that look like the current one.
  async selectGroup() {
    const { current } = this;
    if (!current) return;
    try {
      const { events } = await get(`api/group/${current.key}`);
      const far = events.filter(({ key }) => !this.list.find(key)).map(({ key }) => key);
      const all = new Map((await eventsOf(far)).map((event) => [event.key, event]));
      for (const { key } of events) this.selected.set(key, this.list.find(key) ?? all.get(key));
      this.#tell("selection");
      this.say(`${events.length.toLocaleString("en")} events that look alike are selected.`);
    } catch (error) {
      this.say(error.message, true);
    }
  }

  // Asks the server again about these events.
  async refresh(keys) {
    for (const fresh of await eventsOf(keys)) this.update(fresh);
    this.#tell("event", { keys });
  }

  update(fresh) {
    for (const event of [this.list.find(fresh.key), this.selected.get(fresh.key)]) if (event) Object.assign(event, fresh);
  }

  say(text, isBad = false) {
    this.#tell("say", { text, isBad });
  }

  #toggle(label, name) {
    for (const event of this.targets) {
      const names = acceptedAnswer(event, { ...event.mine, ...event.draft })?.[label.name] ?? [];
      const changed = names.includes(name) ? names.filter((one) => one !== name) : [...names, name];
      event.draft = { ...event.draft, [label.name]: changed };
    }
    this.#changed(this.targets);
  }

  #giveBeside(label, names) {
    const { targets } = this;
    const done = targets.filter(isDone);
    if (done.length) this.#send(done, { [label.name]: names }, true);
    for (const event of targets) if (!isDone(event)) event.draft = { ...event.draft, [label.name]: names };
    this.#changed(targets);
  }

  #answer(answerOf) {
    const groups = new Map();
    for (const event of this.targets) {
      const text = JSON.stringify(answerOf(event));
      groups.set(text, [...(groups.get(text) ?? []), event]);
    }
    for (const [text, events] of groups) this.#send(events, JSON.parse(text));
    if (groups.size) this.#leave();
  }

  #send(events, answer, merge = false) {
    for (const event of events) {
      event.pending = merge ? { ...(event.pending ?? event.mine), ...answer } : answer;
      event.conflict = event.draft = undefined;
    }
    const versions = Object.fromEntries(events.map(({ key, version }) => [key, version]));
    const keys = events.map(({ key }) => key);
    this.outbox.add("answer", { keys, versions, answer, merge }, { text: answerText(answer) });
    this.#changed(events);
  }

  #leave() {
    const many = this.selected.size > 0;
    this.clear();
    if (!many || isDone(this.current ?? {})) this.next();
  }

  #saved({ work, reply }) {
    for (const fresh of reply.events ?? []) {
      this.update(fresh);
      if (work.kind === "answer") this.#sent(fresh.key);
    }
    for (const key of work.content.keys ?? []) this.#sent(key);
    if (work.kind === "undo" || work.kind === "redo") this.#undone(work.kind, reply.events);
    this.#changed(reply.events ?? []);
    this.#tell("saved", { work, events: reply.events ?? [] });
  }

  // An event whose later answers still wait shows the last of these.
  #sent(key) {
    const event = this.list.find(key);
    if (event && !this.outbox.isWaiting(key)) event.pending = undefined;
  }

  #undone(kind, events) {
    if (!events.length) return this.say(`There is nothing to ${kind}.`);
    const [first] = events;
    const index = this.list.placeOf(first.key);
    if (index >= 0) this.goTo(index);
    const answer = first.mine ? `is answered: ${answerText(first.mine)}` : "has no answer";
    this.say(`${kind === "undo" ? "Undone" : "Redone"}: ${events.length === 1 ? `the event ${answer}` : `${events.length} events`}.`);
  }

  #refused({ work, error }) {
    for (const key of work.content.keys ?? []) this.#sent(key);
    for (const fresh of error.content.events ?? []) {
      this.update(fresh);
      const event = this.list.find(fresh.key);
      if (event) event.conflict = { mine: work.about.text, others: fresh.others };
    }
    const both = (error.content.events ?? []).map(({ others }) =>
      Object.entries(others).map(([name, answer]) => `${name} says ${answerText(answer)}`).join(", "));
    const detail = both.length ? ` ${both[0]}; you said ${work.about.text}. Answer again to keep yours.` : "";
    this.say(`Not saved: ${error.message}.${detail}`, true);
    this.#tell("event", { keys: work.content.keys ?? [], conflict: error.content.events?.[0]?.key });
  }

  #changed(events) {
    this.#tell("event", { keys: events.map(({ key }) => key) });
  }

  #tell(kind, detail = {}) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }
}
