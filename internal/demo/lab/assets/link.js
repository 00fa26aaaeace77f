// Links that restore a state: #rate=400&service=exp:5ms&workers=4&reuseport.steer=p2c.
// What follows the # is what is set, and the address bar always has it.
import { lab } from "./live.js";

const NUMBERS = ["rate", "clients", "workers"];

/** Names one may give, for whoever has given another. */
const known = () => [...NUMBERS, "service", "paused", ...lab.facts.flatMap(f => ["accept", "steer", "policy"].filter(way => f[way]).map(way => `${f.name}.${way}`))];

/** What a link sets, for set() of live.js. It throws an Error for what it cannot mean. */
export function parse(hash) {
  const wanted = {};
  for (const [name, value] of new URLSearchParams(hash.replace(/^#/, ""))) {
    if (!known().includes(name)) throw new Error(`there is no “${name}”. There are ${known().join(", ")}`);
    const [strategy, way] = name.split(".");
    if (way) ((wanted.ways ||= {})[strategy] ||= {})[way] = value;
    else wanted[name] = name === "paused" ? truth(value) : NUMBERS.includes(name) ? number(name, value) : value;
  }
  if (wanted.rate !== undefined && wanted.clients === undefined) wanted.clients = 0;
  return wanted;
}

function number(name, text) {
  if (text.trim() === "" || !Number.isFinite(Number(text))) throw new Error(`${name} is “${text}”, and should be a number`);
  return Number(text);
}

function truth(text) {
  if (text !== "true" && text !== "false") throw new Error(`paused is “${text}”, and should be true or false`);
  return text === "true";
}

/** The link to what is set. Of the ways it has those that are not the first. */
export function write({ rate, clients, service, workers, paused, ways }) {
  const all = [clients ? `clients=${clients}` : `rate=${rate}`, `service=${service.replaceAll("%", "%25")}`, `workers=${workers}`];
  if (paused) all.push("paused=true");
  for (const f of lab.facts) {
    for (const [way, name] of Object.entries(ways[f.name])) if (name !== f[way]?.[0].name) all.push(`${f.name}.${way}=${name}`);
  }
  return `#${all.join("&")}`;
}
