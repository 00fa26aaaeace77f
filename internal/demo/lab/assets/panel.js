// One panel: a strategy, its queues, its workers, its numbers.
import { act, lab, set } from "./live.js";
import { button, el, enable, percent, put, sum, time, whole } from "./format.js";
import { onChoice, showChoice } from "./choice.js";
import { Flow } from "./flow.js";
import { stateOf, workersOf } from "./states.js";
import { words } from "./words.js";

const WAYS = ["accept", "steer", "policy"];
const STATES = ["gone", "awake", "asleep"];
const MARKS = { gone: ["×", "gone"], awake: ["", ""], asleep: ["‖", "stopped"] };

export class Panel {
  /** @param still whether nothing can be done to it: it is a recording's */
  constructor(facts, still = false) {
    this.name = facts.name;
    this.facts = facts;
    this.still = still;
    this.chosen = 0; // the worker that the buttons are for
    this.busy = [];
    this.said = "";  // of what was done
    this.state = ""; // what is so while something is not well; it comes first
    this.build();
  }

  build() {
    const f = this.facts, { still } = this, title = `title-${f.name}`;
    this.canvas = el("canvas", { "aria-hidden": "true" });
    this.zone = el("div", { class: "zone" });
    this.workers = el("div", { class: "row workers", role: "group", "aria-label": `${f.name}: workers` });
    this.arrived = el("b", {}, "0"); this.answered = el("b", {}, "0");
    this.answer = el("p", { class: "answer" });
    this.note = el("p", { class: "note" });
    this.numbers = {};
    this.root = el("section", { class: `panel ${f.name}`, id: f.name, title: sentence(f.sentence), "aria-labelledby": title },
      el("header", {}, el("h2", { id: title }, f.name), el("div", { class: "ways" }, ...this.selects())),
      el("div", { class: "flow" }, this.canvas, this.zone, this.workers, this.beside(),
        el("div", { class: "exit" }, el("span", { class: "count" }, "arrived", this.arrived), el("span", { class: "count" }, "answered", this.answered))),
      el("dl", { class: "numbers" }, ...this.figures()), el("div", { class: "texts" }, this.note, this.answer), ...(still ? [] : [this.buttons()]));
    this.flow = new Flow(this.canvas, f.name === "dispatch");
  }

  /** What can be chosen: accept mode, steering, policy, whichever it has. */
  selects() {
    return WAYS.filter(way => this.facts[way]).map(way => {
      if (this.still) return el("span", { class: "way" }, way + " ", el("b", { "data-way": way }));
      const select = el("select", { "data-way": way }, ...this.facts[way].map(option));
      onChoice(select, value => set({ ways: { [this.name]: { [way]: value } } }));
      return el("label", {}, way + " ", select);
    });
  }

  /** The master: a gate across the way in dispatch, and beside it in the others. */
  beside() {
    this.gateCPU = el("span", { class: "cpu" }, "");
    const across = this.name === "dispatch";
    this.gate = el("div", { class: across ? "gate across" : "gate beside", title: across ? "every connection passes the master" : "the master starts, watches and replaces workers; no connection passes it" },
      el("span", { class: "name" }, "master"), this.gateCPU);
    return across ? "" : this.gate;
  }

  /** The rows that are chosen, of those that are not the first. */
  chosenWays() {
    const way = lab.settings.ways[this.name];
    return WAYS.flatMap(what => (this.facts[what] || []).slice(1).filter(r => r.name === way[what]));
  }

  /** Says nothing: what was said is no answer to what is asked now. */
  hush() {
    this.hushed = true;
    put(this.answer, "");
    this.answer.classList.remove("refused");
  }

  /** Says something below the numbers: what came of what was done, or what it does. */
  say(text) {
    this.hushed = false;
    this.said = text;
    this.answer.classList.remove("refused");
    const { frame } = lab.panels[this.name];
    if (frame) this.look(frame); // at once: some states are short
    this.utter();
  }

  /** What is so now comes before what came of what was done. */
  utter() {
    if (this.hushed || this.answer.classList.contains("refused")) return;
    const ways = this.chosenWays().map(r => `${r.name}: ${r.sentence}.`).join(" ");
    put(this.answer, this.state || this.said || ways || words.welcome[this.name]);
  }

  /** Looks what is dead, stopped or being replaced. */
  look(frame) {
    const { phase, replaced } = lab.panels[this.name], way = lab.settings.ways[this.name];
    if (!frame.w.length) return;
    const state = stateOf(this.name, phase === "masterless" ? "dead" : "runs", workersOf(frame, replaced.length > 0), Object.values(way))?.words || "";
    if (state === this.state) return;
    this.state = state;
    this.utter();
  }

  /** Says why the server has not started as wanted. */
  refuse(reason) {
    put(this.answer, `× It did not start, and is what it was again. ${reason}`);
    this.answer.classList.add("refused");
  }

  figures() {
    const figure = (key, label, title) => {
      const dd = el("dd", {}, "–"), box = el("div", { title }, el("dt", {}, label), dd);
      this.numbers[key] = { box, dd, shown: "" };
      return box;
    };
    return [
      figure("waiting", "waiting", "connections in the queues, now"),
      figure("p50", "p50", "half of the answers of the last ten seconds took less; who still waits counts with the time so far"),
      figure("p99", "p99", "99 of 100 answers of the last ten seconds took less; who still waits counts with the time so far"),
      figure("lost", "lost", "refused, reset, or not answered within five seconds"),
      figure("cost", "CPU each", "processor time of all its processes for one connection"),
    ];
  }

  buttons() {
    const make = (label, what, title) => {
      const name = `${label} the master of ${this.name}`; // those for a worker are named by offer
      return button(label, { "data-do": what, title, "aria-label": name }, b => act({ do: b.dataset.do, panel: this.name, worker: this.chosen }));
    };
    this.toggle = make("stop", "stop", "SIGSTOP");
    this.toggle.classList.add("toggle");
    this.kill = make("kill", "kill", "SIGKILL");
    this.ofMaster = [make("reload", "reload", "SIGHUP"), make("kill", "kill-master", "SIGKILL")];
    this.again = make("start", "start", "end all of it and start anew");
    this.which = el("span", { class: "which" });
    return el("div", { class: "buttons", role: "group", "aria-label": `${this.name}: do something` }, this.which,
      this.toggle, this.kill, el("span", { class: "gap" }), el("span", { class: "which" }, "master"), ...this.ofMaster, this.again);
  }

  /** Makes lanes and cells for so many workers. */
  furnish(n) {
    this.root.style.setProperty("--n", n);
    this.root.classList.toggle("many", n > 4);
    this.lanes = [];
    const lane = (called, name, more = "") => {
      const count = el("span", { class: "waits none" }, "0");
      const e = el("div", { class: "lane" }, el("span", { class: "name" }, name, el("span", { class: "long" }, more)), count);
      e.setAttribute("role", "group"); e.setAttribute("aria-label", `${this.name}: ${called}`);
      this.lanes.push({ e, count });
      return e;
    };
    const rows = name => el("div", { class: "row" }, ...Array.from({ length: n }, (_, i) => lane(`queue of worker ${i}`, n > 4 || i ? "" : name)));
    this.zone.className = "zone";
    if (this.name === "shared") this.zone.replaceChildren(el("div", { class: "row one" }, lane("the one queue", "one queue", ", in the kernel")));
    if (this.name === "reuseport") this.zone.replaceChildren(rows("one each"));
    if (this.name === "dispatch") {
      this.zone.classList.add("gated");
      this.zone.replaceChildren(el("div", { class: "row one" }, lane("the one queue", "one queue", ", in the kernel")), this.gate, rows("handed"));
    }
    this.cells = Array.from({ length: n }, (_, i) => this.cell(i));
    this.workers.replaceChildren(...this.cells.map(c => c.e));
    if (!this.still) this.choose(Math.min(this.chosen, n - 1));
    this.busy = [];
  }

  cell(i) {
    const c = { share: el("span", { class: "share", title: "its share of what was taken in the last ten seconds" }), generation: el("span", { class: "long generation", title: "how many workers this place has had" }), open: el("span"), word: el("span", { class: "long" }), fill: el("b"), cpu: el("span", { class: "cpu" }), state: -1 };
    const kind = this.still ? { role: "group" } : { type: "button", "aria-pressed": "false", onclick: () => this.choose(i) };
    c.e = el(this.still ? "div" : "button", { class: "worker", "aria-label": `worker ${i} of ${this.name}`, ...kind },
      el("span", { class: "who" }, el("span", {}, String(i)), el("span", { class: "open" }, c.open, c.word)), c.share, el("span", { class: "work" }, el("span", { class: "long" }, "busy"), el("span", { class: "bar" }, c.fill)), el("span", { class: "last" }, c.cpu, c.generation));
    return c;
  }

  choose(i) {
    this.chosen = i;
    this.cells.forEach((c, at) => c.e.setAttribute("aria-pressed", String(at === i)));
    put(this.which, `worker ${i}`);
    this.offer();
  }

  /** A stopped worker can be continued, another one stopped. */
  offer() {
    const state = STATES[this.cells[this.chosen].state], what = state === "asleep" ? "continue" : "stop";
    put(this.toggle, what);
    this.toggle.dataset.do = what;
    this.toggle.title = what === "stop" ? "SIGSTOP" : "SIGCONT";
    for (const [b, what] of [[this.toggle, this.toggle.dataset.do], [this.kill, "kill"]]) {
      b.setAttribute("aria-label", `${what} worker ${this.chosen} of ${this.name}`);
      enable(b, state === "asleep" || state === "awake");
    }
  }

  measure() {
    if (this.cells) this.flow.measure(this.lanes.map(l => l.e), this.cells.map(c => c.e));
  }

  /** Forgets all that it has shown. */
  blank() {
    this.cells = null; // settle makes others
    this.said = this.state = "";
    for (const text of [this.arrived, this.answered]) put(text, "0");
    for (const key of Object.keys(this.numbers)) this.show(key, ["–", ""]);
    put(this.note, "");
    this.master("running");
    put(this.gateCPU, "");
  }

  /** Shows the settings. */
  settle(settings) {
    if (this.cells?.length !== settings.workers) this.furnish(settings.workers);
    for (const s of this.root.querySelectorAll("[data-way]")) this.still ? put(s, settings.ways[this.name][s.dataset.way]) : showChoice(s, settings.ways[this.name][s.dataset.way]);
    this.measure();
  }

  /** Shows what changes ten times a second: waiting, open, stopped. */
  frame(frame, write) {
    frame.w.forEach(([, , open, state], i) => this.cellFrame(i, open, state, write));
    if (!write) return;
    this.look(frame);
    // As many as are drawn: those have seen the dots before them land.
    const q = document.hidden ? frame.q : this.flow.shown;
    q.forEach((n, i) => {
      const lane = this.lanes[i];
      if (!lane) return;
      put(lane.count, String(n));
      lane.count.classList.toggle("none", n === 0);
      lane.e.classList.toggle("some", n > 9);
    });
    this.show("waiting", [whole(sum(q)), ""]);
    const now = lab.panels[this.name];
    this.master(now.phase);
    put(this.arrived, whole(now.arrived));
    put(this.answered, whole(now.answered));
  }

  cellFrame(i, open, state, write) {
    const c = this.cells[i];
    if (!c) return;
    this.busy[i] = (this.busy[i] || 0) * .9 + (open > 0 ? .1 : 0);
    if (write) c.fill.style.transform = `scaleX(${this.busy[i].toFixed(2)})`;
    if (c.state !== state) {
      c.state = state;
      c.e.classList.toggle("asleep", STATES[state] === "asleep");
      c.e.classList.toggle("gone", STATES[state] === "gone");
      if (STATES[state] === "awake") put(c.cpu, "");
      if (!this.still) this.offer();
    }
    const [mark, does] = MARKS[STATES[state]];
    if (!write && !mark) return;
    put(c.open, mark || (open ? whole(open) : ""));
    put(c.word, !mark && open ? " open" : "");
    if (does && c.cpu.textContent !== does) c.cpu.replaceChildren(el("span", { class: "word" }, does));
  }

  /** Shows what changes once a second: shares, times, costs. */
  second(s) {
    const lately = s.lately || [], all = sum(lately), { generations, replaced, pids } = lab.panels[this.name];
    this.cells.forEach((c, i) => {
      const share = all ? lately[i] / all : 0, cpu = s.cpu?.[i] || 0;
      c.share.replaceChildren(all ? String(Math.round(100 * share)) : "–", all ? el("i", {}, " %") : "");
      if (STATES[c.state] === "awake") c.cpu.replaceChildren(el("span", { class: "word" }, "cpu "), percent(cpu));
      const generation = generations[i] > 1 ? ordinal(generations[i]) : "";
      put(c.generation, generation);
      c.e.classList.toggle("changing", replaced.includes(pids[i]));
      c.e.setAttribute("aria-label", `worker ${i} of ${this.name}, ${generation && `the ${generation} in its place, `}${STATES[c.state] || ""}: ${percent(share)} of what was taken in the last ten seconds, processor ${percent(cpu)}`);
    });
    this.show("p50", time(s.recent.p50));
    this.show("p99", time(s.recent.p99), s.recent.p99 >= 1e6);
    const lost = s.lost || {}, n = sum(Object.values(lost));
    this.show("lost", [whole(n), ""], n > 0);
    put(this.note, this.notes(s));
    const [cost] = s.cost;
    this.show("cost", cost == null ? ["–", ""] : time(cost));
    this.phase(s);
    if (s.phase === "running") put(this.gateCPU, `cpu ${percent(s.master)}`);
  }

  /** What can be done to the master. */
  master(phase) {
    const runs = phase === "running";
    const dead = phase === "masterless";
    if (dead !== this.gate.classList.contains("dead")) put(this.gateCPU, dead ? "× dead" : "");
    this.gate.classList.toggle("dead", dead);
    if (this.still) return;
    for (const b of this.ofMaster) enable(b, runs);
    this.again.classList.toggle("primary", phase === "masterless" || phase === "broken");
  }

  phase(s) {
    this.master(s.phase);
    if (s.phase === "broken") this.refuse(s.fault);
  }

  /**
   * What the numbers are made of. A connection that its client has given up is lost, and
   * is in its queue all the same until a worker takes it.
   */
  notes(s) {
    const now = lab.panels[this.name], open = Math.max(0, now.arrived - now.answered - now.lost), lost = s.lost || {};
    const dead = Math.min(sum(now.frame?.q || []) - open, lost.late || 0);
    return [
      ...Object.entries(lost).map(([kind, n]) => `${whole(n)} ${LOST[kind] || kind}`),
      ...(dead > 0 ? [`${whole(dead)} or more still queued`] : []),
      ...(s.local ? [`${whole(s.local)} not sent: the lab's own fault, it had no ports left`] : []),
    ].join(" · ");
  }

  show(key, [number, unit], bad = false) {
    const f = this.numbers[key], text = number + unit;
    f.box.classList.toggle("bad", bad);
    if (f.shown === text) return;
    f.shown = text;
    f.dd.replaceChildren(number, unit ? el("i", {}, " " + unit) : "");
  }
}

/** How a connection can be lost. */
const LOST = { late: "given up by clients after 5 s", refused: "refused", reset: "reset" };

/** One row of a table to choose from; it may not be possible for this user. */
const option = ({ name, sentence, unable }) =>
  el("option", { value: name, title: unable || sentence, disabled: !!unable }, unable ? `${name} (not possible here)` : name);

/** 2nd, 3rd, 4th … */
const ordinal = n => n + (Math.floor(n / 10) % 10 === 1 ? "th" : ["th", "st", "nd", "rd"][n % 10] || "th");

const sentence = text => text[0].toUpperCase() + text.slice(1) + ".";
