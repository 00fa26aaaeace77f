// Plays a recording: tells the page what happened, at the pace that the reader wants. Time
// can stand still, go step by step, and go back: then all is told again from the beginning.
import { clock, every } from "./clock.js";
import { hear, lab, retold, still } from "./live.js";

const STEPS = [1, 2, 5, 10, 20, 30, 60, 120]; // seconds
const LEAP = 500; // ms: a page that was hidden goes on from where it was

export class Player {
  /** @param changed called when it has moved, or begun or ceased to play */
  constructor({ header, events }, changed) {
    Object.assign(this, { events, changed, started: header.started });
    this.length = events.at(-1).t;
    this.t = 0;          // ms since the beginning
    this.next = 0;       // the event to be told next
    this.playing = false;
    this.held = false;   // it waits for the reader
    this.speed = 1;
    clock.now = () => this.t;
    clock.date = () => this.started + this.t;
    clock.when = date => `${(Math.max(0, date - this.started) / 1000).toFixed(1)} s`;
    clock.span = () => [this.started / 1000, (this.started + this.length) / 1000];
    clock.splits = (from, to, n) => every(STEPS.find(s => (to - from) / s <= n) || STEPS.at(-1), to - from).map(s => from + s);
    clock.tick = (time, last) => `${Math.round(this.length / 1000 - (last - time))} s`;
    let last = 0;
    const tick = now => {
      if (this.playing && !document.hidden) this.go(this.t + Math.min(now - last, LEAP) * this.speed);
      last = now;
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  get over() { return this.next >= this.events.length; }

  play() { if (!this.held && !this.over) { this.playing = true; this.changed(); } }
  pause() { this.playing = false; still(); this.changed(); }

  /** Stands still, however much the reader would have it go on, until release. */
  hold() { this.held = true; this.playing = false; still(); }
  release() { this.held = false; this.play(); }

  /** Lets the reader have it go on. */
  free() { this.held = false; this.changed(); }

  /** Goes on to a time; not beyond where it is held. */
  go(t) {
    while (!this.held && !this.over && this.events[this.next].t <= t) this.tell();
    if (!this.held) this.t = Math.min(t, this.length);
    if (this.over) this.pause();
    this.changed();
  }

  tell() {
    const { t, kind, data } = this.events[this.next++];
    this.t = t;
    hear(kind, structuredClone(data)); // who hears it may keep and change it
  }

  /** One frame further. */
  step() {
    this.playing = false;
    while (!this.held && !this.over) {
      const { kind } = this.events[this.next];
      this.tell();
      if (kind === "frame") break;
    }
    still();
    this.changed();
  }

  /** Goes to a time, be it earlier or later, past whatever it would be held for. */
  seek(t) {
    lab.retelling = true;
    this.held = false;
    if (t < this.t) { this.next = 0; lab.panels = {}; }
    while (!this.over && this.events[this.next].t <= t) this.tell();
    this.t = Math.min(t, this.length);
    lab.retelling = false;
    retold();
    this.changed();
  }

  /** When something first happens, or -1. */
  find(test) {
    return this.events.find(e => test(e))?.t ?? -1;
  }
}
