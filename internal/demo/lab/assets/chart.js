// Median and 99th percentile over time, with a mark wherever something was done.
import { clock } from "./clock.js";
import { lab, on } from "./live.js";
import { timeText } from "./format.js";

const GAP = 2500; // ms: a second was not measured
const STEPS = [1, 2, 5];

let plot, names = [];

const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);

export function start(box) {
  names = lab.facts.map(f => f.name);
  build(box);
  const again = () => { plot.destroy(); build(box); };
  const kind = () => `${narrow(box)} ${tall(box)} ${rem()}`;
  let was = kind();
  new ResizeObserver(() => {
    if (was === kind()) plot.setSize(size(box)); else again();
    was = kind();
  }).observe(box);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  on("second", show);
  on("state", show);
  on("mark", show);
  on("retold", show);
}

const size = box => ({ width: Math.max(box.clientWidth, 200), height: box.clientHeight });

/** Where there is no room for names, colour and order must do. */
const narrow = box => box.clientWidth < 34 * rem();

/** Where there is room for two rows of marks. */
const tall = box => box.clientHeight > 14 * rem();

function build(box) {
  const root = rem(), font = `${Math.round(root * .75)}px ${css("--font")}`;
  const axis = { stroke: css("--quiet"), font, grid: { stroke: css("--grid"), width: 1 }, ticks: { show: false } };
  plot = new uPlot({
    ...size(box), pxAlign: 1, cursor: { show: false }, legend: { show: false }, select: { show: false },
    padding: [root * (tall(box) ? 2.5 : 1.5), root * (narrow(box) ? 5 : 9), 0, 0],
    scales: {
      x: { time: false, range: clock.span },
      y: { distr: 3, range: (u, low, high) => bounds(low, high) },
    },
    axes: [
      { ...axis, size: root * 1.5, space: 80, splits: (u, _, min, max) => clock.splits(min, max, narrow(box) ? 2 : 6), values: (u, splits) => splits.map(s => clock.tick(s, u.scales.x.max)) },
      { ...axis, size: root * 4, splits: (u, _, low, high) => ticks(low, high, u.bbox.height / (devicePixelRatio || 1) / (1.5 * root)), values: (u, splits) => splits.map(timeText), filter: (u, s) => s },
    ],
    series: [{}, ...[["p99", 2.25], ["p50", 1]].flatMap(([what, width]) => names.map(name =>
      ({ label: `${name} ${what}`, stroke: css(`--${name}-line`), width, points: { show: false }, spanGaps: false })))],
    hooks: { draw: [drawMarks, drawNames] },
  }, data(), box);
}

/** The next of 1, 2, 5, 10 …, down or up. */
function step(value, up) {
  const decade = 10 ** Math.floor(Math.log10(value) + 1e-9), digit = value / decade, all = [...STEPS, 10];
  return decade * (up ? all.find(s => s >= digit - 1e-9) : all.findLast(s => s <= digit + 1e-9));
}

/** From where to where an axis of times (µs) goes: all that there is, and a decade at least. */
export function bounds(low, high) {
  if (!(low > 0)) return [1e3, 1e5];
  const from = step(low, false), to = step(high, true);
  return to >= 10 * from ? [from, to] : [from, 10 * from];
}

/** Where lines are drawn: at 1, 2, 5, or, where there is no room for so many, at fewer. */
export function ticks(low, high, most) {
  const all = digits => {
    const found = [];
    for (let decade = 10 ** Math.floor(Math.log10(low)); decade <= high; decade *= 10) found.push(...digits.map(d => d * decade));
    return found.filter(t => t >= low * .999 && t <= high * 1.001);
  };
  const decades = all([1]), every = Math.ceil(decades.length / Math.max(2, Math.floor(most)));
  return [STEPS, [1, 3], [1]].map(all).find(t => t.length <= most) || decades.filter((_, i) => i % every === 0);
}

/** A row of nothing wherever nothing was measured, so that no line leads across. */
export function withGaps(points) {
  return points.flatMap((p, i) => i && p[0] - points[i - 1][0] > GAP ? [[points[i - 1][0] + 1000], p] : [p]);
}

function data() {
  const rows = withGaps(lab.points.filter(p => p[0] / 1000 > clock.span()[0] - 2));
  return [rows.map(p => p[0] / 1000), ...[2, 1].flatMap(first => names.map((_, i) => rows.map(p => p[first + 2 * i] || null)))];
}

function show() {
  if (!document.hidden && !lab.retelling) plot.setData(data());
}

/** Marks: a line each, its words above in a row or two, as far as there is room. */
function drawMarks(u) {
  const pen = u.ctx, dpr = devicePixelRatio || 1, { left, top, width, height } = u.bbox, line = rem() * dpr;
  pen.save();
  pen.font = `${Math.round(.75 * line)}px ${css("--font")}`;
  pen.strokeStyle = css("--axis"); pen.lineWidth = dpr; pen.textAlign = "left"; pen.textBaseline = "alphabetic";
  pen.setLineDash([3 * dpr, 3 * dpr]);
  const room = Array(tall(u.root.parentNode) ? 2 : 1).fill(Infinity), said = []; // where the words to the right begin, by row
  for (const mark of lab.marks.toReversed()) {
    const x = Math.round(u.valToPos(mark.at / 1000, "x", true));
    if (x < left) break;
    const text = mark.panel ? `${mark.panel}: ${mark.text}` : mark.text, w = pen.measureText(text).width;
    const from = Math.max(left, Math.min(x - 4 * dpr, left + width - w)), row = room.findIndex(end => from + w < end);
    pen.beginPath(); pen.moveTo(x + .5, top - (row > 0 ? 1.25 * line : 4 * dpr)); pen.lineTo(x + .5, top + height); pen.stroke();
    if (row < 0) continue;
    said.push({ text, from, w, y: top - 8 * dpr - row * line });
    room[row] = from - 12 * dpr;
  }
  for (const { text, from, w, y } of said) { // above all lines
    pen.fillStyle = css("--paper"); pen.fillRect(from - 2 * dpr, y - .75 * line, w + 4 * dpr, line);
    pen.fillStyle = css("--ink"); pen.fillText(text, from, y);
  }
  pen.restore();
}

/** Each line is named at its end, apart from the others. */
function drawNames(u) {
  const pen = u.ctx, dpr = devicePixelRatio || 1, { left, top, width, height } = u.bbox, gap = .95 * rem() * dpr;
  const ends = names.map((name, i) => ({ name, value: u.data[i + 1].findLast(v => v != null) })).filter(e => e.value);
  for (const e of ends) e.y = u.valToPos(e.value, "y", true);
  ends.sort((a, b) => a.y - b.y);
  ends.forEach((e, i) => { if (i) e.y = Math.max(e.y, ends[i - 1].y + gap); });
  const over = ends.length ? Math.max(0, ends.at(-1).y - (top + height)) : 0;
  pen.save();
  pen.font = `600 ${Math.round(.75 * rem() * dpr)}px ${css("--font")}`;
  pen.textAlign = "left"; pen.textBaseline = "middle";
  for (const e of ends) {
    pen.fillStyle = css(`--${e.name}`);
    pen.beginPath(); pen.arc(left + width + 10 * dpr, e.y - over, 4 * dpr, 0, 7); pen.fill();
    pen.fillStyle = css("--ink");
    pen.fillText(narrow(u.root.parentNode) ? timeText(e.value) : `${e.name} ${timeText(e.value)}`, left + width + 18 * dpr, e.y - over);
  }
  pen.restore();
}
