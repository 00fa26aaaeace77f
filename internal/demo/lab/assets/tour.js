// Plays a tour: predict → act → see → number, and ends in the free lab.
import { act, lab, on, record, set } from "./live.js";
import { button, el, percent, put, sum } from "./format.js";
import * as guide from "./guide.js";
import { tours } from "./tours.js";

const at = id => document.getElementById(id);
const menu = at("tours");
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
  guide.open(true);
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
  record({ tour: current?.tour.id || "", step: 0, what: "left" });
  guide.open(false);
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
    record({ tour: tour.id, step: number, what: "asked" });
    guide.enableGuess(now.card, true);
    say(now, "Take a guess.");
  } catch (error) {
    now.ended = error;
    breakOff(now);
  }
}

/** Makes the guide for a step. */
function furnish(now, tour) {
  const { number } = now;
  now.card = guide.question(tour, number, {
    guess: i => guess(now, i), again: () => step(number, true), leave: end,
    next: () => number + 1 === tour.steps.length ? farewell() : step(number + 1, !!now.ended),
  });
  guide.focus(now.card);
}

function say(now, text) {
  if (now === run) guide.say(now.card, text);
}

/** A tour begins with new servers: what another has left in their queues is over. */
async function prepare(tour, number, fresh, now) {
  const wanted = fresh ? Object.assign({}, ...tour.steps.slice(0, number + 1).map(s => s.set)) : now.s.set;
  if (wanted) await perform(wanted, now);
  if (fresh) await perform({ do: "start" }, now);
}

/** Says why a step has not come to its end, and offers to go on all the same. */
function breakOff(now) {
  if (now.ended instanceof Broken && now === run) guide.breakOff(now.card, now.ended.message);
}

async function guess(now, i) {
  now.guessed = true;
  guide.guessed(now.card, i);
  await record({ tour: current.tour.id, step: now.number, what: "guessed" });
  try {
    reveal(now, i, await watch(now));
  } catch (error) {
    now.ended ||= error;
    if (!(error instanceof Over)) breakOff(now);
    if (!(error instanceof Over || error instanceof Broken)) throw error;
  }
}

/** Does what a step does, and looks at what comes of it. */
async function watch(now) {
  const { s } = now;
  say(now, "doing it …");
  let then = look(), from = performance.now();
  for (const one of s.acts || []) {
    const what = typeof one === "function" ? one(look()) : one;
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
    put(now.card.status, `roll ${rolls.n} of ${times}: ${last.join(" ")}; with an empty worker: ${rolls.empty}`);
  }
  return rolls;
}

/** Puts what came out beside what was predicted, and says whether that is so. */
function reveal(now, i, seen) {
  const { s, number } = now, out = { came: s.answer(...seen), numbers: s.numbers(...seen) };
  record({ tour: current.tour.id, step: number, what: "told", ...out });
  guide.reveal(now.card, i, out, machineWords(now) || " Play it again to see whether that was chance.");
  run = null;
}

/** The end of a tour: nobody is left as the tour has needed them. */
async function farewell() {
  const { tour } = current;
  await tidy();
  for (const p of panels) { p.root.classList.remove("aside"); p.say(""); }
  guide.farewell(tour, "The lab is yours now. Change one thing at a time, and guess before you look.",
    tours.filter(t => t !== tour).map(t => button(t.id, {}, () => { begin(t); })),
    button("Into the free lab", { class: "primary", id: "tour-end" }, end));
}
