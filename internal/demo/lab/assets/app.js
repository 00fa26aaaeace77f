// Puts the page together.
import { connect, lab, on, set } from "./live.js";
import { el, put, sum, timeText, whole } from "./format.js";
import * as link from "./link.js";
import { Panel } from "./panel.js";
import { run, scale } from "./flow.js";
import { words } from "./words.js";
import * as chart from "./chart.js";
import * as controls from "./controls.js";
import * as tour from "./tour.js";
import { speak } from "./speak.js";

const at = id => document.getElementById(id);
const WRITE = 2; // every second frame changes numbers: five times a second can be read
const CALM = 30; // seconds between words for those who hear the page
const REFUSED = 6000; // ms for which a refusal is shown

let panels = [], frames = 0, seconds = 0, refusal = "", refused = 0;

const asked = new URLSearchParams(location.search);
present(asked.has("present"));
at("present").addEventListener("click", () => present(!document.documentElement.classList.contains("present")));
at("notice-close").addEventListener("click", () => notice(""));
addEventListener("hashchange", () => { if (location.hash !== link.write(lab.settings)) restore(); });

on("state", () => {
  if (!panels.length) build();
  for (const p of panels) p.settle(lab.settings);
  list();
});
on("settings", () => { for (const p of panels) p.settle(lab.settings); address(); });
on("frame", all => {
  const write = ++frames % WRITE === 0;
  panels.forEach((p, i) => p.frame(all[i], write));
  if (write) put(at("dots"), scale > 1 ? `A moving dot is ${scale} connections, a ring is one that waits.` : "A dot is a connection, a ring one that waits.");
});
on("second", ({ panels: all }) => {
  panels.forEach((p, i) => p.second(all[i]));
  if (++seconds % CALM === 0 && !tour.playing()) speak(all.map((s, i) => `${panels[i].name}: ${whole(s.done)} answered, 99th percentile ${timeText(s.recent.p99)}, ${whole(sum(Object.values(s.lost || {})))} lost.`).join(" "));
});
on("mark", mark => { if (mark.text && words[mark.do] && !tour.asks()) tell(mark.do, mark); });
on("mark", list);
on("refusal", ({ panel, reason }) => { refusal = reason; panels.find(p => p.name === panel)?.refuse(reason); });
on("online", online);
on("refused", reason => {
  if (refusal && reason.includes(refusal)) return; // its panel says so
  clearTimeout(refused);
  refused = setTimeout(online, REFUSED);
  warn(reason);
});
at("marks").addEventListener("toggle", list);

/** Says whether there is a connection to the lab. */
function online() { warn(lab.online ? "" : "no connection to the lab; trying again …"); }

function warn(text) {
  put(at("link"), text);
  at("link").title = text;
  at("link").classList.toggle("off", text !== "");
  if (text) speak(text);
}

/** Says something that stays until it is closed: of a link that cannot be followed. */
function notice(text) {
  put(at("notice-text"), text);
  at("notice").hidden = text === "";
  if (text) speak(text);
}

/** Larger, for a lecture, or as it was; the address says which. */
function present(on) {
  document.documentElement.classList.toggle("present", on);
  at("present").setAttribute("aria-pressed", String(on));
  if (on === asked.has("present")) return;
  on ? asked.set("present", "") : asked.delete("present");
  address();
}

/** Keeps in the address bar what a link to this has to say. */
function address() {
  const query = asked.toString().replace(/=(&|$)/g, "$1");
  history.replaceState(null, "", `${location.pathname}${query && `?${query}`}${tour.playing() || !lab.settings ? location.hash : link.write(lab.settings)}`);
}

/** Sets what the link says, all of it or nothing. */
async function restore() {
  let reason = "";
  try { reason = await set(link.parse(location.hash), "link"); } catch (error) { reason = error.message; }
  if (reason) notice(`This link cannot be followed: ${reason}. Nothing was changed.`);
  address();
}

function build() {
  panels = lab.facts.map(f => new Panel(f));
  at("panels").append(...panels.map(p => p.root));
  const measure = () => panels.forEach(p => p.measure());
  const watch = new ResizeObserver(measure);
  for (const p of panels) { watch.observe(p.root); watch.observe(p.workers); }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", measure);
  run(panels.map(p => p.flow));
  chart.start(at("chart"));
  at("marks").open = at("chart").clientHeight > 16 * parseFloat(getComputedStyle(document.documentElement).fontSize); // there is room
  const wanted = asked.get("tour");
  tour.start(panels, wanted);
  if (tour.names.includes(wanted)) return;
  tell("welcome", {});
  if (wanted !== null) notice(`There is no tour “${wanted}”. There are ${tour.names.join(", ")}.`);
  else if (location.hash.length > 1) restore();
}

/** Says what was done, and in each panel what came of it. */
function tell(key, mark) {
  const w = words[key], title = key === "set" ? `${w.title}: ${mark.text}` : mark.panel ? `${w.title} (${mark.panel})` : w.title;
  const text = typeof w.text === "function" ? w.text(lab.settings) : w.text;
  put(at("story-title"), title);
  put(at("story"), text);
  put(at("read"), w.read ? `Read on: ${w.read}` : "");
  if (key !== "welcome") speak(`${title}. ${text}`);
  for (const p of panels) p.say(key !== "welcome" && (!mark.panel || mark.panel === p.name) && w[p.name] || "");
}

/** All marks of the timeline, the last one first, for whoever opens the list. */
function list() {
  if (!at("marks").open) return;
  at("marks").querySelector("ol").replaceChildren(...lab.marks.toReversed().map(m =>
    el("li", {}, new Date(m.at).toLocaleTimeString("en-GB"), " ", m.panel ? `${m.panel}: ${m.text}` : m.text)));
}

controls.start();
connect();
