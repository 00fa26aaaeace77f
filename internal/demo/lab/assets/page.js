// The page's panels, chart and story, whether what they show happens now or was recorded.
import { clock } from "./clock.js";
import { lab, on } from "./live.js";
import { el, put, sum, timeText, whole } from "./format.js";
import { Panel } from "./panel.js";
import { run, scale } from "./flow.js";
import { words } from "./words.js";
import * as chart from "./chart.js";
import { speak } from "./speak.js";

const at = id => document.getElementById(id);
const WRITE = 2; // every second frame changes numbers: five times a second can be read
const CALM = 30; // seconds between words for those who hear the page

export let panels = [];
let frames = 0, seconds = 0;

/**
 * Fills the page in once it is known what there is to show.
 * @param begin called with the panels, once
 * @param tour {playing(): whether one is, asks(): whether nobody should say the answer}
 * @param still whether nothing can be done to what is shown
 */
export function start(begin, tour, still = false) {
  on("state", () => {
    if (!panels.length) { build(still); begin(panels); }
    for (const p of panels) { if (still) p.blank(); p.settle(lab.settings); }
    list();
  });
  on("settings", () => { for (const p of panels) p.settle(lab.settings); });
  on("frame", all => {
    const write = ++frames % WRITE === 0 && !lab.retelling;
    panels.forEach((p, i) => p.frame(all[i], write));
    if (write) put(at("dots"), scale > 1 ? `A moving dot is ${scale} connections, a ring is one that waits.` : "A dot is a connection, a ring one that waits.");
  });
  on("second", ({ panels: all }) => {
    panels.forEach((p, i) => p.second(all[i]));
    if (++seconds % CALM === 0 && !lab.retelling && !tour.playing()) speak(all.map((s, i) => `${panels[i].name}: ${whole(s.done)} answered, 99th percentile ${timeText(s.recent.p99)}, ${whole(sum(Object.values(s.lost || {})))} lost.`).join(" "));
  });
  on("mark", mark => { if (mark.text && words[mark.do] && !tour.asks() && !lab.retelling) tell(mark.do, mark); });
  on("mark", list);
  const write = () => { for (const p of panels) if (lab.panels[p.name].frame) p.frame(lab.panels[p.name].frame, true); };
  on("still", write);
  on("retold", () => {
    write();
    const last = lab.marks.findLast(m => words[m.do]);
    if (!tour.asks()) tell(last?.do || "welcome", last || {});
    list();
  });
  at("marks").addEventListener("toggle", list);
}

function build(still) {
  panels = lab.facts.map(f => new Panel(f, still));
  at("panels").append(...panels.map(p => p.root));
  const measure = () => panels.forEach(p => p.measure());
  const watch = new ResizeObserver(measure);
  for (const p of panels) { watch.observe(p.root); watch.observe(p.workers); }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", measure);
  run(panels.map(p => p.flow));
  chart.start(at("chart"));
  at("marks").open = at("chart").clientHeight > 16 * parseFloat(getComputedStyle(document.documentElement).fontSize); // there is room
}

/** Says what was done, and in each panel what came of it. */
export function tell(key, mark) {
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
  if (!at("marks").open || lab.retelling) return;
  at("marks").querySelector("ol").replaceChildren(...lab.marks.toReversed().map(m =>
    el("li", {}, clock.when(m.at), " ", m.panel ? `${m.panel}: ${m.text}` : m.text)));
}
