// Plays a recorded tour: the question, the reader's guess, what was recorded of it, and
// the numbers as they came out then. The recording stands still until there is a guess,
// and again until its numbers have been read.
import { lab, on } from "./live.js";
import * as guide from "./guide.js";
import { Unplayable } from "./recording.js";
import { tours } from "./tours.js";

const asked = e => e.kind === "tour" && e.data.what === "asked";

/** The tour that a recording tells of, or undefined. It throws if this page cannot tell it. */
export function tourOf({ events }) {
  const steps = events.filter(asked);
  if (!steps.length) return undefined;
  const tour = tours.find(t => t.id === steps[0].data.tour);
  if (!tour || steps.some(e => e.data.tour !== tour.id || !tour.steps[e.data.step])) throw new Unplayable("This recording is of a tour that this page does not have.");
  return tour;
}

/** A recorded tour on its way. */
export class Retelling {
  /**
   * @param end called when all steps have been told
   */
  constructor(tour, player, panels, end) {
    Object.assign(this, { tour, player, panels, end });
    this.last = null;   // what the recording has last said of the tour
    this.guesses = [];  // by step
    on("tour", said => { this.last = said; if (!lab.retelling) this.hear(said); });
    on("retold", () => { if (this.last) this.catchUp(); });
    on("state", () => { this.last = null; });
  }

  /** Whether a question is being asked, so that nobody should say the answer. */
  asks() { return !!this.last && this.last.what !== "told" && this.guesses[this.last.step] === undefined; }

  playing() { return true; }

  /** To the first question. */
  begin() { this.to(0); }

  /** To the question of a step, which has not been answered yet. */
  to(step) {
    delete this.guesses[step];
    this.last = null;
    this.player.seek(this.player.find(e => asked(e) && e.data.step === step));
    this.player.play();
  }

  hear({ what, step, came, numbers }) {
    const guess = this.guesses[step] ?? null;
    if (what === "asked") this.ask(step);
    if (what === "guessed" && guess === null) this.player.hold();
    if (what === "told") {
      guide.reveal(this.card, guess, { came, numbers }, "");
      this.player.hold();
    }
  }

  /** Somebody has moved to where they had not been: the guide is as it was then. */
  catchUp() {
    const { step, what } = this.last;
    if (what === "left") return;
    this.ask(step);
    if (this.guesses[step] !== undefined) guide.guessed(this.card, this.guesses[step]);
    if (what !== "asked") this.hear(this.last);
  }

  ask(step) {
    guide.open(true);
    const { only } = this.tour.steps[step];
    for (const p of this.panels) { p.root.classList.toggle("aside", !!only && !only.includes(p.name)); p.hush(); }
    this.card = guide.question(this.tour, step, { guess: i => this.guess(step, i), again: () => this.to(step), next: () => this.next(step) });
    guide.enableGuess(this.card, true);
    guide.say(this.card, "Take a guess.");
  }

  guess(step, i) {
    this.guesses[step] = i;
    guide.guessed(this.card, i);
    guide.say(this.card, "Watch what happened …");
    this.player.release();
  }

  next(step) {
    if (step + 1 < this.tour.steps.length) return this.to(step + 1);
    this.player.free();
    this.end();
  }
}
