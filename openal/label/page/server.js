// What is said to the server: one post after another, each repeated until it is answered.

const byId = (id) => document.getElementById(id);
const RETRY = 700;

const server = { window: "", load: Date.now(), serial: Date.now(), queue: Promise.resolve() };

function fresh() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// A reloaded window stays the same one; a duplicated tab, which has a copy of what is kept, does not.
async function nameWindow() {
  const kept = sessionStorage.getItem("openal-window");
  server.window = kept && (await isFree(kept)) ? kept : fresh();
  if (server.window !== kept) {
    sessionStorage.removeItem("openal-done");
    sessionStorage.setItem("openal-window", server.window);
    await isFree(server.window);
  }
}

function isFree(name) {
  if (!navigator.locks) return Promise.resolve(false);
  return new Promise((resolve) => {
    const forever = new Promise(() => {});
    const taken = (lock) => { resolve(Boolean(lock)); return lock ? forever : undefined; };
    navigator.locks.request(`openal-${name}`, { ifAvailable: true }, taken);
  });
}

// The state after a post, or a text where the server refused it for good.
function send(path, fields, hold) {
  const serial = path === "look" ? server.load : (server.serial = Math.max(server.serial + 1, Date.now()));
  const sent = () => untilAnswered(path, { window: server.window, serial, ...fields }, hold);
  const reply = server.queue.then(sent);
  server.queue = reply.catch(() => {});
  return reply;
}

async function untilAnswered(path, fields, hold) {
  for (;;) {
    const body = JSON.stringify({ ...fields, hold: hold() });
    const reply = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body })
      .catch(() => null);
    const again = reply === null ? "The server does not answer. Trying again …"
      : reply.status === 503 || reply.status === 408 ? await reply.text() : "";
    warn(again && (path === "look" ? again : `Not recorded yet. ${again}`));
    if (!again) return understood(reply);
    await new Promise((resolve) => setTimeout(resolve, RETRY));
  }
}

async function understood(reply) {
  if (reply.ok || reply.status === 409) return reply.json();
  const why = reply.status === 403 ? "This address is out of date. Open the one in the terminal."
    : `The server refused this (${reply.status}): ${await reply.text()}`;
  warn(why);
  throw new Error(why);
}

function warn(text) {
  if (byId("banner").textContent !== text) byId("banner").textContent = text;
  byId("banner").hidden = !text;
}

function leave() {
  const body = JSON.stringify({ window: server.window, serial: server.load });
  fetch("leave", { method: "POST", headers: { "Content-Type": "application/json" }, body, keepalive: true })
    .catch(() => {});
}

function say(text) { byId("live").textContent = text; }
