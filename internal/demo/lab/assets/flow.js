// What moves: connections as dots on a canvas, over lanes and workers that stand
// still in the document. Every flight is one that happened, or stands for as many
// as the page says. A ring is one that waits; where there is no room for all, a number
// says how many more there are.
import { clock } from "./clock.js";
import { on } from "./live.js";
import { whole } from "./format.js";

const PITCH = 9 / 16, RADIUS = 3 / 16, HEAD = 18 / 16; // of waiting dots and of a lane's words, rem
const MOST = 60;             // flights a second and kind in a panel
const FALL = 360, HAND = 240, TAKE = 240, LEAVE = 320, FADE = 1400; // ms
const SPREAD = 100;          // a frame's events are spread over the time it covers

const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** How many connections a moving dot stands for, in all panels alike. */
export let scale = 1;
let rate = 0;

on("frame", frames => {
  const most = Math.max(...frames.map(f => f.a)) * 10;
  rate += (most - rate) * (most > rate ? .3 : .05);
  scale = [1, 2, 5, 10, 20, 50, 100].find(k => rate / k <= MOST) || 100;
});

/** How many rings a lane has room for, where a rem is so many px. */
const room = (lane, rem) => ({ columns: Math.max(1, Math.floor((lane.w - 6) / (PITCH * rem))), rows: Math.max(1, Math.floor((lane.h - HEAD * rem) / (PITCH * rem))) });

/** How many of n are drawn: where there are too many, the last row of several is for their number. */
export const rings = (n, { columns, rows }) => n > columns * rows ? columns * Math.max(1, rows - 1) : n;

/** The moving part of one panel. */
export class Flow {
  constructor(canvas, gated) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
    this.gated = gated;
    this.flights = [];
    this.depths = []; // {at, q}: shown once the dots before have landed
    this.shown = [];
    this.debts = { arrive: 0, lost: 0, take: [], leave: [], hand: [] };
    this.lanes = []; this.cells = [];
  }

  /** Nothing moves, and nobody waits. */
  clear() { Object.assign(this, { flights: [], depths: [], shown: [], last: null }); }

  /** Where lanes and workers are; called when they may have moved. */
  measure(lanes, cells) {
    const box = this.canvas.getBoundingClientRect(), dpr = Math.min(devicePixelRatio || 1, 2);
    const rect = e => { const r = e.getBoundingClientRect(); return { x: r.x - box.x, y: r.y - box.y, w: r.width, h: r.height, cx: r.x - box.x + r.width / 2, b: r.bottom - box.y }; };
    this.w = box.width; this.h = box.height; this.rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const w = Math.round(box.width * dpr), h = Math.round(box.height * dpr);
    if (this.canvas.width !== w || this.canvas.height !== h) { this.canvas.width = w; this.canvas.height = h; }
    this.pen.setTransform(dpr, 0, 0, dpr, 0, 0);
    this.lanes = lanes.map(rect); this.cells = cells.map(rect);
    this.middle = this.lanes.length ? (this.lanes[0].x + this.lanes.at(-1).x + this.lanes.at(-1).w) / 2 : this.w / 2;
    const style = getComputedStyle(this.canvas);
    this.colour = style.getPropertyValue("--ring") || style.getPropertyValue("--arm"); this.ink = style.getPropertyValue("--ink"); this.font = `600 ${style.getPropertyValue("font-size")} ${style.getPropertyValue("font-family")}`; this.lostColour = style.getPropertyValue("--lost"); this.paper = style.getPropertyValue("--panel");
  }

  /** Takes in what has happened in the last tenth of a second. */
  take(frame, now) {
    this.depths.push({ at: now + (calm.matches ? 0 : FALL), q: frame.q });
    if (calm.matches || document.hidden || !this.lanes.length || this.lanes.length < frame.q.length) return;
    const one = frame.q.length === 1, gated = this.gated;
    const first = slot => this.lanes[one || gated ? 0 : slot];
    const landed = FALL, handed = gated ? FALL + HAND : FALL;
    const before = this.last || frame.q;
    frame.w.forEach(([taken, finished], slot) => {
      const cell = this.cells[slot], lane = this.lanes[one ? 0 : gated ? slot + 1 : slot];
      if (!cell || !lane) return;
      if (gated) this.owe("hand", slot, Math.max(0, taken + frame.q[slot + 1] - (before[slot + 1] || 0)), () =>
        this.fly(this.spot(this.lanes[0], 0), this.spot(lane, frame.q[slot + 1]), now + landed, HAND, true));
      this.owe("take", slot, taken, () => this.fly(this.spot(lane, 0), { x: cell.cx, y: cell.y + 3 }, now + handed, TAKE));
      this.owe("leave", slot, finished, () => this.fly({ x: cell.cx, y: cell.b - 3 }, { x: cell.cx, y: cell.b + 16 }, now + handed + TAKE, LEAVE));
    });
    // Where arrivals went is told by what was taken there and what waits there.
    const lanes = one || gated ? [0] : frame.w.map((_, slot) => slot);
    const joined = lanes.map(i => Math.max(0, (one || gated ? frame.a : frame.w[i][0]) + (one || gated ? 0 : frame.q[i] - (before[i] || 0))));
    lanes.forEach((i, at) => {
      const lane = first(i);
      if (lane) this.owe("arrive", i, joined[at], () => this.fly({ x: this.middle + (Math.random() - .5) * 24, y: -4 }, this.spot(lane, frame.q[i] || 0), now, FALL));
    });
    this.owe("lost", 0, frame.l, () => this.cross(now));
    this.last = frame.q;
  }

  /** Spawns one flight for every `scale` events, and remembers the rest. */
  owe(kind, slot, n, spawn) {
    const debts = Array.isArray(this.debts[kind]) ? this.debts[kind] : (this.debts[kind] = []);
    debts[slot] = Math.min((debts[slot] || 0) + n / scale, 12);
    for (; debts[slot] >= 1; debts[slot]--) spawn();
  }

  /** The place of the i-th in a lane: the front row first, from its middle. */
  spot(lane, i) {
    const { columns, rows } = room(lane, this.rem);
    i = Math.min(i, columns * rows - 1);
    const row = Math.floor(i / columns), at = i % columns, side = at % 2 ? -1 : 1;
    const offset = side * Math.ceil(at / 2) * PITCH * this.rem + (columns % 2 ? 0 : PITCH * this.rem / 2);
    return { x: lane.cx + offset, y: lane.b - 7 - row * PITCH * this.rem };
  }

  /** Sends a dot on its way; gated, through the opening before it turns aside. */
  fly(from, to, at, lasts, gated) {
    if (this.flights.length < 600) this.flights.push({ from, to, at: at + Math.random() * SPREAD, lasts, gated });
  }

  /** A lost connection: ×, where clients get to know of it. */
  cross(now) {
    const x = this.w * (.02 + .6 * Math.random()); // the rest is where answers are counted
    if (this.flights.length < 600) this.flights.push({ lost: true, x, y: this.h - 6 - 14 * Math.random(), at: now + FALL + Math.random() * SPREAD, lasts: FADE });
  }

  /** Draws the moment. */
  draw(now) {
    while (this.depths.length && this.depths[0].at <= now) this.shown = this.depths.shift().q;
    const pen = this.pen;
    pen.clearRect(0, 0, this.w, this.h);
    this.drawWaiting(pen);
    pen.fillStyle = this.colour;
    pen.beginPath();
    for (const f of this.flights) {
      const t = (now - f.at) / f.lasts;
      if (f.lost || t < 0 || t > 1) continue;
      const s = f.gated ? Math.max(0, 2 * t - 1) : t, ease = s * s * (3 - 2 * s), x = f.from.x + (f.to.x - f.from.x) * ease, y = f.from.y + (f.to.y - f.from.y) * t;
      pen.moveTo(x + RADIUS * this.rem, y);
      pen.arc(x, y, RADIUS * this.rem, 0, 7);
    }
    pen.fill();
    this.drawLost(pen, now);
    this.flights = this.flights.filter(f => now < f.at + f.lasts);
  }

  drawWaiting(pen) {
    pen.strokeStyle = this.colour; pen.lineWidth = 1.5;
    pen.beginPath();
    this.lanes.forEach((lane, l) => {
      const n = rings(this.shown[l] || 0, room(lane, this.rem));
      for (let i = 0; i < n; i++) {
        const { x, y } = this.spot(lane, i);
        pen.moveTo(x + RADIUS * this.rem, y);
        pen.arc(x, y, RADIUS * this.rem, 0, 7);
      }
    });
    pen.stroke();
    pen.fillStyle = this.ink; pen.font = this.font; pen.textAlign = "center"; pen.textBaseline = "middle";
    this.lanes.forEach((lane, l) => {
      const more = (this.shown[l] || 0) - rings(this.shown[l] || 0, room(lane, this.rem));
      if (more > 0 && room(lane, this.rem).rows > 1) pen.fillText(`+${whole(more)}`, lane.cx, lane.b - 7 - (room(lane, this.rem).rows - 1) * PITCH * this.rem);
    });
  }

  drawLost(pen, now) {
    pen.strokeStyle = this.lostColour; pen.lineWidth = 2;
    for (const f of this.flights) {
      const t = (now - f.at) / f.lasts;
      if (!f.lost || t < 0 || t > 1) continue;
      pen.globalAlpha = 1 - t * t;
      pen.beginPath();
      pen.moveTo(f.x - 4, f.y - 4); pen.lineTo(f.x + 4, f.y + 4); pen.moveTo(f.x + 4, f.y - 4); pen.lineTo(f.x - 4, f.y + 4);
      pen.stroke();
    }
    pen.globalAlpha = 1;
  }
}

/** Draws all flows, at each frame of the screen. */
export function run(flows) {
  const step = () => {
    if (!document.hidden) for (const flow of flows) flow.draw(clock.now());
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
  on("state", () => { for (const flow of flows) flow.clear(); });
  on("retold", () => { for (const flow of flows) flow.flights = []; });
  on("frame", frames => frames.forEach((frame, i) => flows[i]?.take(frame, clock.now())));
}
