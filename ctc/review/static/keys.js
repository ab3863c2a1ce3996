// The keys of the page, and the list of them.
import { byId, element } from "./dom.js";
import { isTyping } from "./typeahead.js";

export const HELP = [
  ["Enter, Space", "the model is right: save, go on"],
  ["1 … 9", "the model's guesses; of a count, the number"],
  ["/ or a letter", "another class by its first letters"],
  ["E", "empty"],
  ["U", "not sure"],
  ["Z, Y", "undo, redo, without end"],
  ["arrows", "other events; Home, End, Page up, Page down"],
  ["X", "select, or take out of the selection"],
  ["A", "select all that look alike"],
  ["Esc", "clear the selection; leave the photo"],
  [". and ,", "next and previous label, such as count"],
  ["O", "one event with its photo, or the grid"],
  ["F", "full screen"],
  ["Shift+← →, ↑ ↓", "photos of a burst (↑ ↓ with one event)"],
  ["*", "play the photos of a burst or clip; stop"],
  ["+ and −", "zoom; in the grid larger and smaller cards"],
  ["0", "whole photo"],
  ["C, G", "contrast, gamma, for night photos"],
  ["B", "boxes on or off"],
  ["?", "this list"],
];
const COMMANDS = "aboecfguxyzO0";

export function listKeys() {
  byId("keys").replaceChildren(
    element("h2", { id: "keys-title" }, "Keys"),
    element("dl", { class: "key-list" }, ...HELP.flatMap(([keys, text]) => [element("dt", {}, element("kbd", {}, keys)), element("dd", {}, text)])),
    element("form", { method: "dialog", class: "buttons" }, element("button", {}, "Close")),
  );
}

// Calls `actions[name]` for the keys of the page; what a form or dialog needs is left to it.
export function listenToKeys(actions) {
  document.addEventListener("keydown", (press) => {
    if (press.ctrlKey || press.metaKey || press.altKey || isTyping() || document.querySelector("dialog[open]")) return;
    if (press.target.matches("input, select, textarea")) return;
    const isOnButton = press.target.matches("button, a, summary");
    if (isOnButton && (press.key === "Enter" || press.key === " ")) return;
    const action = actionOf(press, actions);
    if (!action) return;
    press.preventDefault();
    action();
  });
}

function actionOf({ key, shiftKey, repeat }, actions) {
  const lower = key.toLowerCase();
  if (key === "Enter" || key === " ") return repeat ? () => {} : actions.accept; // a key that is held down answers once
  if (/^[1-9]$/.test(key)) return repeat ? () => {} : () => actions.digit(key);
  const moves = { ArrowLeft: ["left"], ArrowRight: ["right"], ArrowUp: ["up"], ArrowDown: ["down"], Home: ["home"], End: ["end"], PageUp: ["pageUp"], PageDown: ["pageDown"] };
  if (moves[key]) return () => actions.move(moves[key][0], shiftKey);
  const others = { "+": "larger", "=": "larger", "-": "smaller", "*": "play", 0: "whole", "?": "help", "/": "type", ".": "nextLabel", ",": "previousLabel", Escape: "escape" };
  if (others[key]) return actions[others[key]];
  if (COMMANDS.includes(lower)) return actions[lower];
  if (/^\p{L}$/u.test(key)) return () => actions.typeLetter(key);
  return null;
}
