// What happens: a key or a button answers, the server says that it is recorded, and the next image shows.

const app = { state: null, done: JSON.parse(sessionStorage.getItem("openal-done") || "[]"), busy: false, touched: 0, timer: 0 };
const POLL = 5000, SOON = 700, IDLE = 600000;
const annotator = () => localStorage.getItem("openal-annotator") || null;
const isGrid = () => grid.on && !grid.enlarged;
const hold = () => (grid.on ? gridHold() : 1);

// --- from the server

async function post(path, fields = {}) {
  const state = await send(path, fields, hold);
  if (state.conflict) {
    say(state.conflict);
    warn(state.conflict);
    setTimeout(() => warn(""), 6000);
  }
  show(state);
  return !state.conflict;
}

function show(state) {
  app.state = state;
  if (grid.on) fillGrid(state);
  showClasses(state, answer);
  showProgress(state);
  showFacts(state);
  showUndo();
  const shows = grid.on ? grid.tiles.length > 0 : state.held.length > 0;
  byId("message").hidden = shows;
  byId("stage").hidden = !shows || isGrid();
  byId("grid").hidden = !shows || !isGrid();
  document.querySelector(".area").classList.toggle("of-grid", shows && isGrid());
  document.querySelector(".zoom #back").hidden = !grid.enlarged;
  for (const button of document.querySelectorAll("#classes button, #none, #unclear, #skip")) button.disabled = !shows;
  if (!shows) showMessage(state);
  else if (isGrid()) showGrid(state, pick);
  else showOne();
  showWhy();
  for (const index of state.soon) picture(index, grid.on ? "small" : "screen");
}

function current() {
  return grid.on ? grid.tiles[grid.at]?.question : app.state?.held[0];
}

function showOne() {
  const question = current();
  if (stage.index === question.index) return;
  startClock();
  showImage(question, `Image to label, ${placeWords(question)}`);
}

function placeWords(question) {
  return question.place ? `number ${question.place} of ${app.state.round.size}` : "taken back";
}

function showWhy() {
  const question = current();
  byId("why-box").hidden = !question;
  byId("why").textContent = question?.why ?? "";
  byId("file").textContent = question?.name ?? "";
}

function showUndo() {
  const last = app.done.at(-1);
  byId("undo").disabled = !last;
  byId("undo-name").textContent = !last ? "Undo"
    : last.length > 1 ? `Undo ${last.length} answers` : `Undo ${answerName(last[0][1], app.state.classes)}`;
}

const MESSAGES = {
  choosing: ["Choosing the next images …", ""],
  elsewhere: ["The last images of this round are in another window", "The next round begins when they are answered, or when that window is closed."],
  failed: ["The next round could not be chosen", ""],
  done: ["All images are answered", "There is nothing left to ask."],
  ask: ["One moment", ""],
};

function showMessage(state) {
  clearStage();
  const [title, text] = MESSAGES[state.phase];
  const { round } = state;
  const over = round.number && round.left === 0
    ? `Round ${round.number} is done: ${round.answers} answers, ${round.unknown} none of these (${percent(round.wasted)}` +
      `${round.expected === null ? "" : `; ${percent(round.expected)} were expected`}), ${round.skipped} cannot tell.\n` : "";
  byId("message-title").textContent = title;
  byId("message-text").textContent = over + (state.message || text) + (state.advice && `\n${state.advice}`);
  byId("again").hidden = !["failed", "done"].includes(state.phase);
  byId("spinner").hidden = ["failed", "done"].includes(state.phase);
  clearTimeout(app.timer);
  if (["choosing", "elsewhere", "ask"].includes(state.phase)) app.timer = setTimeout(look, SOON);
}

const look = () => post("look").catch(() => {});

// --- answers

async function answer(value) {
  if (!app.state || app.busy || !current() || (!isGrid() && !stage.ready)) return;
  flash(answerButton(value));
  if (isGrid()) { answerTile(value); return; }
  await busily(async () => {
    const { index } = current();
    stopClock();
    const tile = grid.on ? Object.assign(grid.tiles[grid.at], { answer: value, saving: true }) : {};
    const done = await post("answer", { answers: [[index, value]], annotator: annotator() });
    tile.saving = false;
    if (done) remember([[index, value]]);
    else tile.answer = null;
    if (grid.enlarged) { grid.at = nextOpen() ?? grid.at; shrink(); look(); }
  });
}

async function busily(work) {
  app.busy = true;
  try { await work(); } catch (error) { warn(error.message); } finally { app.busy = false; }
}

function remember(pairs) {
  app.done = [...app.done, pairs].slice(-50);
  keepDone();
  showUndo();
  const words = pairs.length > 1 ? `${pairs.length} images` : "";
  const next = current();
  say(`${words} ${answerName(pairs[0][1], app.state.classes)} recorded. ${next ? `Image ${placeWords(next)}.` : ""}`);
}

function keepDone() { sessionStorage.setItem("openal-done", JSON.stringify(app.done)); }

// In the grid the next tile is current at once; the posts follow one another.
function answerTile(value) {
  const tile = grid.tiles[grid.at];
  if (!tile || tile.answer === value) return;
  if (tile.answer !== null) { changeTile(tile, value); return; }
  stopClock();
  answerTiles([tile], value);
  const next = nextOpen();
  if (next === undefined) byId("next").focus();
  else pick(next);
}

async function answerTiles(tiles, value) {
  const pairs = tiles.map((tile) => [tile.question.index, value]);
  for (const tile of tiles) Object.assign(tile, { answer: value, saving: true });
  showGrid(app.state, pick);
  const reply = post("answer", { answers: pairs, annotator: annotator() }).catch(() => false);
  for (const tile of tiles) tile.saved = reply;
  const done = await reply;
  for (const tile of tiles) tile.saving = false;
  if (done) remember(pairs);
  else for (const tile of tiles) tile.answer = null;
  if (!done) look();
}

async function changeTile(tile, value) {
  await tile.saved;
  if (tile.answer === null || tile.answer === value) return;
  const pair = [tile.question.index, tile.answer];
  tile.answer = null;
  if (!(await post("undo", { answers: [pair] }))) return;
  app.done = app.done.map((pairs) => pairs.filter(([index]) => index !== pair[0])).filter((pairs) => pairs.length);
  await answerTiles([tile], value);
  if (!openTiles().length) byId("next").focus();
}

function answerRest() {
  const tiles = openTiles();
  if (!isGrid() || !tiles.length) return;
  stopClock(tiles.length);
  answerTiles(tiles, UNKNOWN).then(() => byId("next").focus());
}

function nextPage() {
  if (openTiles().length) return;
  Object.assign(grid, { tiles: [], at: 0 });
  startClock();
  look().then(() => focusTile());
}

async function undo() {
  const pairs = app.done.at(-1);
  if (!pairs || app.busy) return;
  flash(byId("undo"));
  await busily(async () => {
    for (const tile of grid.tiles) if (pairs.some(([index]) => index === tile.question.index)) tile.answer = null;
    if (grid.on) addTiles(pairs);
    const done = await post("undo", { answers: pairs });
    app.done = app.done.slice(0, -1); // where it cannot be taken back, neither could it later
    keepDone();
    showUndo();
    if (done) say(`${answerName(pairs[0][1], app.state.classes)} taken back.`);
  });
}

// Make room among what is held for tiles of an earlier page.
function addTiles(pairs) {
  const there = new Set(grid.tiles.map((tile) => tile.question.index));
  const back = pairs.filter(([index]) => !there.has(index));
  grid.tiles = [...back.map(([index]) => ({ question: { index, place: null, name: "", why: "" }, answer: null, saving: false })), ...grid.tiles];
}

async function skip() {
  const question = current();
  if (!question || app.busy) return;
  flash(byId("skip"));
  if (grid.on && grid.tiles[grid.at].answer !== null) return;
  await busily(async () => {
    if (grid.on) grid.tiles.splice(grid.at, 1);
    shrink();
    const held = app.state.held.length;
    await post("skip", { indices: [question.index] });
    const last = !grid.on && app.state.held[0]?.index === question.index;
    say(last ? "Skipped, but it is the only image left." : "Skipped for now.");
    if (last && held === 1) warn("This is the only image left: skipped, it comes back at once.");
  });
}

// --- one image or many

function setView(on) {
  Object.assign(grid, { on, tiles: [], at: 0, enlarged: false });
  byId("view").setAttribute("aria-pressed", `${on}`);
  clearStage();
  look().then(() => on && focusTile());
}

function pick(at) {
  grid.at = at;
  showGrid(app.state, pick);
  showWhy();
  focusTile();
}

function focusTile() {
  if (isGrid()) byId("tiles").children[grid.at]?.focus();
}

function enlarge() {
  if (!isGrid() || !current()) return;
  grid.enlarged = true;
  show(app.state);
}

function shrink() {
  if (!grid.enlarged) return;
  grid.enlarged = false;
  clearStage();
  show(app.state);
  focusTile();
}
