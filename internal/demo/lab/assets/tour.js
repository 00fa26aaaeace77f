// Plays a tour: predict → act → see → number, and ends in the free lab.
import { act, lab, on, set } from "./live.js";
import { button, el, enable, percent, put, sum } from "./format.js";
import { speak } from "./speak.js";
import { tours } from "./tours.js";

const at = id => document.getElementById(id);
const guide = at("guide"), menu = at("tours");
const ROLL = 8;
const PATIENCE = 40; // seconds for what takes twelve at most
const BUSY = .85; // of the processors' time: above, times are the machine's as much as the servers'
const ME = `tour ${Math.random().toString(36).slice(2)}`; // what others do has not this mark

/** Ends a step that has been left for another one. */
class Over extends Error {}
/** Ends a step that cannot go on; its message is for the reader. */
class Broken extends Error {}

let panels = [];
let current = null; // {tour, stopped: the worker that we have stopped, masterless}
let run = null;     // the step that is being played, until its numbers are there

export const playing = () => !!current;
/** Whether a question is being asked, so that nobody should say the answer. */
export const asks = () => !!run && !run.guessed && !run.ended;

export const names = tours.map(t => t.id);

/** Makes the menu for some panels, and begins a tour if one is wanted. */
export function start(all, name) {
  panels = all;
  menu.append(...tours.map(t => el("option", { value: t.id }, t.id)));
  at("tour-start").addEventListener("click", () => begin(tours.find(t => t.id === menu.value)));
  on("mark", mark => { if (mark.by !== ME) stop(new Broken(`Somebody has changed something (${mark.text || mark.do}), so this is no longer what was asked.`)); });
  on("online", online => { if (!online) stop(new Broken("The lab does not answer.")); });
  on("second", ({ machine }) => run?.busy.push(machine));
  const wanted = tours.find(t => t.id === name);
  if (wanted) begin(wanted);
}

async function begin(tour) {
  await leave();
  menu.value = tour.id;
  current = { tour, stopped: null, masterless: false };
  guide.hidden = false;
  document.body.classList.add("touring");
  step(0, true);
}

/** Ends what is being played, and undoes what it has done to the servers. */
async function leave() {
  const left = current;
  stop(new Over());
  run = null;
  await tidy();
  if (current === left) current = null;
}

async function end() {
  const left = leave();
  guide.hidden = true;
  document.body.classList.remove("touring");
  for (const p of panels) { p.root.classList.remove("aside"); p.say(""); }
  menu.focus();
  await left;
}

/** Nobody is left stopped, masterless or without load. */
async function tidy() {
  if (!current) return;
  await current.doing;
  const { stopped, masterless } = current;
  Object.assign(current, { stopped: null, masterless: false });
  if (masterless) await act({ do: "start" }, ME);
  else if (stopped !== null) await act({ do: "continue", worker: stopped }, ME);
  if (!lab.settings.rate && !lab.settings.clients) await set({ rate: 200 }, ME);
}

/** Does something, and remembers what has to be undone. Throws if it was not done. */
async function perform(what, now = run) {
  if (what.do === "stop") current.stopped = what.worker;
  if (what.do === "kill" || what.do === "continue" || what.do === "start") current.stopped = null;
  if (what.do === "kill-master" || what.do === "start") current.masterless = what.do !== "start";
  current.doing = what.do ? act(what, ME) : set(what, ME);
  const reason = await current.doing;
  if (now.ended) throw now.ended;
  if (reason) throw new Broken(`It could not be done: ${reason}.`);
}

/** What a step's functions look at. */
function look() {
  const now = {};
  for (const [name, p] of Object.entries(lab.panels)) {
    const s = p.second, q = p.frame?.q || [];
    now[name] = {
      taken: [...p.taken].map(n => n || 0), arrived: p.arrived, answered: p.answered, lost: p.lost, queues: q, waiting: sum(q),
      p50: (s?.recent.p50 || 0) / 1000, p99: (s?.recent.p99 || 0) / 1000, cost: s?.cost[0] || 0, wakes: s?.wakes || 0,
      master: s?.master || 0, cpu: s?.cpu || [],
    };
  }
  return now;
}

/** Ends the step that is being played, whatever it waits for. */
function stop(error) {
  if (!run || run.ended) return;
  run.ended = error;
  run.fail?.(error);
  if (run.asked && !run.guessed) breakOff(run);
}

/** Waits until f holds, as of a frame. Throws if the step has ended, or is too late. */
function when(f, now) {
  if (now.ended) throw now.ended;
  return new Promise((done, fail) => {
    const end = how => error => { off(); clearTimeout(late); now.fail = null; how(error); };
    const off = on("frame", () => { if (f()) end(done)(); });
    now.fail = end(fail);
    const late = setTimeout(() => now.fail(new Broken(`What should be seen has not come in ${PATIENCE} s.${machineWords(now)}`)), PATIENCE * 1000);
  });
}

const sleep = (seconds, now) => { const from = performance.now(); return when(() => performance.now() - from > seconds * 1000, now); };

/** Says it if the machine had other things to do. */
function machineWords({ busy }) {
  const mean = sum(busy) / Math.max(1, busy.length);
  return mean > BUSY ? ` This machine is busy: ${percent(mean)} of its processors' time was used.` : "";
}

/** Asks a step's question. It begins with new servers if fresh is true. */
async function step(number, fresh) {
  stop(new Over());
  const { tour } = current, s = tour.steps[number];
  const now = run = { s, number, busy: [], ended: null, guessed: false, asked: false };
  for (const p of panels) { p.root.classList.toggle("aside", !!s.only && !s.only.includes(p.name)); p.hush(); }
  furnish(now, tour);
  say(now, "setting the controls …");
  try {
    await prepare(tour, number, fresh, now);
    now.asked = true;
    for (const b of now.buttons) enable(b, true);
    say(now, "Take a guess.");
  } catch (error) {
    now.ended = error;
    breakOff(now);
  }
}

/** Makes the guide for a step. */
function furnish(now, { id, steps }) {
  const { s, number } = now, last = number + 1 === steps.length;
  now.title = el("h2", { tabindex: "-1" }, id, el("small", {}, steps.length > 1 ? `${number + 1} of ${steps.length}` : ""));
  now.text = el("div", { class: "text" }, el("p", { class: "say" }, s.say), el("p", { class: "ask", id: "ask" }, s.ask));
  now.status = el("p", { class: "status" });
  now.buttons = s.choices.map((text, i) => button(text, { "aria-disabled": "true" }, () => { guess(now, i); }));
  now.side = el("div", { class: "side" }, el("div", { class: "choices", role: "group", "aria-labelledby": "ask" }, ...now.buttons));
  now.show = button("Show", { id: "tour-show", "aria-expanded": "false" }, toggle);
  now.again = button("Play this step again", { id: "tour-again", hidden: true }, () => { step(number, true); });
  now.next = button(last ? "To the end" : "Next", { id: "tour-next", class: "primary", "aria-disabled": "true" }, () => last ? farewell() : step(number + 1, !!now.ended));
  now.leave = button("Leave", { id: "tour-leave" }, end);
  guide.replaceChildren(now.title, now.text, now.side, now.status, el("div", { class: "nav" }, now.show, now.leave, now.again, now.next));
  fold(false);
  now.title.focus({ preventScroll: true });
  guide.scrollIntoView({ block: "nearest" });
}

/** On a small screen, one line is left of the guide while there is something to see. */
function fold(folded) {
  guide.classList.toggle("folded", folded);
  const show = at("tour-show");
  if (show) { put(show, folded ? "Show" : "Hide"); show.setAttribute("aria-expanded", String(!folded)); }
}

/** Shows all of the guide, or what it is about. */
function toggle() {
  const folded = !guide.classList.contains("folded");
  fold(folded);
  if (folded && run) toPlace(run.s); else guide.scrollIntoView({ block: "start" });
}

function say(now, text) {
  if (now !== run) return;
  put(now.status, text);
  speak(text);
}

/** A tour begins with new servers: what another has left in their queues is over. */
async function prepare(tour, number, fresh, now) {
  const wanted = fresh ? Object.assign({}, ...tour.steps.slice(0, number + 1).map(s => s.set)) : now.s.set;
  if (wanted) await perform(wanted, now);
  if (fresh) await perform({ do: "start" }, now);
}

/** Says why a step has not come to its end, and offers to go on all the same. */
function breakOff(now) {
  if (!(now.ended instanceof Broken) || now !== run) return;
  for (const b of now.buttons) enable(b, false);
  now.status.classList.add("off");
  say(now, now.ended.message);
  offerMore(now);
}

function offerMore(now) {
  guide.classList.add("told");
  now.again.hidden = false;
  enable(now.next, true);
}

async function guess(now, i) {
  for (const b of now.buttons) enable(b, false);
  now.buttons[i].setAttribute("aria-pressed", "true");
  now.guessed = true;
  guide.classList.remove("told");
  fold(true);
  toPlace(now.s);
  try {
    reveal(now, i, await watch(now));
  } catch (error) {
    now.ended ||= error;
    if (!(error instanceof Over)) breakOff(now);
    if (!(error instanceof Over || error instanceof Broken)) throw error;
  }
}

/** Scrolls to what there is to see, unless it is seen already. */
function toPlace(s) {
  const small = getComputedStyle(at("tour-show")).display !== "none";
  (at(s.look) || guide).scrollIntoView({ block: small ? "start" : "nearest" });
}

/** Does what a step does, and looks at what comes of it. */
async function watch(now) {
  const { s } = now;
  say(now, "doing it …");
  let then = look(), from = performance.now();
  for (const what of s.acts || []) {
    if (what.wait) { say(now, `waiting ${what.wait} s …`); await sleep(what.wait, now); continue; }
    if (what.remember) { then = look(); continue; }
    await perform(what, now);
    if (what.do === "reset") { await sleep(.2, now); then = look(); }
    from = performance.now();
  }
  if (s.settle) { await sleep(s.settle, now); then = look(); from = performance.now(); }
  const rolls = s.rolls ? await roll(s.rolls, now) : null;
  const seconds = () => (performance.now() - from) / 1000;
  if (!rolls) say(now, "watch …");
  if (s.until) await when(() => s.until(look(), then, seconds()), now);
  return [look(), then, rolls, seconds()];
}

/** Sends eight connections, over and over, and looks whether a worker got none. */
async function roll(times, now) {
  const taken = () => Array.from({ length: lab.settings.workers }, (_, i) => lab.panels.reuseport.taken[i] || 0);
  const rolls = { n: 0, empty: 0, all: taken().map(() => 0) };
  while (rolls.n < times) {
    const before = taken();
    await perform({ do: "send", panel: "reuseport", count: ROLL }, now);
    await when(() => sum(taken()) - sum(before) >= ROLL, now);
    const last = taken().map((n, i) => n - before[i]);
    rolls.all = rolls.all.map((n, i) => n + last[i]);
    rolls.n++;
    if (last.includes(0)) rolls.empty++;
    put(now.status, `roll ${rolls.n} of ${times}: ${last.join(" ")}; with an empty worker: ${rolls.empty}`);
  }
  return rolls;
}

/** Puts what came out beside what was predicted, and says whether that is so. */
function reveal(now, i, seen) {
  const { s } = now, numbers = s.numbers(...seen), off = numbers.filter(n => !n.ok).length, came = s.answer(...seen);
  now.side.replaceChildren(table(numbers));
  now.text.replaceChildren(
    el("p", { class: "why" }, s.why),
    el("p", { class: "ask" }, s.ask), el("p", { class: "came" }, ...verdict(s, i, came)));
  const all = off === 0 ? `✓ ${numbers.length > 1 ? "Every number is" : "The number is"} as predicted.`
    : `✗ ${off} of ${numbers.length} not as predicted.${machineWords(now) || " Play it again to see whether that was chance."}`;
  now.status.classList.toggle("off", off > 0);
  say(now, all);
  offerMore(now);
  run = null;
  (now.show.offsetParent ? now.show : now.next).focus({ preventScroll: true });
}

function verdict({ choices, right }, guessed, came) {
  const theory = came === right ? "" : ` Theory says: ${choices[right]}.`;
  if (came === guessed) return ["✓ As you guessed: ", el("b", {}, choices[came]), ".", theory];
  return ["You guessed: ", choices[guessed], ". It was: ", el("b", {}, choices[came] || "none of these"), ".", theory];
}

function table(numbers) {
  const head = ["", "predicted", "came out", ""].map(text => el("th", { scope: "col" }, text));
  const mark = ok => el("td", { class: ok ? "ok" : "off" }, ok ? "✓" : "✗", el("span", { class: "sr" }, ok ? " as predicted" : " not as predicted"));
  return el("table", {}, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...numbers.map(n =>
    el("tr", {}, el("th", { scope: "row" }, n.label), el("td", {}, n.want), el("td", { class: "got" }, n.got), mark(n.ok)))));
}

/** The end of a tour: nobody is left as the tour has needed them. */
async function farewell() {
  const { tour } = current;
  await tidy();
  for (const p of panels) { p.root.classList.remove("aside"); p.say(""); }
  const title = el("h2", { tabindex: "-1" }, tour.id, el("small", {}, "done")), status = el("p", { class: "status" }, `Read on: ${tour.read}.`);
  guide.replaceChildren(title,
    el("div", { class: "text" }, el("p", { class: "say" }, "The lab is yours now. Change one thing at a time, and guess before you look.")),
    el("div", { class: "side" }, el("div", { class: "choices others", role: "group", "aria-label": "Other tours" }, ...tours.filter(t => t !== tour).map(t => button(t.id, {}, () => { begin(t); })))),
    status,
    el("div", { class: "nav" }, button("Into the free lab", { class: "primary", id: "tour-end" }, end)));
  fold(false);
  title.focus({ preventScroll: true });
  speak(`${tour.id} is over. Read on: ${tour.read}.`);
}
