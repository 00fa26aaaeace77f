// The controls of the load, and what is done to all three at once.
import { act, lab, on, set } from "./live.js";
import { digits, el, put } from "./format.js";

const RATES = [0, 1, 2, 5, 10, 20, 50, 100, 150, 200, 300, 400, 500, 700, 1000, 1500, 2000];
const CLIENTS = [1, 2, 4, 8, 12, 20, 40, 80, 150, 300, 500];
const MEANS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100]; // ms
const SLOW = 100; // how many times longer 1 % of a bimodal service takes

const ALL = [
  ["Stop a worker", { do: "stop", worker: 2 }], ["Continue", { do: "continue", worker: 2 }], ["Kill a worker", { do: "kill", worker: 2 }],
  ["Stall 1 s", { do: "stall" }], ["Reload", { do: "reload" }], ["Kill the masters", { do: "kill-master" }], ["Start again", { do: "start" }],
  ["Send 10", { do: "send", count: 10 }],
];

const at = id => document.getElementById(id);

/** "exp:5ms" as {kind, mean}, the mean in ms. */
export function parseService(text) {
  const [kind, values] = text.split(":");
  const [first, second] = values.split(",").map(milliseconds);
  return { kind, mean: kind === "bimodal" ? .99 * first + .01 * second : first };
}

function milliseconds(text) {
  const units = { h: 3.6e6, m: 6e4, s: 1e3, ms: 1, "µs": 1e-3, us: 1e-3, ns: 1e-6 };
  return [...text.matchAll(/([\d.]+)(h|ms|m|s|µs|us|ns)/g)].reduce((sum, [, n, unit]) => sum + n * units[unit], 0);
}

function service(kind, mean) {
  const us = ms => `${Math.round(ms * 1000)}us`;
  const usual = mean / (.99 + .01 * SLOW);
  return kind === "bimodal" ? `bimodal:${us(usual)},${us(usual * SLOW)},1%` : `${kind}:${us(mean)}`;
}

const nearest = (list, x) => list.reduce((best, v, i) => Math.abs(v - x) < Math.abs(list[best] - x) ? i : best, 0);

export function start() {
  at("rate").addEventListener("input", () => put(at("rate-out"), rateText(chosen())));
  at("rate").addEventListener("change", () => set(chosen()));
  at("loop").addEventListener("change", e => set(e.target.value === "closed" ? { clients: 8 } : { clients: 0 }));
  at("mean").max = MEANS.length - 1;
  at("mean").addEventListener("input", () => put(at("mean-out"), `${digits(MEANS[at("mean").value])} ms`));
  for (const id of ["mean", "kind"]) at(id).addEventListener("change", () => set({ service: service(at("kind").value, MEANS[at("mean").value]) }));
  at("fewer").addEventListener("click", () => set({ workers: lab.settings.workers - 1 }));
  at("more").addEventListener("click", () => set({ workers: lab.settings.workers + 1 }));
  at("pause").addEventListener("click", () => set({ paused: !lab.settings.paused }));
  at("all").append(...ALL.map(([label, what]) => el("button", { type: "button", "data-do": what.do, onclick: () => act(withWorker(what)) }, label)));
  on("state", show);
  on("settings", show);
}

/** With one worker there is no second to do something to. */
const withWorker = what => what.worker ? { ...what, worker: Math.min(what.worker, lab.settings.workers) } : what;

function chosen() {
  const i = at("rate").value;
  return at("loop").value === "closed" ? { clients: CLIENTS[i] } : { rate: RATES[i] };
}

const rateText = ({ rate, clients }) => clients ? `${clients} ${clients === 1 ? "client" : "clients"}` : `${rate} a second`;

function show() {
  const s = lab.settings, { kind, mean } = parseService(s.service), closed = s.clients > 0;
  at("loop").value = closed ? "closed" : "open";
  at("rate").max = (closed ? CLIENTS : RATES).length - 1;
  at("rate").value = closed ? nearest(CLIENTS, s.clients) : nearest(RATES, s.rate);
  put(at("rate-out"), rateText(closed ? { clients: s.clients } : { rate: s.rate }));
  at("kind").value = kind;
  at("mean").value = nearest(MEANS, mean);
  put(at("mean-out"), `${digits(mean)} ms`);
  put(at("workers-out"), String(s.workers));
  at("fewer").disabled = s.workers <= 1;
  at("more").disabled = s.workers >= lab.limits.workers;
  at("pause").classList.toggle("primary", s.paused);
  put(at("pause"), s.paused ? "Go on" : "Pause");
  const busy = s.rate * mean / 1000 / s.workers;
  put(at("busy"), closed ? "as they can" : busy > 1 ? `${Math.round(100 * busy)} %: too much` : `${Math.round(100 * busy)} % of the time`);
  at("busy").classList.toggle("over", !closed && busy > 1);
}
