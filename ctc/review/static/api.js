// Requests to the server.
import { byId } from "./dom.js";

let token = sessionStorage.getItem("ctc-review-token");

export class Refused extends Error {
  constructor(status, message, content = {}) {
    super(message);
    this.status = status;
    this.content = content;
  }

  // Whether the same request may succeed later.
  get isPassing() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

export const get = (path, query = {}, options = {}) => ask(withQuery(path, query), options);

export const post = (path, content, options = {}) =>
  ask(path, { method: "POST", body: JSON.stringify(content), headers: { "Content-Type": "application/json" }, ...options });

// Returns a photo as a blob.
export async function photo(key, n, size, signal) {
  const reply = await send(withQuery(`api/photo/${key}/${n}`, { size }), { signal });
  if (!reply.ok) await read(reply);
  return reply.blob();
}

function withQuery(path, query) {
  const given = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

const ask = async (path, options) => read(await send(path, options));

// Sends a request, and asks for a token if one is required. Throws Refused.
async function send(path, options) {
  for (;;) {
    const used = token;
    const headers = { ...options.headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
    let reply;
    try {
      reply = await fetch(path, { ...options, headers });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Refused(0, "the server can't be reached");
    }
    if (reply.status !== 401) return reply;
    if (used === token) await askForToken();
  }
}

async function read(reply) {
  const content = await reply.json().catch(() => ({ error: `the server answered ${reply.status}` }));
  if (reply.ok) return content;
  throw new Refused(reply.status, String(content.error), content);
}

let asking = null;

// One dialog, however many requests wait for the token.
function askForToken() {
  asking ??= new Promise((resolve) => {
    byId("token-dialog").addEventListener("close", resolve, { once: true });
    byId("token-dialog").showModal();
  }).then(() => {
    token = byId("token").value.trim();
    sessionStorage.setItem("ctc-review-token", token);
    asking = null;
  });
  return asking;
}
