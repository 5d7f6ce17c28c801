// The answers, and what is known of the round: filled from the state that the server sends.

const UNKNOWN = -1, SKIPPED = -2;
const clock = { since: 0, spent: Number(sessionStorage.getItem("openal-spent") || 0), last: [] };
const LONGEST = 60000; // a pause counts as a minute

function answerName(answer, classes) {
  return answer === UNKNOWN ? "none of these" : answer === SKIPPED ? "cannot tell" : classes[answer] ?? "?";
}

function answerButton(answer) {
  return answer === UNKNOWN ? byId("none") : answer === SKIPPED ? byId("unclear")
    : byId("classes").children[answer];
}

function showClasses(state, answered) {
  const box = byId("classes");
  while (box.children.length > state.classes.length) box.lastChild.remove();
  while (box.children.length < state.classes.length) box.append(classButton(box.children.length, answered));
  state.classes.forEach((name, at) => {
    const [, words, count] = box.children[at].children;
    words.textContent = name;
    count.textContent = state.by_class[at] || "";
    count.title = `${state.by_class[at]} answers so far`;
  });
  byId("filter").hidden = state.classes.length < 10;
  byId("add").hidden = !state.can_add;
}

function classButton(at, answered) {
  const button = document.createElement("button");
  button.type = "button";
  const key = document.createElement("kbd"), words = document.createElement("span");
  const count = document.createElement("span");
  key.textContent = at + 1;
  key.hidden = at > 8;
  key.setAttribute("aria-hidden", "true"); // the key is told by aria-keyshortcuts
  if (at < 9) button.setAttribute("aria-keyshortcuts", `${at + 1}`);
  words.className = "name";
  count.className = "soft";
  count.setAttribute("aria-hidden", "true");
  button.append(key, words, count);
  button.addEventListener("click", () => answered(at));
  return button;
}

function filterClasses() {
  const wanted = byId("filter").value.trim().toLowerCase();
  const buttons = [...byId("classes").children];
  const name = (button) => button.children[1].textContent.toLowerCase();
  for (const button of buttons) button.hidden = !name(button).includes(wanted);
  const found = buttons.filter((button) => !button.hidden);
  const exact = found.filter((button) => name(button) === wanted);
  const first = found.filter((button) => name(button).startsWith(wanted));
  return exact[0] || first[0] || found[0];
}

function flash(button) {
  if (!button) return;
  button.classList.add("hit");
  setTimeout(() => button.classList.remove("hit"), 140);
}

function showProgress(state) {
  const { size, left, number } = state.round;
  const done = size - Math.min(left, size);
  byId("fill").style.width = size ? `${(100 * done) / size}%` : "0";
  byId("bar").setAttribute("aria-valuemax", size || 1);
  byId("bar").setAttribute("aria-valuenow", done);
  byId("bar").setAttribute("aria-valuetext", `${done} of ${size}, round ${number}`);
  byId("count").textContent = number ? `Round ${number}: ${done} of ${size}` : " ";
}

const percent = (share) => (share === null ? "–" : `${Math.round(100 * share)} %`);

function showFacts(state) {
  const { round, past, total } = state;
  const expected = round.expected === null ? "" : `${percent(round.expected)} expected`;
  const wasted = round.wasted === null ? "" : `${percent(round.wasted)} wasted`;
  const rows = [
    ["Answers", `${total.answers} of ${total.images} images`],
    ["None of these", `${total.unknown}${total.wasted === null ? "" : ` (${percent(total.wasted)} wasted)`}`],
    ["This round", [wasted, expected].filter(Boolean).join(", ") || "–"],
    ["Cannot tell", `${total.skipped}`],
    ["Your time", inWords(clock.spent) + (clock.last.length ? `, ${(median() / 1000).toFixed(1)} s each` : "")],
    ["Time left", clock.last.length && round.left ? `${inWords(median() * round.left)} for this round` : "–"],
  ];
  byId("facts").replaceChildren(...rows.flatMap(([name, value]) => {
    const dt = document.createElement("dt"), dd = document.createElement("dd");
    dt.textContent = name;
    dd.textContent = value;
    return [dt, dd];
  }));
  showRounds([...past, round]);
  byId("advice").textContent = state.advice;
  byId("advice").hidden = !state.advice;
}

// A bar for the wasted share of each round; the last one is not over.
function showRounds(rounds) {
  const shares = rounds.map((round) => round.wasted);
  byId("rounds").hidden = rounds.length < 2;
  byId("rounds").setAttribute("aria-label",
    `Wasted share by round: ${shares.map(percent).join(", ")}; the last is not over`);
  byId("rounds").title = byId("rounds").getAttribute("aria-label");
  byId("rounds").replaceChildren(...shares.map((share) => {
    const bar = document.createElement("div");
    bar.style.height = `${100 * (share || 0)}%`;
    return bar;
  }));
}

// --- time

function startClock() { clock.since = performance.now(); }

function stopClock(answers = 1) {
  if (!clock.since) return;
  const spent = Math.min(performance.now() - clock.since, LONGEST);
  clock.spent += spent;
  clock.last = [...clock.last, spent / answers].slice(-20);
  sessionStorage.setItem("openal-spent", Math.round(clock.spent));
  startClock();
}

function inWords(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${`${seconds % 60}`.padStart(2, "0")}`;
}

function median() {
  return [...clock.last].sort((a, b) => a - b)[Math.floor(clock.last.length / 2)];
}
