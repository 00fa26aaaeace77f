// The charts that can be read off point by point. All else is drawn already, and without
// this script pictures stand in for these as well.
const data = JSON.parse(document.getElementById("data").textContent);

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const dashOf = (arm) => arm.dash.split(" ").filter(Boolean).map(Number);

function duration(us) {
  if (us == null) return "";
  const [x, unit] = us < 1e3 ? [us, "µs"] : us < 1e6 ? [us / 1e3, "ms"] : [us / 1e6, "s"];
  return `${x.toLocaleString("en", { maximumSignificantDigits: 3 })} ${unit}`;
}

// Each chart: its x values, their names, a y value for each arm, and what is drawn besides.
const charts = {
  timeline: (t) => ({
    ...t,
    name: (x) => `${(x - t.slice / 2).toFixed(2)} s`,
    label: "seconds from the start of a round",
    top: 26 + (t.failed ? 16 * data.arms.length + 6 : 0),
    draw: (u) => {
      if (t.moment != null) drawMoment(u, t);
      if (t.failed) drawFailures(u, t);
    },
    also: (arm, i) => (t.failed?.[arm]?.[i] ? ` × ${t.failed[arm][i]} failed` : ""),
  }),
  percentiles: (p) => ({
    ...p,
    name: (x) => p.names[p.x.indexOf(x)],
    label: "percentile",
    top: 8,
    draw: (u) => drawIntervals(u, p),
    also: () => "",
  }),
  curve: (c) => ({
    ...c,
    name: (x) => {
      const i = c.x.indexOf(x);
      return c.unit.startsWith("%") ? `${c.names[i]} %: ${c.rates[i]}` : c.rates[i];
    },
    names: (u) => spaced(u, c),
    label: c.unit,
    top: c.overload ? 26 : 8,
    draw: (u) => drawCurve(u, c),
    also: (arm, i) => (c.overload?.[arm][i] ? " × overload" : c.lost[arm][i] ? ` × ${c.lost[arm][i]} lost` : ""),
    says: (arm, i) => [c.under?.[arm][i], c.y[arm][i]].filter((us) => us != null && !c.overload?.[arm][i]).map(duration).join(" · "),
  }),
};

// spaced are the names of a curve's loads, from the highest down those that there is room for.
function spaced(u, c) {
  const names = c.names.map(() => "");
  let taken = Infinity;
  for (let i = c.x.length - 1; i >= 0; i--) {
    const at = u.valToPos(c.x[i], "x");
    const half = c.names[i].length * 3.5 + 3;
    if (at + half > taken) continue;
    names[i] = c.names[i];
    taken = at - half;
  }
  return names;
}

// pen gives a context in CSS pixels and places in them.
function pen(u) {
  const { ctx } = u;
  ctx.save();
  ctx.scale(devicePixelRatio, devicePixelRatio);
  const px = (value, scale) => u.valToPos(value, scale, true) / devicePixelRatio;
  return { ctx, x: (v) => px(v, "x"), y: (v) => px(v, "y"), top: u.bbox.top / devicePixelRatio,
    bottom: (u.bbox.top + u.bbox.height) / devicePixelRatio, left: u.bbox.left / devicePixelRatio,
    right: (u.bbox.left + u.bbox.width) / devicePixelRatio };
}

function drawMoment(u, t) {
  const { ctx, x, bottom, left, right } = pen(u);
  const at = x(t.moment);
  const late = at > (left + right) / 2;
  ctx.strokeStyle = ctx.fillStyle = color("ink");
  ctx.lineWidth = 1.5;
  ctx.setLineDash([3, 3]);
  ctx.beginPath();
  ctx.moveTo(at, 2);
  ctx.lineTo(at, bottom);
  ctx.stroke();
  ctx.font = `13px ${color("font")}`;
  ctx.textAlign = late ? "right" : "left";
  ctx.textBaseline = "top";
  ctx.fillText(t.happening, at + (late ? -6 : 6), 4);
  ctx.restore();
}

function drawFailures(u, t) {
  const { ctx, x, left } = pen(u);
  const radius = Math.min(3.2, Math.max(1.5, (x(t.x[1] ?? 1) - x(t.x[0])) * 0.4));
  ctx.font = `12px ${color("font")}`;
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  ctx.fillStyle = color("quiet");
  ctx.fillText("failed", left - 5, 11);
  t.failed.forEach((counts, arm) => {
    if (!u.series[arm + 1].show) return;
    const y = 30 + 16 * arm;
    drawShape(ctx, data.arms[arm], 6, y, 4);
    ctx.fillStyle = color("quiet");
    ctx.fillText(t.lost[arm].toLocaleString("en"), left - 5, y);
    ctx.strokeStyle = color("lost");
    ctx.lineWidth = 2;
    ctx.setLineDash([]);
    counts.forEach((n, i) => n && drawCross(ctx, x(t.x[i]), y, radius));
  });
  ctx.restore();
}

function drawCross(ctx, x, y, r) {
  ctx.beginPath();
  ctx.moveTo(x - r, y - r);
  ctx.lineTo(x + r, y + r);
  ctx.moveTo(x - r, y + r);
  ctx.lineTo(x + r, y - r);
  ctx.stroke();
}

function drawIntervals(u, p) {
  const { ctx, x, y } = pen(u);
  data.arms.forEach((arm, a) => {
    if (!u.series[a + 1].show) return;
    p.x.forEach((at, i) => {
      if (p.y[a][i] == null) return;
      ctx.strokeStyle = color(arm.class);
      ctx.lineWidth = 2;
      ctx.setLineDash([]);
      if (p.low_ends[a][i] != null) {
        ctx.beginPath();
        ctx.moveTo(x(at), y(p.low_ends[a][i]));
        ctx.lineTo(x(at), y(p.high_ends[a][i]));
        ctx.stroke();
      }
      drawShape(ctx, arm, x(at), y(p.y[a][i]), 5);
    });
  });
  ctx.restore();
}

function drawCurve(u, c) {
  const { ctx, x, y, top } = pen(u);
  const arms = data.arms.map((arm, a) => ({ arm, a })).filter(({ a }) => u.series[a + 1].show);
  for (const { arm, a } of arms) drawBand(ctx, c.x.map(x), c.low_ends[a].map((v) => v && y(v)), c.high_ends[a].map((v) => v && y(v)), color(arm.class));
  for (const { arm, a } of arms) {
    c.y[a].forEach((us, i) => {
      if (us == null) return;
      drawShape(ctx, { ...arm, hollow: c.rough[a][i] }, x(c.x[i]), y(us), 4.6);
      if (c.lost[a][i]) drawLoss(ctx, x(c.x[i]), y(us) - 11, 3);
    });
  }
  c.x.forEach((rate, i) => {
    const fallen = arms.filter(({ a }) => c.overload?.[a][i]);
    fallen.forEach(({ arm, a }, n) => drawOverload(ctx, arm, x(rate) + 11 * (n - (fallen.length - 1) / 2), top - 10,
      c.y[a][i - 1] != null && [x(c.x[i - 1]), y(c.y[a][i - 1])]));
  });
  ctx.restore();
}

// drawBand fills between two lines, wherever both are known for more than one place.
function drawBand(ctx, xs, lows, highs, fill) {
  ctx.globalAlpha = 0.15;
  ctx.fillStyle = fill;
  for (let from = 0; from < xs.length; from++) {
    let to = from;
    while (to < xs.length && lows[to] != null) to++;
    if (to - from > 1) {
      ctx.beginPath();
      for (let i = from; i < to; i++) ctx.lineTo(xs[i], highs[i]);
      for (let i = to - 1; i >= from; i--) ctx.lineTo(xs[i], lows[i]);
      ctx.fill();
    }
    from = to;
  }
  ctx.globalAlpha = 1;
}

// drawOverload is a × above the plot, with the way there from where the arm still kept up.
function drawOverload(ctx, arm, x, y, before) {
  if (before) {
    ctx.strokeStyle = color(arm.class);
    ctx.lineWidth = 1.4;
    ctx.setLineDash([2, 4]);
    ctx.beginPath();
    ctx.moveTo(...before);
    ctx.lineTo(x, y + 6);
    ctx.stroke();
  }
  drawLoss(ctx, x, y, 4);
}

function drawLoss(ctx, x, y, r) {
  ctx.setLineDash([]);
  ctx.strokeStyle = color("lost");
  ctx.lineWidth = 2;
  drawCross(ctx, x, y, r);
}

const outlines = {
  circle: (path, x, y, r) => path.arc(x, y, r, 0, 2 * Math.PI),
  square: (path, x, y, r) => path.rect(x - 0.9 * r, y - 0.9 * r, 1.8 * r, 1.8 * r),
  diamond: (path, x, y, r) => polygon(path, [[x, y - 1.3 * r], [x + 1.3 * r, y], [x, y + 1.3 * r], [x - 1.3 * r, y]]),
  triangle: (path, x, y, r) => polygon(path, [[x, y - 1.2 * r], [x + 1.15 * r, y + 0.9 * r], [x - 1.15 * r, y + 0.9 * r]]),
};

function polygon(path, points) {
  points.forEach(([x, y], i) => (i ? path.lineTo(x, y) : path.moveTo(x, y)));
  path.closePath();
}

function drawShape(ctx, arm, x, y, r) {
  const path = new Path2D();
  outlines[arm.shape](path, x, y, r);
  ctx.setLineDash([]);
  ctx.lineWidth = arm.hollow ? 2.2 : 1.2;
  ctx.fillStyle = arm.hollow ? color("paper") : color(arm.class);
  ctx.strokeStyle = arm.hollow ? color(arm.class) : color("paper");
  ctx.fill(path);
  ctx.stroke(path);
}

function options(chart, plot, moved) {
  const quiet = color("quiet");
  const axis = { stroke: quiet, font: `12px ${color("font")}`, ticks: { stroke: color("axis"), width: 1, size: 5 } };
  const series = data.arms.map((arm) => ({
    label: arm.name, stroke: color(arm.class), width: arm.width, dash: dashOf(arm), points: { show: false }, spanGaps: false,
  }));
  const under = (chart.under ?? []).map((_, i) => ({ ...series[i], width: 1.6, dash: [2, 3] }));
  return {
    width: plot.clientWidth, height: plot.clientHeight, legend: { show: false },
    padding: [chart.top, 20, 0, 0], // the last name of the x axis is half beyond the plot
    scales: { x: { time: false, range: chart.range }, y: { distr: 3, range: [chart.low, chart.high] } },
    axes: [
      { ...axis, grid: { show: false }, label: chart.label, labelFont: axis.font, labelSize: 20, size: 28,
        ...(chart.names && { splits: () => chart.x, filter: (u, splits) => splits, values: (u) => chart.names.call ? chart.names(u) : chart.names }) },
      { ...axis, grid: { stroke: color("grid"), width: 1 }, ticks: { show: false }, size: 62,
        splits: () => chart.ticks, filter: (u, splits) => splits, values: () => chart.ticks.map(duration) },
    ],
    series: [{}, ...series, ...under],
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 8 } },
    hooks: { draw: [chart.draw], setCursor: [moved] },
  };
}

function live(figure) {
  const source = data[figure.dataset.chart];
  const chart = charts[figure.dataset.chart](source);
  const plot = figure.querySelector(".plot");
  const reading = figure.querySelector(".reading");
  const buttons = [...figure.querySelectorAll(".key button")];
  const shown = data.arms.map(() => true);
  let u;
  let at = null; // the index that the arrow keys go on from

  const moved = ({ cursor: { idx } }) => {
    at = idx ?? at;
    reading.textContent = idx == null ? "" : chart.name(chart.x[idx]);
    buttons.forEach((button) => {
      const arm = Number(button.dataset.arm);
      button.querySelector("output").textContent = idx == null ? "" : (chart.says?.(arm, idx) ?? duration(chart.y[arm][idx]));
      if (idx != null && shown[arm]) reading.textContent += chart.also(arm, idx) && ` · ${data.arms[arm].name}${chart.also(arm, idx)}`;
    });
  };
  const draw = () => {
    u?.destroy();
    u = new uPlot(options(chart, plot, moved), [chart.x, ...chart.y, ...(chart.under ?? [])], plot);
    shown.forEach((_, arm) => shown[arm] || show(arm));
  };
  const show = (arm) => {
    u.setSeries(arm + 1, { show: shown[arm] });
    if (chart.under) u.setSeries(data.arms.length + arm + 1, { show: shown[arm] });
  };
  const point = () => at != null && u.setCursor({ left: u.valToPos(chart.x[at], "x"), top: 1 });
  const move = (step) => {
    const from = at ?? (step > 0 ? -1 : chart.x.length);
    at = Math.min(Math.max(from + step, 0), chart.x.length - 1);
    point();
  };
  const leave = () => {
    at = null;
    u.setCursor({ left: -10, top: -10 });
  };
  const resize = () => {
    if (!u || !plot.clientWidth) return;
    u.setSize({ width: plot.clientWidth, height: plot.clientHeight });
    point(); // a new size takes the cursor away
  };

  buttons.forEach((button) => button.addEventListener("click", () => {
    const arm = Number(button.dataset.arm);
    shown[arm] = !shown[arm];
    button.setAttribute("aria-pressed", shown[arm]);
    show(arm);
  }));
  plot.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    if (!step) return;
    event.preventDefault();
    move(step);
  });
  plot.addEventListener("blur", leave);
  plot.addEventListener("pointerleave", leave);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  new ResizeObserver(resize).observe(plot);
  draw();
}

try {
  document.querySelectorAll(".live").forEach(live);
} catch (problem) {
  document.documentElement.classList.remove("js");
  throw problem;
}
