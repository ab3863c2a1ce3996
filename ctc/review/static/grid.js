// The grid: only the cards that are seen exist, however long the queue is.
import { card } from "./card.js";
import { byId, soon } from "./dom.js";

const SIZES = [150, 210, 280, 380]; // least widths of a card
const TEXT = 62; // pixels below the photo
const GAP = 12;
const MARGIN_ROWS = 1;

export class Grid {
  #review;
  #grid = byId("grid");
  #scroller = byId("scroller");
  #cards = new Map();
  #size = 1;
  #list = null;
  #onseen;

  // `onseen` gets the events that are on the screen; `onopen` is called when one is opened.
  constructor(review, { onseen, onopen }) {
    this.#review = review;
    this.#onseen = soon(() => onseen(this.seen()), 400);
    const draw = () => this.draw();
    let frame = 0;
    this.#scroller.addEventListener("scroll", () => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        this.draw(false);
      });
    }, { passive: true });
    new ResizeObserver(() => {
      this.draw();
      this.reveal();
    }).observe(this.#scroller);
    this.#grid.addEventListener("click", (click) => this.#clicked(click));
    this.#grid.addEventListener("dblclick", (click) => click.target.closest(".event") && onopen());
    for (const kind of ["list", "event", "selection"]) review.addEventListener(kind, draw);
    review.addEventListener("focus", () => {
      this.reveal();
      this.draw();
    });
  }

  get columns() {
    return Math.max(1, Math.floor((this.#scroller.clientWidth - GAP) / (Math.min(SIZES[this.#size], this.#scroller.clientWidth - 2 * GAP) + GAP)));
  }

  get rowsOnScreen() {
    return Math.max(1, Math.floor(this.#scroller.clientHeight / this.#rowHeight));
  }

  resize(by) {
    this.#size = Math.max(0, Math.min(SIZES.length - 1, this.#size + by));
    this.draw();
    this.reveal();
  }

  // Scrolls so that the current event is seen.
  reveal() {
    const top = Math.floor(this.#review.at / this.columns) * this.#rowHeight;
    const { scrollTop, clientHeight } = this.#scroller;
    if (top < scrollTop) this.#scroller.scrollTop = top;
    else if (top + this.#rowHeight + GAP > scrollTop + clientHeight) this.#scroller.scrollTop = top + this.#rowHeight + GAP - clientHeight;
  }

  seen() {
    const { scrollTop, clientHeight } = this.#scroller;
    const first = Math.floor(scrollTop / this.#rowHeight) * this.columns;
    const last = Math.ceil((scrollTop + clientHeight) / this.#rowHeight) * this.columns;
    return Array.from({ length: Math.max(0, last - first) }, (_, at) => this.#review.list.at(first + at)).filter(Boolean);
  }

  // `isAll`: cards that stay on the screen may have changed.
  draw(isAll = true) {
    if (!this.#scroller.clientHeight) return;
    const { list, at, selected } = this.#review;
    const columns = this.columns;
    const { scrollTop, clientHeight } = this.#scroller;
    const rows = Math.ceil(list.count / columns);
    const rowHeight = this.#rowHeight;
    this.#grid.style.height = `${rows * rowHeight + GAP}px`;
    const first = Math.max(0, Math.floor(scrollTop / rowHeight) - MARGIN_ROWS) * columns;
    const last = Math.min(list.count, (Math.ceil((scrollTop + clientHeight) / rowHeight) + MARGIN_ROWS) * columns) - 1;
    list.want(first, last);
    if (this.#list !== list) this.#clear();
    this.#list = list;
    const shown = new Set();
    for (let index = first; index <= last; index++) {
      const event = list.at(index);
      if (!event) continue;
      shown.add(event.key);
      const isNew = !this.#cards.has(event.key);
      if (!isNew && !isAll) continue;
      const one = this.#cardOf(event, index);
      this.#place(one, index, columns);
      one.update(index === at, selected.has(event.key));
    }
    for (const [key, one] of this.#cards) if (!shown.has(key)) this.#remove(key, one);
    const current = list.at(at);
    if (current && shown.has(current.key)) this.#grid.setAttribute("aria-activedescendant", `event-${current.key}`);
    else this.#grid.removeAttribute("aria-activedescendant");
    this.#onseen();
  }

  get #width() {
    return (this.#scroller.clientWidth - GAP * (this.columns + 1)) / this.columns;
  }

  get #rowHeight() {
    return Math.round(this.#width * 0.75) + TEXT + GAP;
  }

  #cardOf(event, index) {
    let found = this.#cards.get(event.key);
    if (!found) {
      found = card(event, index);
      found.setAttribute("aria-posinset", index + 1);
      this.#cards.set(event.key, found);
      this.#grid.append(found);
    }
    found.setAttribute("aria-setsize", this.#review.list.isCounted ? this.#review.list.count : -1);
    return found;
  }

  #place(one, index, columns) {
    const width = this.#width;
    one.style.width = `${width}px`;
    one.style.height = `${this.#rowHeight - GAP}px`;
    one.style.transform = `translate(${GAP + (index % columns) * (width + GAP)}px, ${GAP + Math.floor(index / columns) * this.#rowHeight}px)`;
  }

  #clicked(click) {
    const one = click.target.closest(".event");
    if (!one) return;
    const index = Number(one.dataset.index);
    if (click.shiftKey) for (let at = Math.min(this.#review.at, index); at <= Math.max(this.#review.at, index); at++) {
      const event = this.#review.list.at(at);
      if (event && !this.#review.selected.has(event.key)) this.#review.select(at);
    }
    else if (click.ctrlKey || click.metaKey) this.#review.select(index);
    this.#review.goTo(index);
  }

  #clear() {
    for (const [key, one] of this.#cards) this.#remove(key, one);
    this.#scroller.scrollTop = 0;
  }

  #remove(key, one) {
    one.close();
    one.remove();
    this.#cards.delete(key);
  }
}
