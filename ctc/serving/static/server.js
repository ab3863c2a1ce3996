// Requests to the server.
import { byId } from "./dom.js";

const LONGEST_WAIT = 30;
let token = sessionStorage.getItem("ctc-token");

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }

  // Whether a retry may succeed: the photo is not the cause.
  get passing() {
    return this.status === 0 || this.status === 408 || this.status >= 500;
  }
}

// {models, keeps_corrections}
export const served = () => ask("v1/models");

// Predicts one photo.
export async function predict(model, file) {
  const headers = { "Content-Type": "application/octet-stream" };
  const answer = await ask(`${pathOf(model)}:predict?failures=tell`, { method: "POST", body: file, headers });
  return answer.predictions[0];
}

// Predicts several photos as one network input.
export async function predictTogether(model, files) {
  const form = new FormData();
  form.append("event", "event");
  for (const file of files) form.append("photo", file, file.name);
  return (await ask(`${pathOf(model)}:predict`, { method: "POST", body: form })).predictions[0];
}

// Groups photos into events: {photos: [indices], labels} each.
export async function events(model, within, photos) {
  const body = JSON.stringify({ within, photos });
  return (await ask(`${pathOf(model)}:events`, { method: "POST", body })).events;
}

// Keeps a correction on the server.
export const keep = (model, correction) =>
  ask(`${pathOf(model)}:corrections`, { method: "POST", body: JSON.stringify(correction) });

const pathOf = (model) => `v1/models/${encodeURIComponent(model.name)}`;

// Sends a request; retries while the server is busy, and asks for a token if required. Throws Refused.
async function ask(path, options = {}) {
  for (;;) {
    const reply = await fetched(path, options);
    if (reply.status === 429) {
      const seconds = Math.min(LONGEST_WAIT, Number(reply.headers.get("Retry-After")) || 1);
      await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
    } else if (reply.status === 401) {
      await askForToken();
    } else {
      return read(reply);
    }
  }
}

async function fetched(path, options) {
  const headers = { ...options.headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
  try {
    return await fetch(path, { ...options, headers });
  } catch {
    throw new Refused(0, "the server can't be reached, or the photo can't be read");
  }
}

async function read(reply) {
  const answer = await reply.json().catch(() => ({ error: `the server answered ${reply.status}` }));
  if (reply.ok) return answer;
  throw new Refused(reply.status, String(answer.error));
}

let asking = null;

// One dialog, however many requests wait for the token.
function askForToken() {
  asking ??= new Promise((resolve) => {
    byId("key").addEventListener("close", resolve, { once: true });
    byId("key").showModal();
  }).then(() => {
    token = byId("token").value.trim();
    sessionStorage.setItem("ctc-token", token);
    asking = null;
  });
  return asking;
}
