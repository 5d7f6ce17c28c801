// Keys, dialogs, and the beginning.

const SHORTCUTS = {
  0: () => answer(UNKNOWN), n: () => answer(UNKNOWN), ".": () => answer(SKIPPED), ",": () => answer(SKIPPED),
  t: () => answer(SKIPPED), s: skip, u: undo, Backspace: undo, g: () => setView(!grid.on),
  "+": () => zoomBy(1.5), "=": () => zoomBy(1.5), "-": () => zoomBy(1 / 1.5), f: fitImage,
  e: () => (grid.enlarged ? shrink() : enlarge()), Escape: shrink, r: answerRest, c: openNewClass,
  "/": () => byId("filter").focus(), "?": () => openDialog("settings"), h: () => openDialog("settings"),
};
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

function onKey(event) {
  app.touched = Date.now();
  const typing = event.target.matches("input:not([type=checkbox])");
  if (typing || document.querySelector("dialog[open]") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (ARROWS[event.key]) { onArrow(event); return; }
  if (event.repeat && !"+-=".includes(event.key)) return;
  if (!byId("shortcuts").checked && !["Escape"].includes(event.key)) return;
  const digit = /^[1-9]$/.test(event.key) ? Number(event.key) : 0;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (digit > (app.state?.classes.length ?? 0)) return;
  const act = digit ? () => answer(digit - 1) : SHORTCUTS[key];
  if (!act) return;
  event.preventDefault();
  act();
}

function onArrow(event) {
  if (event.target.closest("#panel, header")) return; // there they scroll
  const [x, y] = ARROWS[event.key];
  if (!isGrid()) { if (stage.zoom > 1) { event.preventDefault(); moveBy(80 * x, 80 * y); } return; }
  const at = grid.at - x - y * columns();
  if (at < 0 || at >= grid.tiles.length) return;
  event.preventDefault();
  pick(at);
}

function openDialog(id) {
  byId(id).showModal();
}

function openNewClass() {
  if (!app.state?.can_add) return;
  byId("new-class-error").textContent = "";
  byId("new-class-name").value = "";
  openDialog("new-class");
}

async function addClass(event) {
  event.preventDefault();
  const name = byId("new-class-name").value.trim();
  const words = !name ? "A name is missing." : app.state.classes.includes(name) ? "This class is there already." : "";
  byId("new-class-error").textContent = words;
  if (words) return;
  if (!(await post("class", { name }).catch(() => false))) {
    byId("new-class-error").textContent = byId("banner").textContent;
    return;
  }
  byId("new-class").close();
  say(`Class ${name} added.`);
}

function listen() {
  const clicks = {
    none: () => answer(UNKNOWN), unclear: () => answer(SKIPPED), skip, undo, rest: answerRest, next: nextPage,
    back: shrink, view: () => setView(!grid.on), again: () => post("again").catch(() => {}), add: openNewClass,
    "settings-open": () => openDialog("settings"), "settings-close": () => byId("settings").close(),
    "new-class-cancel": () => byId("new-class").close(),
  };
  for (const [id, act] of Object.entries(clicks)) byId(id).addEventListener("click", act);
  byId("new-class-form").addEventListener("submit", addClass);
  byId("filter").addEventListener("input", filterClasses);
  byId("filter").addEventListener("keydown", (event) => {
    if (event.key === "Enter") filterClasses()?.click();
    if (["Enter", "Escape"].includes(event.key)) { byId("filter").value = ""; filterClasses(); byId("canvas").focus(); }
  });
  byId("annotator").value = annotator() || "";
  byId("annotator").addEventListener("change", (event) => localStorage.setItem("openal-annotator", event.target.value.trim()));
  byId("shortcuts").checked = localStorage.getItem("openal-shortcuts") !== "off";
  byId("shortcuts").addEventListener("change", (event) => localStorage.setItem("openal-shortcuts", event.target.checked ? "on" : "off"));
  document.addEventListener("keydown", onKey);
  document.addEventListener("pointerdown", () => { app.touched = Date.now(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  addEventListener("pagehide", leave);
  addEventListener("pageshow", (event) => { if (event.persisted) look(); });
}

// A sign of life, so that the images stay here; none while nobody is.
function stayAlive() {
  if (!document.hidden && Date.now() - app.touched < IDLE && !app.busy) look();
}

async function start() {
  app.touched = Date.now();
  if (matchMedia("(max-width: 820px)").matches) {
    byId("why-box").open = byId("so-far").open = false;
  }
  listen();
  listenToStage();
  await nameWindow();
  app.done = JSON.parse(sessionStorage.getItem("openal-done") || "[]");
  setInterval(stayAlive, POLL);
  await look();
}

start();
