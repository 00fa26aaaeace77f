// Puts the page together.
import { connect, lab, on } from "./live.js";
import { el, put, sum, timeText, whole } from "./format.js";
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

if (new URLSearchParams(location.search).has("present")) document.documentElement.classList.add("present");

on("state", () => {
  if (!panels.length) build();
  for (const p of panels) p.settle(lab.settings);
  list();
});
on("settings", () => { for (const p of panels) p.settle(lab.settings); });
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
on("online", link);
on("refused", reason => {
  if (refusal && reason.includes(refusal)) return; // its panel says so
  clearTimeout(refused);
  refused = setTimeout(link, REFUSED);
  warn(reason);
});
at("marks").addEventListener("toggle", list);

/** Says whether there is a connection to the lab. */
function link() { warn(lab.online ? "" : "no connection to the lab; trying again …"); }

function warn(text) {
  put(at("link"), text);
  at("link").title = text;
  at("link").classList.toggle("off", text !== "");
  if (text) speak(text);
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
  tour.start(panels);
  if (!tour.playing()) tell("welcome", {});
}

/** Says what was done, and in each panel what came of it. */
function tell(key, mark) {
  const w = words[key], title = key === "set" ? `${w.title}: ${mark.text}` : mark.panel ? `${w.title} (${mark.panel})` : w.title;
  const text = typeof w.text === "function" ? w.text(lab.settings) : w.text;
  put(at("story-title"), title);
  put(at("story"), text);
  put(at("read"), w.read ? `Read on: ${w.read}` : "");
  if (key !== "welcome") speak(`${title}. ${text}`);
  for (const p of panels) {
    const text = !mark.panel || mark.panel === p.name ? w[p.name] : "";
    p.say(typeof text === "function" ? text(p.chosenWays()) : text);
  }
}

/** All marks of the timeline, the last one first, for whoever opens the list. */
function list() {
  if (!at("marks").open) return;
  at("marks").querySelector("ol").replaceChildren(...lab.marks.toReversed().map(m =>
    el("li", {}, new Date(m.at).toLocaleTimeString("en-GB"), " ", m.panel ? `${m.panel}: ${m.text}` : m.text)));
}

controls.start();
connect();
