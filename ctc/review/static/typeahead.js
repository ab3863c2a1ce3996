// A class by its first letters, over all classes and their other names.
import { guessesOf } from "./answers.js";
import { element } from "./dom.js";

const MOST = 8;
let open = null;

export const isTyping = () => open !== null;

// Opens the box with the letters that were typed; `onchoose` gets the class, `mayAdd` whether it may be new.
export function typeClass(label, event, first, { mayAdd, onchoose, onclose }) {
  closeTyping();
  const list = element("ul", { id: "type-list", role: "listbox", "aria-label": `Classes of ${label.name}` });
  const input = element("input", {
    type: "text", id: "type", role: "combobox", autocomplete: "off", spellcheck: "false", "aria-expanded": "true",
    "aria-controls": "type-list", "aria-label": `Class of ${label.name}`, placeholder: `a class of ${label.name}`,
  });
  const box = element("div", { class: "typing" }, input, list);
  let found = [];
  let at = 0;
  let isSure = false; // a new class takes a second Enter: a typing error must not become one
  const draw = () => {
    found = findClasses(label, event, input.value, mayAdd);
    at = Math.min(at, Math.max(0, found.length - 1));
    list.replaceChildren(...found.map(({ name, also, isNew }, index) =>
      element("li", { role: "option", id: `type-${index}`, "aria-selected": String(index === at), onclick: () => choose(index) },
        isNew ? `${isSure ? "Enter again adds" : "add"} the class “${name}”` : name, also && element("span", { class: "hint" }, ` ${also}`))));
    if (!found.length) list.append(element("li", { class: "hint" }, "no such class"));
    input.setAttribute("aria-activedescendant", found.length ? `type-${at}` : "");
  };
  const choose = (index) => {
    if (!found[index]) return;
    if (found[index].isNew && !isSure) {
      [at, isSure] = [index, true];
      return draw();
    }
    closeTyping();
    onchoose(found[index].name, found[index].isNew);
  };
  input.addEventListener("input", () => {
    [at, isSure] = [0, false];
    draw();
  });
  input.addEventListener("keydown", (press) => {
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (press.key === "Enter") press.repeat || choose(at);
    else if (press.key === "Escape") closeTyping();
    else if (press.key in steps) at = Math.max(0, Math.min(found.length - 1, at + steps[press.key]));
    else return;
    press.preventDefault();
    press.stopPropagation();
    if (open) draw();
  });
  input.addEventListener("blur", () => setTimeout(() => open?.input === input && closeTyping(), 200));
  open = { box, input, onclose };
  document.body.append(box);
  input.value = first;
  draw();
  input.focus();
}

export function closeTyping() {
  const closing = open;
  open = null;
  closing?.box.remove();
  closing?.onclose();
}

function findClasses(label, event, typed, mayAdd) {
  const text = fold(typed);
  const guesses = guessesOf(event, label).map(({ name }) => name);
  const rank = (name) => (guesses.includes(name) ? guesses.indexOf(name) : guesses.length);
  const scored = label.classes.map((one) => ({ ...match(one, text), name: one.name })).filter(({ score }) => score > 0);
  scored.sort((one, other) => other.score - one.score || rank(one.name) - rank(other.name) || one.name.localeCompare(other.name));
  const found = scored.slice(0, MOST);
  const isKnown = label.classes.some(({ name }) => fold(name) === text);
  if (mayAdd && text && !isKnown) found.push({ name: typed.trim(), isNew: true });
  return found;
}

// Scores a class: 3 for a name that begins so, 2 for a word that does, 1 for the letters anywhere.
function match({ name, names }, text) {
  let best = { score: score(fold(name), text), also: "" };
  for (const also of names) {
    const other = score(fold(also), text);
    if (other > best.score) best = { score: other, also };
  }
  return best;
}

function score(name, text) {
  if (!text || name.startsWith(text)) return 3;
  if (name.split(" ").some((word) => word.startsWith(text))) return 2;
  return name.includes(text) ? 1 : 0;
}

const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/[_-]/g, " ").trim();
