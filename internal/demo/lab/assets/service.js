// How much work connections bring, as it is set and as it is said.
import { digits, whole } from "./format.js";

const SLOW = 100; // how many times longer 1 % of a bimodal service takes
const KINDS = { fixed: "always", exp: "on average, varying", bimodal: "on average: 1 in 100 takes 100 times as long" };

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

/** The other way round. */
export function service(kind, mean) {
  const us = ms => `${Math.round(ms * 1000)}us`;
  const usual = mean / (.99 + .01 * SLOW);
  return kind === "bimodal" ? `bimodal:${us(usual)},${us(usual * SLOW)},1%` : `${kind}:${us(mean)}`;
}

/** What is set, in a sentence. */
export function loadText({ rate, clients, service, workers, paused }) {
  const { kind, mean } = parseService(service), each = `${digits(mean)} ms each ${KINDS[kind] || ""}`.trim(), of = `${workers} ${workers === 1 ? "worker" : "workers"}`;
  if (paused) return `No load: paused. ${of}.`;
  if (clients) return `${clients} ${clients === 1 ? "client" : "clients"}, each of which asks again when it is answered; ${each}; ${of}.`;
  return rate ? `${whole(rate)} connections a second, at random; ${each}; ${of}.` : `No connections but those that are sent; ${each}; ${of}.`;
}
