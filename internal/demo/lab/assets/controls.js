// The controls of the load, and what is done to all three at once.
import { act, lab, on, set } from "./live.js";
import { button, digits, enable, put, whole } from "./format.js";
import { onChoice, showChoice } from "./choice.js";
import { parseService, service } from "./service.js";
import { speak } from "./speak.js";

const RATES = [0, 1, 2, 5, 10, 20, 50, 100, 150, 200, 300, 400, 500, 700, 1000, 1500, 2000];
const CLIENTS = [1, 2, 4, 8, 12, 20, 40, 80, 150, 300, 500];
const MEANS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100]; // ms

const WORKER = 2; // the slot that is meant by what is done to a worker of all three

const ALL = [
  { label: "Stop worker", do: "stop", worker: true, can: p => state(p) === AWAKE },
  { label: "Continue worker", do: "continue", worker: true, can: p => state(p) === ASLEEP },
  { label: "Kill worker", do: "kill", worker: true, can: p => state(p) > GONE },
  { label: "Stall 1 s", do: "stall", can: p => p.frame?.w.some(([, , , state]) => state === AWAKE) },
  { label: "Reload", do: "reload", can: p => p.phase === "running" },
  { label: "Kill the masters", do: "kill-master", can: p => p.phase === "running" },
  { label: "Start again", do: "start", can: () => true },
  { label: "Send 10", do: "send", count: 10, can: p => p.phase !== "broken" },
];
const GONE = 0, AWAKE = 1, ASLEEP = 2; // of a worker

/** With few workers there is none of that number. */
const worker = () => Math.min(WORKER, lab.settings.workers - 1);
const state = panel => panel.frame?.w[worker()]?.[3];

let buttons = [];

const at = id => document.getElementById(id);

const nearest = (list, x) => list.reduce((best, v, i) => Math.abs(v - x) < Math.abs(list[best] - x) ? i : best, 0);

export function start() {
  at("rate").addEventListener("input", () => say("rate", rateText(chosen())));
  at("rate").addEventListener("change", () => set(chosen()));
  onChoice(at("loop"), loop => set(loop === "closed" ? { clients: 8 } : { clients: 0 }));
  at("mean").max = MEANS.length - 1;
  at("mean").addEventListener("input", () => say("mean", `${digits(MEANS[at("mean").value])} ms`));
  const change = () => set({ service: service(at("kind").value, MEANS[at("mean").value]) });
  at("mean").addEventListener("change", change);
  onChoice(at("kind"), change);
  for (const [id, by] of [["fewer", -1], ["more", 1]]) at(id).addEventListener("click", () => hire(by));
  at("pause").addEventListener("click", () => set({ paused: !lab.settings.paused }));
  buttons = ALL.map(what => ({ what, e: button(what.label, { "data-do": what.do }, () => act({ do: what.do, worker: what.worker && worker(), count: what.count })) }));
  at("all").append(...buttons.map(b => b.e));
  for (const kind of ["state", "settings", "mark", "frame"]) on(kind, offer);
  on("state", show);
  on("settings", show);
}

/** One worker more or less, if there may be. */
async function hire(by) {
  const n = lab.settings.workers + by;
  if (n >= 1 && n <= lab.limits.workers && !await set({ workers: n })) speak(`${n} ${n === 1 ? "worker" : "workers"}`);
}

/** What can be done in no panel is not offered. */
function offer() {
  for (const { what, e } of buttons) {
    if (what.worker) put(e, `${what.label} ${worker()}`);
    enable(e, Object.values(lab.panels).some(what.can));
  }
}

function chosen() {
  const i = at("rate").value;
  return at("loop").value === "closed" ? { clients: CLIENTS[i] } : { rate: RATES[i] };
}

const rateText = ({ rate, clients }) => clients ? `${clients} ${clients === 1 ? "client" : "clients"}` : `${whole(rate)} a second`;

/** Puts a slider's value beside it, and where it is read out. */
function say(slider, text) {
  put(at(`${slider}-out`), text);
  at(slider).setAttribute("aria-valuetext", text);
}

function show() {
  const s = lab.settings, { kind, mean } = parseService(s.service), closed = s.clients > 0;
  showChoice(at("loop"), closed ? "closed" : "open");
  at("rate").max = (closed ? CLIENTS : RATES).length - 1;
  at("rate").value = closed ? nearest(CLIENTS, s.clients) : nearest(RATES, s.rate);
  say("rate", rateText(closed ? { clients: s.clients } : { rate: s.rate }));
  showChoice(at("kind"), kind);
  at("mean").value = nearest(MEANS, mean);
  say("mean", `${digits(mean)} ms`);
  put(at("workers-out"), String(s.workers));
  enable(at("fewer"), s.workers > 1);
  enable(at("more"), s.workers < lab.limits.workers);
  at("pause").classList.toggle("primary", s.paused);
  put(at("pause"), s.paused ? "Go on" : "Pause");
  const busy = s.rate * mean / 1000 / s.workers;
  put(at("busy"), closed ? "as much as they can" : busy > 1 ? `${Math.round(100 * busy)} %: too much` : `${Math.round(100 * busy)} % of the time`);
  at("busy").classList.toggle("over", !closed && busy > 1);
}
