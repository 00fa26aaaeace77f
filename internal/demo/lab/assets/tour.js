// Plays a tour: predict → act → see → number, and ends in the free lab.
import { act, lab, on, set } from "./live.js";
import { el, put, sum } from "./format.js";
import { tours } from "./tours.js";

const guide = document.getElementById("guide"), menu = document.getElementById("tours");
const ROLL = 8;

let panels = [], current = null; // {tour, at, token}

export function start(all) {
  panels = all;
  menu.append(...tours.map(t => el("option", { value: t.id }, t.title)));
  menu.addEventListener("change", () => { const t = tours.find(t => t.id === menu.value); if (t) begin(t); });
  const wanted = new URLSearchParams(location.search).get("tour");
  if (tours.some(t => t.id === wanted)) { menu.value = wanted; menu.dispatchEvent(new Event("change")); }
}

function begin(tour) {
  current = { tour, token: {} };
  guide.hidden = false;
  document.body.classList.add("touring");
  step(0, true);
}

function end() {
  current = null;
  guide.hidden = true;
  document.body.classList.remove("touring");
  menu.value = "";
  for (const p of panels) p.root.classList.remove("aside");
  menu.focus();
}

/** What a step's functions look at. */
function look() {
  const now = {};
  for (const [name, p] of Object.entries(lab.panels)) {
    const s = p.second, q = p.frame?.q || [];
    now[name] = {
      taken: [...p.taken].map(n => n || 0), arrived: p.arrived, answered: p.answered, lost: p.lost, queues: q, waiting: sum(q),
      p50: (s?.recent.p50 || 0) / 1000, p99: (s?.recent.p99 || 0) / 1000, cost: s?.cost[0] || 0, master: s?.cost[1] || 0,
    };
  }
  return now;
}

/** Waits until f holds, as of a frame; never, once another step has begun. */
function when(f, token) {
  return new Promise(done => {
    const off = on("frame", () => {
      const over = current?.token !== token;
      if (!over && !f()) return;
      off();
      if (!over) done();
    });
  });
}

const sleep = (seconds, token) => { const from = performance.now(); return when(() => performance.now() - from > seconds * 1000, token); };

async function step(at, fresh) {
  const { tour } = current, s = tour.steps[at], token = current.token = {};
  for (const p of panels) p.root.classList.toggle("aside", !!s.only && !s.only.includes(p.name));
  const choices = el("div", { class: "choices" }), result = el("div", { class: "result", "aria-live": "polite" }), status = el("span", { class: "quiet", role: "status" });
  const next = el("button", { type: "button", class: "primary", disabled: true, id: "tour-next" }, at + 1 < tour.steps.length ? "Next" : "On to the free lab");
  guide.replaceChildren(
    el("div", {}, el("h2", {}, tour.title, el("small", {}, tour.steps.length > 1 ? `${at + 1} of ${tour.steps.length}` : "")), el("p", { class: "say" }, s.say),
      el("fieldset", {}, el("legend", {}, s.ask), choices)),
    result,
    el("div", { class: "nav" }, status, el("button", { type: "button", onclick: end, id: "tour-leave" }, "Leave"), next));
  next.addEventListener("click", async () => {
    for (const what of s.after || []) await act(what);
    if (at + 1 < tour.steps.length) step(at + 1); else farewell();
  });
  put(status, "setting the controls …");
  const ready = prepare(s, fresh);
  const buttons = s.choices.map((text, i) => el("button", { type: "button", disabled: true, onclick: () => guess(s, i, { buttons, result, status, next, token }) }, text));
  choices.append(...buttons);
  await ready;
  if (current?.token !== token) return;
  put(status, "Take a guess.");
  for (const b of buttons) b.disabled = false;
  guide.scrollIntoView({ block: "nearest" });
}

/** A tour begins with new servers: what another has left in their queues is over. */
async function prepare(s, fresh) {
  if (s.set) await set(s.set);
  if (fresh) await act({ do: "start" });
}

async function guess(s, i, { buttons, result, status, next, token }) {
  for (const b of buttons) b.disabled = true;
  buttons[i].setAttribute("aria-pressed", "true");
  put(status, "doing it …");
  let then = look();
  let from = performance.now();
  for (const what of s.acts || []) {
    if (what.wait) { put(status, `waiting ${what.wait} s …`); await sleep(what.wait, token); continue; }
    await act(what);
    if (what.do === "reset") { await sleep(.2, token); then = look(); }
    from = performance.now();
  }
  if (s.settle) { await sleep(s.settle, token); then = look(); from = performance.now(); }
  const rolls = s.rolls ? await roll(s.rolls, status, token) : null;
  const seconds = () => (performance.now() - from) / 1000;
  put(status, "watch …");
  if (s.until) await when(() => s.until(look(), then, seconds()), token);
  reveal(s, i, look(), then, { buttons, result, status, next, rolls, seconds: seconds() });
}

/** Sends eight connections, over and over, and looks whether a worker got none. */
async function roll(times, status, token) {
  const taken = () => [...lab.panels.reuseport.taken].map(n => n || 0), rolls = { n: 0, empty: 0, last: [] };
  while (rolls.n < times) {
    const before = taken();
    await act({ do: "send", panel: "reuseport", count: ROLL });
    await when(() => sum(taken()) - sum(before) >= ROLL, token);
    rolls.last = Array.from({ length: lab.settings.workers }, (_, i) => (taken()[i] || 0) - (before[i] || 0));
    rolls.n++;
    if (rolls.last.includes(0)) rolls.empty++;
    put(status, `roll ${rolls.n} of ${times}: ${rolls.last.join(" ")}; with an empty worker: ${rolls.empty}`);
  }
  return rolls;
}

function reveal(s, i, now, then, { buttons, result, status, next, rolls, seconds }) {
  const right = typeof s.answer === "function" ? s.answer(now, then) : s.answer;
  buttons[right].classList.add("right");
  if (i !== right) buttons[i].classList.add("wrong");
  const rows = s.numbers(now, then, rolls, seconds).map(row => el("tr", {}, ...row.map((cell, at) => el(at ? "td" : "th", at ? {} : { scope: "row" }, String(cell)))));
  result.replaceChildren(
    el("table", {}, el("thead", {}, el("tr", {}, el("th", {}, ""), el("th", {}, "predicted"), el("th", {}, "here, now"))), el("tbody", {}, ...rows)),
    el("p", { class: "why" }, s.why));
  put(status, i === right ? "So it is." : "Not what you guessed: that is why one measures.");
  next.disabled = false;
  next.focus({ preventScroll: true });
}

function farewell() {
  const { tour } = current;
  current = { tour, token: {} };
  for (const p of panels) p.root.classList.remove("aside");
  guide.replaceChildren(
    el("div", {}, el("h2", {}, tour.title, el("small", {}, "done")), el("p", { class: "say" }, "The lab is yours now: everything stands as the tour has left it. Change one thing at a time, and guess before you look.")),
    el("div", { class: "choices" }, ...tours.filter(t => t !== tour).slice(0, 8).map(t => el("button", { type: "button", onclick: () => { menu.value = t.id; begin(t); } }, t.title))),
    el("div", { class: "nav" }, el("button", { type: "button", class: "primary", id: "tour-end", onclick: end }, "Into the free lab")));
}
