// Returns dropped or chosen photos and clips: {file, path}, with the path inside the folder.

const PHOTO = /\.(jpe?g|png|bmp|webp|tiff?|gif)$/i;
const CLIP = /\.(mp4|m4v|mov|3gp|avi|m2?ts)$/i;

export const isClip = (file) => CLIP.test(file.name);

const isPhoto = ({ file }) => (PHOTO.test(file.name) || isClip(file)) && !file.name.startsWith(".");

export function chosen(files) {
  return Array.from(files, (file) => ({ file, path: file.webkitRelativePath || file.name })).filter(isPhoto);
}

// Must be called inside the drop handler: the browser discards the data after it.
export async function dropped(transfer) {
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return chosen(transfer.files);
  const found = [];
  for (const entry of entries) await collect(entry, found);
  return found.filter(isPhoto).sort((a, b) => a.path.localeCompare(b.path, undefined, { numeric: true }));
}

async function collect(entry, found) {
  if (entry.isFile) {
    const file = await new Promise((resolve) => entry.file(resolve, () => resolve(null)));
    if (file) found.push({ file, path: entry.fullPath.replace(/^\//, "") });
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    // a folder returns its entries in chunks of a hundred
    const some = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (!some.length) return;
    for (const one of some) await collect(one, found);
  }
}
