// One image: loaded ahead, fitted, enlarged, moved.

const pictures = new Map(); // by index: an <img> that is loaded or will be
const stage = { index: null, ready: false, zoom: 1, x: 0, y: 0, fit: 1, sharp: false, points: new Map() };
const MOST_ZOOM = 16;
const SMALL = 320, TIMES = 4; // a small image is enlarged to this, not more: it would only blur

function picture(index, size = "screen") {
  const key = `${index}/${size}`;
  if (!pictures.has(key)) {
    const image = new Image();
    image.alt = "";
    image.draggable = false;
    image.decoding = "async";
    image.src = `image/${key}`;
    image.loaded = image.decode();
    image.loaded.catch(() => {});
    pictures.set(key, image);
    for (const old of [...pictures.keys()].slice(0, -64)) pictures.delete(old);
  }
  return pictures.get(key);
}

async function whyBroken(index, size) {
  pictures.delete(`${index}/${size}`);
  const reply = await fetch(`image/${index}/${size}`).catch(() => null);
  if (!reply) return "The server does not answer.";
  return reply.ok ? "The browser cannot show it." : reply.text();
}

async function showImage(question, words) {
  if (stage.index === question.index) return;
  Object.assign(stage, { index: question.index, sharp: false });
  setReady(false);
  const image = picture(question.index);
  if (!image.complete) put(note("Loading …"));
  try {
    await image.loaded;
    if (stage.index !== question.index) return;
    image.alt = words;
    put(image);
    fitImage();
  } catch {
    const why = await whyBroken(question.index, "screen");
    if (stage.index !== question.index) return;
    put(note("This image cannot be shown", `${why}\nAnswer “cannot tell”, and it is not asked again.`));
  }
  setReady(true);
}

// What is ready is also on the page, for those who drive it by a script.
function setReady(ready) {
  stage.ready = ready;
  if (ready) byId("canvas").dataset.index = stage.index;
  else delete byId("canvas").dataset.index;
}

function clearStage() {
  stage.index = null;
  setReady(false);
  byId("canvas").replaceChildren();
}

function put(element) { byId("canvas").replaceChildren(element); }

function note(title, text = "") {
  const box = document.createElement("div");
  box.className = "note";
  const strong = document.createElement("strong");
  strong.textContent = title;
  const rest = document.createElement("span");
  rest.textContent = text;
  box.append(strong, rest);
  return box;
}

function shownImage() { return byId("canvas").querySelector("img"); }

function fitImage() {
  const image = shownImage();
  if (!image) return;
  const { clientWidth: width, clientHeight: height } = byId("canvas");
  const { naturalWidth: w, naturalHeight: h } = image;
  const fitting = Math.min((width - 24) / w, (height - 24) / h);
  stage.fit = Math.max(Math.min(fitting, Math.max(TIMES, SMALL / Math.max(w, h))), 0.001);
  Object.assign(stage, { zoom: 1, x: 0, y: 0 });
  image.style.width = `${w * stage.fit}px`;
  image.style.height = `${h * stage.fit}px`;
  place();
}

// Keep the image's edge from leaving the canvas, and its center where it fits.
function place() {
  const image = shownImage();
  if (!image) return;
  const box = byId("canvas");
  const w = parseFloat(image.style.width) * stage.zoom, h = parseFloat(image.style.height) * stage.zoom;
  const roomX = Math.max(0, (w - box.clientWidth) / 2), roomY = Math.max(0, (h - box.clientHeight) / 2);
  stage.x = Math.min(roomX, Math.max(-roomX, stage.x));
  stage.y = Math.min(roomY, Math.max(-roomY, stage.y));
  image.style.transform = `translate(${stage.x - w / 2}px, ${stage.y - h / 2}px) scale(${stage.zoom})`;
  box.classList.toggle("large", roomX + roomY > 0);
  byId("zoom-now").textContent = `${Math.round(stage.zoom * 100)} %`;
}

// Zoom about a point of the canvas, measured from its center.
function zoomBy(factor, x = 0, y = 0) {
  const zoom = Math.min(MOST_ZOOM, Math.max(1, stage.zoom * factor));
  const ratio = zoom / stage.zoom;
  Object.assign(stage, { zoom, x: x - (x - stage.x) * ratio, y: y - (y - stage.y) * ratio });
  place();
  if (zoom > 1.3) sharpen();
}

function moveBy(x, y) { stage.x += x; stage.y += y; place(); }

// The enlarged image in all its pixels, in the place of the one of the screen's size.
async function sharpen() {
  const index = stage.index, shown = shownImage();
  if (stage.sharp || !shown || Math.max(shown.naturalWidth, shown.naturalHeight) < 1600) return;
  stage.sharp = true;
  const full = picture(index, "full");
  await full.loaded.catch(() => null);
  if (stage.index !== index || !full.naturalWidth || shownImage() !== shown) return;
  full.alt = shown.alt;
  full.style.cssText = shown.style.cssText;
  put(full);
  place();
}

function fromCenter(event) {
  const box = byId("canvas").getBoundingClientRect();
  return [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2];
}

function listenToStage() {
  const canvas = byId("canvas"), points = stage.points;
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoomBy(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), ...fromCenter(event));
  }, { passive: false });
  canvas.addEventListener("dblclick", (event) => {
    zoomBy(stage.zoom > 1 ? 1 / stage.zoom : 2.5, ...fromCenter(event));
  });
  canvas.addEventListener("pointerdown", (event) => {
    points.set(event.pointerId, fromCenter(event));
    canvas.setPointerCapture(event.pointerId);
    canvas.classList.add("moving");
  });
  canvas.addEventListener("pointermove", (event) => { if (points.has(event.pointerId)) dragged(event); });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, (event) => {
      points.delete(event.pointerId);
      canvas.classList.remove("moving");
    });
  }
  byId("zoom-in").addEventListener("click", () => zoomBy(1.5));
  byId("zoom-out").addEventListener("click", () => zoomBy(1 / 1.5));
  byId("zoom-fit").addEventListener("click", fitImage);
  new ResizeObserver(fitImage).observe(canvas);
}

// One pointer moves; two also zoom, about the middle between them.
function dragged(event) {
  const before = stage.points.get(event.pointerId), now = fromCenter(event);
  const other = [...stage.points].find(([id]) => id !== event.pointerId)?.[1];
  stage.points.set(event.pointerId, now);
  if (!other) { moveBy(now[0] - before[0], now[1] - before[1]); return; }
  const apart = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]) || 1;
  moveBy((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
  zoomBy(apart(now) / apart(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
}
