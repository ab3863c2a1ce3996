// Queues with their counts, filters, and how far the review is.
import { get } from "./api.js";
import { mainLabel } from "./answers.js";
import { byId, counted, element, soon } from "./dom.js";

const COUNT_EVERY = 20_000;
const COUNT_AFTER = 4_000; // milliseconds after an answer

export class Side {
  #review;
  #form = byId("filters");
  #counts = null;
  #last = "";

  constructor(review) {
    this.#review = review;
    this.#form.addEventListener("change", () => this.choose(review.queue));
    this.#form.addEventListener("reset", () => setTimeout(() => this.choose(review.queue)));
    this.#form.addEventListener("submit", (event) => event.preventDefault());
    this.#form.elements.answered_by.append(...review.session.reviewers.map((name) => element("option", {}, name)));
    setInterval(() => document.hidden || this.count(), COUNT_EVERY);
    const recount = soon(() => this.count(), COUNT_AFTER);
    review.addEventListener("saved", ({ detail }) => {
      this.#answered(detail);
      recount();
    });
  }

  // The filters of the form, as the server takes them.
  get filters() {
    const given = Object.fromEntries(new FormData(this.#form));
    for (const name of ["least", "most"]) if (given[name] !== "") given[name] = String(Number(given[name]) / 100);
    return { ...given, label: mainLabel()?.name ?? "" };
  }

  choose(queue) {
    const filters = this.filters;
    if (queue === "class" && !filters.class) queue = "all";
    this.#review.open(queue, filters);
    this.#draw();
    this.count();
  }

  chooseClass(name) {
    this.#form.elements.class.value = name;
    this.choose("class");
  }

  async count() {
    const filters = this.filters;
    const asked = JSON.stringify(filters);
    this.#last = asked;
    try {
      const [counts, summary, proof] = await Promise.all([get("api/queues", filters), get("api/summary"), get("api/proof")]);
      if (this.#last !== asked) return;
      this.#counts = counts;
      this.#offer(counts);
      this.#draw();
      this.#progress(summary);
      drawProof(proof);
      this.#setCount();
    } catch (error) {
      this.#review.say(`The queues can't be counted: ${error.message}.`, true);
    }
  }

  #setCount() {
    const { queue } = this.#review;
    const count = queue === "class" ? this.#counts.classes.find(([name]) => name === this.filters.class)?.[1] : this.#counts.queues[queue];
    if (count !== undefined) this.#review.list.setCount(count);
  }

  #offer({ classes, places }) {
    fillChoice(this.#form.elements.class, [...classes, ...mainLabel().classes.map(({ name }) => [name, 0]).filter(([name]) => !classes.some(([one]) => one === name))]);
    fillChoice(this.#form.elements.place, places);
  }

  #draw() {
    const { session, queue } = this.#review;
    const rows = session.queues.filter(({ name }) => name !== "class" || this.filters.class).map(({ name, title, about }) => {
      const count = name === "class" ? "" : (this.#counts?.queues[name] ?? "");
      return element("li", {}, element("button", { type: "button", "aria-pressed": String(name === queue), title: about, disabled: count === 0 && name !== queue, onclick: () => this.choose(name) },
        element("span", {}, name === "class" ? `${title}: ${this.filters.class}` : title), element("span", { class: "count" }, count.toLocaleString("en"))));
    });
    byId("queues").replaceChildren(...rows);
    const chosen = session.queues.find(({ name }) => name === queue);
    byId("title").textContent = queue === "class" ? `${chosen.title}: ${this.filters.class}` : (chosen?.title ?? "");
    byId("about").textContent = chosen?.about ?? "";
  }

  #progress({ states, reviewers, agreements }) {
    const all = Object.values(states).reduce((sum, one) => sum + one, 0);
    this.progress = { all, open: states.open ?? 0 };
    this.#showProgress();
    byId("people").replaceChildren(element("h2", {}, "Reviewers"), element("ul", {}, ...reviewers.map(({ name, answers, recent, seconds }) =>
      element("li", {}, element("span", {}, name), element("span", { class: "count" }, answers.toLocaleString("en")),
        recent > 0 && element("span", { class: "hint" }, `${Math.round((60 * recent) / Math.max(60, seconds))} a minute`)))),
      ...agreements.map(({ reviewers: pair, label, events, agreed, kappa }) => element("p", { class: "hint" },
        `${pair.join(" and ")} agree in ${agreed} of ${counted(events, "event")} (${label}${kappa === null ? "" : `, Cohen's kappa ${kappa.toFixed(2)}`})`)));
    byId("people").hidden = !reviewers.length;
  }

  #showProgress() {
    const { all, open } = this.progress;
    byId("progress").max = Math.max(1, all);
    byId("progress").value = all - open;
    byId("progress-text").textContent = `${(all - open).toLocaleString("en")} of ${counted(all, "event")} answered`;
  }

  // Counts what was saved at once; the server's numbers follow.
  #answered({ work, events }) {
    if (!this.progress || work.kind !== "answer") return;
    this.progress.open = Math.max(0, this.progress.open - events.filter((event) => event.answered_by?.length === 1).length);
    this.#showProgress();
  }
}

const PROOF_SIGNS = { shown: "✓", open: "…", refuted: "✗" };

// What the random audit has shown up to now.
function drawProof({ claims, is_enough, confidence }) {
  byId("proof").hidden = !claims.some(({ drawn }) => drawn > 0);
  const [summary, about, list] = byId("proof").children;
  const shown = claims.filter(({ state }) => state === "shown").length;
  summary.textContent = is_enough ? "Proof: enough" : `Proof: ${shown} of ${counted(claims.length, "claim")} shown`;
  about.textContent = `By the random audit, with ${Math.round(100 * confidence)} % confidence:`;
  list.replaceChildren(...claims.map(({ state, promise, verdict }) => element("li", { class: state },
    element("span", { class: "sign", "aria-hidden": "true" }, PROOF_SIGNS[state]), element("span", {}, promise, element("span", { class: "hint" }, ` ${verdict}`)))));
}

function fillChoice(choice, counts) {
  const { value } = choice;
  const names = counts.map(([name, count]) => element("option", { value: name }, count ? `${name} (${count.toLocaleString("en")})` : name));
  choice.replaceChildren(element("option", { value: "" }, "any"), ...names);
  choice.value = value;
}
