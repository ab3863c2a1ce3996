// Thumbnails, made in the browser when they scroll into view.
import { element } from "./dom.js";
import { isClip } from "./intake.js";

const WIDTH = 480;
const AT_ONCE = 2;

const waiting = [];
let working = 0;

const sight = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      sight.unobserve(target);
      waiting.push(target);
      work();
    }
  },
  { rootMargin: "300px" },
);

// Returns an img that loads the thumbnail when it scrolls into view.
export function picture(photo) {
  const image = element("img", { alt: "", decoding: "async" });
  if (photo.picture) image.src = photo.picture;
  else {
    image.photo = photo;
    sight.observe(image);
  }
  return image;
}

async function work() {
  if (working >= AT_ONCE || !waiting.length) return;
  working++;
  const image = waiting.shift();
  try {
    image.photo.picture ??= URL.createObjectURL(await small(image.photo.file));
    image.src = image.photo.picture;
  } catch {
    image.closest(".picture")?.classList.add("unseen"); // a TIFF, a clip of another codec, or no photo at all
  }
  working--;
  work();
}

async function small(file) {
  const bitmap = await (isClip(file) ? firstFrame(file) : createImageBitmap(file));
  const scale = Math.min(1, WIDTH / bitmap.width);
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/jpeg", 0.8);
  });
}

async function firstFrame(file) {
  const video = element("video", { muted: true, preload: "auto" });
  const url = URL.createObjectURL(file);
  try {
    await new Promise((resolve, reject) => {
      Object.assign(video, { onloadeddata: resolve, onerror: () => reject(new Error("no picture")), src: url });
    });
    return await createImageBitmap(video);
  } finally {
    video.removeAttribute("src");
    URL.revokeObjectURL(url);
  }
}
