// One event large: its photos one by one, with zoom, contrast and gamma.
import { byId } from "./dom.js";
import { coverOf, drawBoxes, preload, show } from "./photos.js";
import { timeText } from "./card.js";

const CONTRASTS = [1, 1.5, 2.2];
const GAMMAS = ["", "url(#gamma-1)", "url(#gamma-2)"];
const ZOOMS = [1, 1.5, 2, 3, 4, 6, 8];
const PLAY_DELAY = 250; // ms that a photo is shown while its event plays

export class Stage {
  #stage = byId("stage");
  #frame = byId("frame");
  #image = byId("large");
  #boxes = document.querySelector("#frame .boxes");
  #event = null;
  #n = 0;
  #zoom = 0;
  #offset = [0, 0];
  #giveUp = () => {};
  #shown = Promise.resolve(); // settled when the photo is shown, or can't be
  #contrast = 0;
  #gamma = 0;
  #drag = null;
  #playing = 0; // the number of the run that plays, 0 for none
  #runs = 0;
  hasBoxes = true;

  constructor({ onphoto }) {
    this.onphoto = onphoto;
    new ResizeObserver(() => this.#draw()).observe(this.#stage);
    this.#stage.addEventListener("wheel", (wheel) => {
      wheel.preventDefault();
      this.zoom(wheel.deltaY < 0 ? 1 : -1);
    }, { passive: false });
    this.#stage.addEventListener("pointerdown", (down) => (this.#drag = [down.clientX - this.#offset[0], down.clientY - this.#offset[1]]));
    addEventListener("pointerup", () => (this.#drag = null));
    addEventListener("pointermove", (move) => {
      if (!this.#drag || !this.#zoom) return;
      this.#offset = [move.clientX - this.#drag[0], move.clientY - this.#drag[1]];
      this.#transform();
    });
  }

  get photo() {
    return this.#n;
  }

  // Shows an event; the photo stays where it is if it is the same event.
  show(event) {
    if (event === this.#event) return;
    this.stop();
    this.#event = event;
    byId("play").hidden = !(event?.photos.length > 1);
    if (event) this.showPhoto(coverOf(event));
  }

  showPhoto(n) {
    const { photos, key } = this.#event;
    this.#n = Math.max(0, Math.min(n, photos.length - 1));
    this.#load(this.#zoom > 0 ? "full" : "view");
    for (const other of [this.#n + 1, this.#n - 1]) if (photos[other]) preload(key, other, "view");
    this.onphoto();
  }

  step(by) {
    this.stop();
    if (this.#event) this.showPhoto(this.#n + by);
  }

  // Plays the photos of the event from the first to the last, again and again; stops if it plays.
  async play() {
    if (this.#playing) return this.stop();
    if (!(this.#event?.photos.length > 1)) return "This event has one photo";
    const { photos } = this.#event;
    const run = (this.#playing = ++this.#runs);
    this.#tellPlaying();
    for (let n = 0; this.#playing === run; n = (n + 1) % photos.length) {
      this.showPhoto(n);
      await this.#shown;
      await new Promise((resolve) => setTimeout(resolve, PLAY_DELAY));
    }
    return "";
  }

  stop() {
    this.#playing = 0;
    this.#tellPlaying();
    return "";
  }

  #tellPlaying() {
    byId("play").firstChild.textContent = this.#playing ? "Stop " : "Play ";
  }

  zoom(by) {
    const before = this.#zoom;
    this.#zoom = by === 0 ? 0 : Math.max(0, Math.min(ZOOMS.length - 1, this.#zoom + by));
    if (this.#zoom === 0) this.#offset = [0, 0];
    else if (before) this.#offset = this.#offset.map((one) => (one * ZOOMS[this.#zoom]) / ZOOMS[before]);
    if (!before && this.#zoom && this.#event) this.#load("full");
    this.#transform();
    return `Zoom ${ZOOMS[this.#zoom]}`;
  }

  contrast() {
    this.#contrast = (this.#contrast + 1) % CONTRASTS.length;
    this.#look();
    return `Contrast ${CONTRASTS[this.#contrast]}`;
  }

  gamma() {
    this.#gamma = (this.#gamma + 1) % GAMMAS.length;
    this.#look();
    return ["Gamma off", "Gamma: brighter", "Gamma: much brighter"][this.#gamma];
  }

  #look() {
    const parts = [GAMMAS[this.#gamma], this.#contrast ? `contrast(${CONTRASTS[this.#contrast]})` : ""].filter(Boolean);
    document.documentElement.style.setProperty("--looks", parts.join(" ") || "none");
  }

  #load(size) {
    const { photos, key, id } = this.#event;
    const photo = photos[this.#n];
    this.#giveUp();
    byId("unseen").hidden = Boolean(photo);
    if (!photo) byId("unseen").textContent = "This event has no photo.";
    byId("caption").textContent = photo ? [`photo ${this.#n + 1} of ${photos.length}`, photo.name, timeText(photo.taken)].filter(Boolean).join(" · ") : "";
    this.#image.alt = photo ? `Photo ${this.#n + 1} of ${photos.length} of ${id}` : "";
    if (!photo) return this.#image.removeAttribute("src");
    let settle;
    this.#shown = new Promise((resolve) => (settle = resolve));
    const giveUp = show(this.#image, key, this.#n, size, {
      onload: () => {
        settle();
        this.#draw();
      },
      onfail: (reason) => {
        settle();
        this.#image.removeAttribute("src");
        this.#boxes.replaceChildren();
        byId("unseen").hidden = false;
        byId("unseen").textContent = reason;
      },
    });
    this.#giveUp = () => {
      settle();
      giveUp();
    };
  }

  #draw() {
    const photo = this.#event?.photos[this.#n];
    if (photo) drawBoxes(this.#boxes, this.#image, this.hasBoxes ? photo.boxes : [], true);
  }

  toggleBoxes() {
    this.hasBoxes = !this.hasBoxes;
    this.#draw();
  }

  #transform() {
    this.#frame.style.transform = this.#zoom ? `translate(${this.#offset[0]}px, ${this.#offset[1]}px) scale(${ZOOMS[this.#zoom]})` : "";
    this.#stage.classList.toggle("zoomed", this.#zoom > 0);
  }
}
