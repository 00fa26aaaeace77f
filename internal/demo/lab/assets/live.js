// The line to the server: what it tells, and what it is asked to do.
import { sum } from "./format.js";

/** All that is known. Counts are the server's, which counts every connection. */
export const lab = {
  settings: null, limits: null, facts: [], points: [], marks: [], recording: false,
  panels: {}, // by strategy, since the last reset: see fresh
  machine: 0, // how much of its processors' time was used in the last second
  online: false,
  retelling: false, // what was is told in one go: nobody need look, or say, before it is over
};

const listeners = {};

/**
 * Calls f with each event of a kind: state, settings, frame, second, mark, refusal (a
 * server did not start as wanted), tour (what a tour has come to, where that is recorded), retold, still, online, refused (of what this viewer wanted).
 * @returns {() => void} what ends that
 */
export function on(kind, f) {
  (listeners[kind] ||= []).push(f);
  return () => { listeners[kind] = listeners[kind].filter(g => g !== f); };
}
function tell(kind, data) { for (const f of listeners[kind] || []) f(data); }

/** What each kind of event changes of what is known. */
const takes = {
  state(state) {
    Object.assign(lab, state);
    for (const f of lab.facts) lab.panels[f.name] ||= fresh();
    setOnline(true);
  },
  settings(settings) { lab.settings = settings; },
  frame: takeFrame,
  second: takeSecond,
  refusal() {},
  tour() {}, // for a recording of it
  mark(mark) {
    if (mark.do === "set" || mark.do === "reset" || mark.do === "start") forget(mark);
    if (mark.do === "start") phase(mark.panel, "running");
    if (mark.do === "kill-master") phase(mark.panel, "masterless");
    if (mark.do === "reload") for (const p of named(mark.panel)) p.replaced = (p.second?.pids ?? []).filter(pid => pid);
    if (mark.text) lab.marks.push(mark);
  },
};

/** Says that what was told in one go is over. */
export function retold() { tell("retold"); }

/** Says that nothing more happens for now: what is shown has to be as of this moment. */
export function still() { tell("still"); }

/** The one door through which events come in. */
export function hear(kind, data) { takes[kind](data); tell(kind, data); }

export function connect() {
  const source = new EventSource("events");
  for (const kind of Object.keys(takes)) source.addEventListener(kind, e => hear(kind, JSON.parse(e.data)));
  source.onerror = () => setOnline(false);
}

function setOnline(online) {
  if (lab.online === online) return;
  lab.online = online;
  tell("online", online);
}

// replaced are the pids of workers that are being replaced by a reload; generations says
// of each slot how many workers it has had, and pids which is the last of them.
const fresh = () => ({ phase: "running", frame: null, second: null, replaced: [], pids: [], generations: [], taken: [], answered: 0, arrived: 0, lost: 0 });

/** The panels that a mark is about: one, or all. */
const named = panel => Object.entries(lab.panels).filter(([name]) => !panel || panel === name).map(([, p]) => p);

/** What a mark says of the masters, before the next second does. */
function phase(panel, now) { for (const p of named(panel)) p.phase = now; }

/** Counts begin anew. After a reset the workers are the same as before. */
function forget({ do: what, panel }) {
  for (const p of named(panel)) {
    const { phase, second, frame, pids, generations } = p;
    Object.assign(p, fresh(), { phase, second, frame }, what === "reset" && { pids, generations });
  }
}

function takeFrame(frames) {
  frames.forEach((frame, i) => {
    const panel = lab.panels[lab.facts[i].name];
    frame.q ||= [];
    panel.frame = frame;
    panel.arrived += frame.a;
    panel.answered += frame.d;
    panel.lost += frame.l;
    frame.w.forEach(([taken], slot) => { panel.taken[slot] = (panel.taken[slot] || 0) + taken; });
  });
}

function takeSecond({ at, panels, machine }) {
  const point = [at];
  lab.machine = machine;
  panels.forEach((second, i) => {
    const panel = lab.panels[lab.facts[i].name]; // totals: who has come late has not seen all frames
    Object.assign(panel, { phase: second.phase, second, arrived: second.begun, answered: second.done, lost: sum(Object.values(second.lost || {})), taken: [...second.taken] });
    panel.replaced = panel.replaced.filter(pid => second.pids?.includes(pid));
    succeed(panel, second.pids || []);
    point.push(second.second.p50, second.second.p99);
  });
  lab.points.push(point);
  if (lab.points.length > 180) lab.points.shift();
}

/** Notes which worker is in each slot now, and that another one was. */
function succeed(panel, pids) {
  pids.forEach((pid, slot) => {
    if (!pid) return;
    const another = panel.pids[slot] && panel.pids[slot] !== pid;
    panel.generations[slot] = (panel.generations[slot] || 1) + (another ? 1 : 0);
    panel.pids[slot] = pid;
  });
}

const DEAF = "the lab does not answer";

/** @returns {Promise<string>} why it was not done; empty if it was. */
async function post(path, body) {
  const reason = await ask(path, body).catch(() => DEAF);
  if (reason && !body.by) tell("refused", reason); // a tour, or a link, tells of its own
  return reason;
}

async function ask(path, body) {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  return answer.ok ? "" : (await answer.text()).trim() || DEAF;
}

/** Says for a recording how far a tour has come: {tour, step, what, came, numbers}. */
export async function record(what) {
  if (lab.recording) await ask("told", { came: -1, ...what }).catch(() => DEAF);
}
/** Asks for something to be done: {do, panel, worker, count}; by is in its mark. */
export const act = (what, by) => post("act", { ...what, by });
/** Changes settings; only those given. */
export const set = (settings, by) => post("settings", { ...settings, by });
