// The document's parts, and new ones.

export const byId = (id) => document.getElementById(id);

// An element with attributes, listeners (onclick …) and children. Texts stay texts: nothing is ever parsed as HTML.
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

// A path, which may be broken behind each slash.
export const breakable = (path) => path.split(/(?<=\/)/).flatMap((part) => [part, element("wbr")]);

// A bar as long as the share. The figure stands beside it, so it says nothing to a screen reader.
export function bar(share) {
  const made = element("span", { class: "bar", "aria-hidden": "true" }, element("span"));
  made.firstChild.style.inlineSize = `${100 * share}%`;
  return made;
}

// Calls `work` once, a little after the first of many calls.
export function soon(work, milliseconds) {
  let timer = null;
  return () => {
    timer ??= setTimeout(() => {
      timer = null;
      work();
    }, milliseconds);
  };
}

// Lets `work` replace what is in `holder`, and gives the focus back to what is called the same.
export function renew(holder, work) {
  const name = holder.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
  work();
  if (name === null) return;
  Array.from(holder.querySelectorAll("[aria-label]")).find((one) => one.getAttribute("aria-label") === name && !one.disabled)?.focus();
}

// Gives a list other children, if they are others, and leaves the focus where it is.
export function fill(list, children) {
  if (list.children.length === children.length && children.every((child, at) => child === list.children[at])) return;
  const focused = list.contains(document.activeElement) ? document.activeElement : null;
  list.replaceChildren(...children);
  if (focused?.isConnected) focused.focus({ preventScroll: true });
}
