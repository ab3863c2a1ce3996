// Helpers to find and create elements.

export const byId = (id) => document.getElementById(id);

// Creates an element with attributes, listeners (onclick …) and children. Strings are never parsed as HTML.
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export const percent = (share) => `${Math.round(100 * share)} %`;

export const counted = (count, one, many = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

// Returns a path with a line-break opportunity after each slash.
export const breakable = (path) => path.split(/(?<=\/)/).flatMap((part) => [part, element("wbr")]);

// Returns a bar of that length; it is hidden from screen readers, as the number is next to it.
export function bar(share) {
  const made = element("span", { class: "bar", "aria-hidden": "true" }, element("span"));
  made.firstChild.style.inlineSize = `${100 * share}%`;
  return made;
}

// Returns a throttled function: `work` runs once, some time after the first call.
export function soon(work, milliseconds) {
  let timer = null;
  return () => {
    timer ??= setTimeout(() => {
      timer = null;
      work();
    }, milliseconds);
  };
}

// Lets `work` replace the content of `holder`, and restores the focus by accessible name.
export function renew(holder, work) {
  const name = holder.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
  work();
  if (name === null) return;
  Array.from(holder.querySelectorAll("[aria-label]")).find((one) => one.getAttribute("aria-label") === name && !one.disabled)?.focus();
}

// Replaces the children of a list if they differ, and keeps the focus.
export function fill(list, children) {
  if (list.children.length === children.length && children.every((child, at) => child === list.children[at])) return;
  const focused = list.contains(document.activeElement) ? document.activeElement : null;
  list.replaceChildren(...children);
  if (focused?.isConnected) focused.focus({ preventScroll: true });
}
