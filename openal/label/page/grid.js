// Many images at once: each is answered where it stands, and stays to be looked at until all are.

const grid = { on: false, tiles: [], at: 0, enlarged: false };
const MANY = () => (matchMedia("(max-width: 820px)").matches ? 6 : 12);

const openTiles = () => grid.tiles.filter((tile) => tile.answer === null);
const gridHold = () => (grid.tiles.length ? openTiles().length : MANY());

// Tiles for what is held; those that went to another window go, those with answers stay.
function fillGrid(state) {
  const held = new Map(state.held.map((question) => [question.index, question]));
  grid.tiles = grid.tiles.filter((tile) => tile.answer !== null || held.has(tile.question.index));
  for (const tile of grid.tiles) {
    if (held.has(tile.question.index)) tile.question = held.get(tile.question.index);
    if (held.has(tile.question.index) && !tile.saving) tile.answer = null; // taken back
    held.delete(tile.question.index);
  }
  grid.tiles.push(...[...held.values()].map((question) => ({ question, answer: null, saving: false })));
  grid.at = Math.max(0, Math.min(grid.at, grid.tiles.length - 1));
}

function showGrid(state, onPick) {
  const box = byId("tiles");
  while (box.children.length > grid.tiles.length) box.lastChild.remove();
  while (box.children.length < grid.tiles.length) box.append(tileButton(box.children.length, onPick));
  grid.tiles.forEach((tile, at) => showTile(box.children[at], tile, at, state));
  const left = openTiles().length;
  byId("rest").hidden = left === 0;
  byId("rest-name").textContent = left === grid.tiles.length ? "All: none of these" : `The other ${left}: none of these`;
  byId("next").hidden = left > 0;
}

function tileButton(at, onPick) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "tile";
  button.addEventListener("click", () => onPick(at));
  button.addEventListener("focus", () => { if (grid.at !== at) onPick(at); });
  return button;
}

function showTile(button, tile, at, state) {
  const { index, place } = tile.question;
  if (button.dataset.index !== `${index}`) {
    button.dataset.index = index;
    button.replaceChildren(picture(index, "small").cloneNode());
    button.firstChild.addEventListener("error", () => tileBroken(button, index), { once: true });
  }
  const name = tile.answer === null ? "" : answerName(tile.answer, state.classes);
  button.classList.toggle("answered", tile.answer !== null);
  button.setAttribute("aria-current", `${at === grid.at}`);
  button.setAttribute("aria-label", `Image ${place ?? ""}${name ? `, ${name}` : ", no answer yet"}`);
  button.tabIndex = at === grid.at ? 0 : -1;
  button.querySelector(".badge")?.remove();
  if (!name) return;
  const badge = document.createElement("span");
  badge.className = `badge${tile.answer < 0 ? " plain" : ""}`;
  badge.textContent = name;
  button.append(badge);
}

async function tileBroken(button, index) {
  const words = document.createElement("span");
  words.className = "note";
  words.textContent = `Cannot be shown: ${await whyBroken(index, "small")}`;
  if (button.dataset.index === `${index}`) button.firstChild.replaceWith(words);
}

// The next tile without an answer, after the current one and then from the start.
function nextOpen() {
  const order = [...grid.tiles.keys()].map((step) => (grid.at + 1 + step) % grid.tiles.length);
  return order.find((at) => grid.tiles[at].answer === null);
}

function columns() {
  return getComputedStyle(byId("tiles")).gridTemplateColumns.split(" ").length;
}
