// Puts the page together.
import { connect, lab, on } from "./live.js";
import { put, timeText, whole } from "./format.js";
import { Panel } from "./panel.js";
import { run, scale } from "./flow.js";
import { words } from "./words.js";
import * as chart from "./chart.js";
import * as controls from "./controls.js";
import * as tour from "./tour.js";

const at = id => document.getElementById(id);
const WRITE = 2; // every second frame changes numbers: five times a second can be read
const CALM = 15; // seconds between words for those who hear the page

let panels = [], frames = 0, seconds = 0, refusal = "";

if (new URLSearchParams(location.search).has("present")) document.documentElement.classList.add("present");

on("state", () => {
  if (!panels.length) build();
  for (const p of panels) p.settle(lab.settings);
});
on("settings", () => { for (const p of panels) p.settle(lab.settings); });
on("frame", all => {
  const write = ++frames % WRITE === 0;
  panels.forEach((p, i) => p.frame(all[i], write));
  if (write) put(at("dots"), scale > 1 ? `A moving dot is ${scale} connections, a waiting one is one.` : "A dot is a connection.");
});
on("second", ({ panels: all }) => {
  panels.forEach((p, i) => p.second(all[i]));
  if (++seconds % CALM === 0) put(at("calm"), all.map((s, i) => `${panels[i].name}: ${whole(s.done)} answered, 99th percentile ${timeText(s.recent.p99)}, ${whole(Object.values(s.lost || {}).reduce((a, b) => a + b, 0))} lost.`).join(" "));
});
on("mark", mark => { if (mark.text && words[mark.do]) tell(mark.do, mark); });
on("refusal", ({ panel, reason }) => { refusal = reason; panels.find(p => p.name === panel)?.refuse(reason); });
on("online", online => { put(at("link"), online ? "" : "no connection to the lab; trying again …"); at("link").classList.toggle("off", !online); });
on("refused", reason => {
  if (refusal && reason.includes(refusal)) return; // its panel says so
  put(at("link"), reason); at("link").title = reason; at("link").classList.add("off");
  setTimeout(() => { put(at("link"), ""); at("link").title = ""; at("link").classList.remove("off"); }, 6000);
});

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
  tell("welcome", {});
}

/** Says what was done, and in each panel what came of it. */
function tell(key, mark) {
  const w = words[key];
  put(at("story-title"), key === "set" ? `${w.title}: ${mark.text}` : mark.panel ? `${w.title} (${mark.panel})` : w.title);
  put(at("story"), w.text);
  for (const p of panels) {
    const text = !mark.panel || mark.panel === p.name ? w[p.name] : "";
    p.say(typeof text === "function" ? text(p.chosenWays()) : text);
  }
}

controls.start();
connect();
