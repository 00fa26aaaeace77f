// The guided tours: data. Their names are those of the scenes in the terminal. Each step
// sets the controls, asks for a guess, does something, waits until there is something to
// see, and puts numbers beside their predictions. A step has:
//
//   set     settings, before the question
//   say     what we are about to do
//   ask     the question; choices; right, the index of what theory says; answer, that of
//           what came, -1 if that is none
//   acts    what is done once a guess was made, with {wait: seconds} and, for then,
//           {remember: true} between; one may be a function of (now); rolls: how often to
//           send 8 afresh
//   settle  seconds after acts from which on is counted
//   until   whether there is enough to see
//   numbers what came out; see number
//   why     one sentence, with the mechanism's name
//   look    the panel, or the chart, to be looked at
//   only    the strategies that it is about; the others stand back
//
// answer and numbers are told (now, then, rolls, seconds), until (now, then, seconds).
// now and then (when the guess was made, or what was remembered) have, by strategy: taken[] by worker, arrived,
// answered, lost, waiting, queues[], p50, p99 (ms), cost (µs), wakes, master, cpu[].
import { digits, sum, whole, percent } from "./format.js";

const ALL = ["shared", "reuseport", "dispatch"];
const STUCK = 2;    // the worker that is stopped or killed
const WINDOW = 16;  // of dispatch: how many may be on their way to a worker
const SIGMAS = 4.3; // by chance alone a number is beyond so many less than once in 10,000 times
const STALL = 1000; // ms

const ms = x => x ? `${digits(x)} ms` : "–";
const times = x => `${x.toFixed(1)} ×`;
const since = (now, then, name) => now[name].taken.map((n, i) => n - (then[name].taken[i] || 0));
const done = (now, then, name) => now[name].answered - then[name].answered;
const lost = (now, then, name) => now[name].lost - then[name].lost;
/** How many wait for the worker that is stopped: in shared, all that wait. */
const behind = (now, name) => now[name].queues[{ shared: 0, reuseport: STUCK, dispatch: STUCK + 1 }[name]] || 0; // the first of dispatch is the master's
const ways = { shared: { accept: "blocking" }, reuseport: { accept: "blocking", steer: "hash" }, dispatch: { policy: "round-robin" } };
const calm = { rate: 200, clients: 0, service: "exp:5ms", workers: 4, paused: false, ways };

/** A number that came out, what was predicted, and the bounds of what counts as that. */
const number = (label, got, want, low, high, text = whole) => ({ label, want, got: text(got), ok: got >= low && got <= high });
/** One that chance has no part in. */
const exactly = (label, got, want) => number(label, got, whole(want), want, want);
/** How many of n came out one way that each does with probability p. */
const byChance = (label, got, n, p) => {
  const most = SIGMAS * Math.sqrt(n * p * (1 - p)) + 1;
  return number(label, got, `${whole(n * p)} ± ${whole(most)}`, n * p - most, n * p + most);
};

/** The share of the worker that got most, in shared. */
const most = (now, then) => { const taken = since(now, then, "shared"); return Math.max(...taken) / Math.max(1, sum(taken)); };
const DEALT = .42, PILED = .85; // at most, and at least, of three workers
const inTurn = (now, then) => [number("the busiest's share", most(now, then), "33 %: in turn", 0, DEALT, percent)];

/** The worker of shared that has had most. */
const busiest = now => now.shared.taken.indexOf(Math.max(...now.shared.taken));

const HERD = 8; // workers
/** How many more wake up for a connection than before: what else a worker does is as it was. */
const herd = (now, then) => now.shared.wakes - then.shared.wakes;

/** Pearson's statistic of dice: how far counts are from equal. */
function chiSquare(counts) {
  const mean = sum(counts) / counts.length;
  return sum(counts.map(n => (n - mean) ** 2 / mean));
}

export const tours = [
  {
    id: "hello", read: "docs/shared.md, accept(2), fork(2)",
    steps: [
      {
        set: { ...calm, rate: 0, service: "fixed:20ms", workers: 5 }, look: "shared",
        say: "Five processes wait at one address. We send ten connections, all at once; each is greeted by whoever takes it.",
        ask: "How many of the ten are answered under each strategy?",
        choices: ["ten under each", "five under each: one for each worker", "ten, but only where there is a master in the way"], right: 0,
        answer: (now, then) => [[10, 10, 10], [5, 5, 5], [0, 0, 10]].findIndex(want => ALL.every((s, i) => done(now, then, s) === want[i])),
        acts: [{ do: "send", count: 10 }],
        until: (now, then, t) => t > 8 || ALL.every(s => done(now, then, s) >= 10),
        numbers: (now, then) => ALL.map(s => exactly(`${s} (by worker: ${since(now, then, s).join(" ")})`, done(now, then, s), 10)),
        why: "Accepting is what spreads them: whoever calls accept gets one. No balancer runs in front of shared and reuseport; the kernel is the balancer.",
      },
      {
        say: "Now we kill the master of each, with SIGKILL, and send one more.", look: "dispatch",
        ask: "Who answers the eleventh?",
        choices: ["nobody: each has lost its master", "everybody: workers need no master", "shared and reuseport alone"], right: 2,
        answer: (now, then) => ["0 0 0", "1 1 1", "1 1 0"].indexOf(ALL.map(s => done(now, then, s)).join(" ")),
        acts: [{ do: "kill-master" }, { do: "send", count: 1 }],
        until: (now, then, t) => t > 8 || t > 2 && ALL.every(s => done(now, then, s) + lost(now, then, s) > 0),
        numbers: (now, then) => ALL.map(s => exactly(`${s}, answered of 1`, done(now, then, s), s === "dispatch" ? 0 : 1)),
        why: "The workers hold the listening socket themselves. Under dispatch only the master does, so it went with it.",
      },
    ],
  },
  {
    id: "deal-or-pile", read: "docs/shared.md, epoll_ctl(2)",
    steps: [
      {
        set: { ...calm, rate: 20, service: "fixed:1ms", workers: 3 }, only: ["shared"], look: "shared",
        say: "Twenty connections a second, three workers, all of them idle nearly all the time. They wait in a blocking accept on the one queue.",
        ask: "Who gets them?", choices: ["each in turn", "whoever it is, at random", "nearly always the same one"], right: 0,
        answer: (now, then) => most(now, then) <= DEALT ? 0 : most(now, then) >= PILED ? 2 : 1,
        acts: [{ do: "reset" }], until: (now, then) => sum(since(now, then, "shared")) >= 36,
        numbers: inTurn,
        why: "Blocked accepts stand in a line in the kernel, first come, first served: who has just worked goes to its end.",
      },
      {
        set: { ways: { ...ways, shared: { accept: "exclusive" } } }, only: ["shared"], look: "shared",
        say: "The same, but the workers wait in epoll with EPOLLEXCLUSIVE, as nginx can.",
        ask: "And now?", choices: ["each of them, one after the other", "whoever it is, at random", "nearly always the same one"], right: 2,
        answer: (now, then) => most(now, then) <= DEALT ? 0 : most(now, then) >= PILED ? 2 : 1,
        acts: [{ do: "reset" }], until: (now, then) => sum(since(now, then, "shared")) >= 36,
        numbers: (now, then) => [number("the busiest's share", most(now, then), "nearly 100 %", PILED, 1, percent)],
        why: "EPOLLEXCLUSIVE wakes the first of a fixed list that is free. Not the last one, as is often written: the first that registered.",
      },
      {
        set: { ways: { ...ways, shared: { accept: "rotate" } } }, only: ["shared"], look: "shared",
        say: "One more line of code: after each accept, a worker takes the socket out of its epoll and adds it again.",
        ask: "What does that change?", choices: ["nothing", "each in turn again", "whoever it is, at random"], right: 1,
        answer: (now, then) => most(now, then) <= DEALT ? 1 : most(now, then) >= PILED ? 0 : 2,
        acts: [{ do: "reset" }], until: (now, then) => sum(since(now, then, "shared")) >= 36,
        numbers: inTurn,
        why: "Added anew, it is at the end of the list. nginx does so for each sixteenth connection.",
      },
    ],
  },
  {
    id: "herd", read: "docs/shared.md, epoll_ctl(2)",
    steps: [
      {
        set: { ...calm, rate: 100, service: "fixed:1ms", workers: HERD, ways: { ...ways, shared: { accept: "exclusive" } } }, only: ["shared"], look: "shared",
        say: "Eight workers sleep in epoll on one socket, with EPOLLEXCLUSIVE: the kernel wakes one of them for each connection. Now we leave that flag away.",
        ask: "How many more wake up for one connection then?", choices: ["none: only one can take it", "one more", "seven more: all of them"], right: 2,
        answer: (now, then) => { const more = herd(now, then); return more > HERD / 2 ? 2 : more > .5 && more < 1.5 ? 1 : more < .5 ? 0 : -1; },
        acts: [{ wait: 5 }, { remember: true }, { ways: { shared: { accept: "epoll" } } }], until: (now, then, t) => t > 8 && now.shared.wakes > 0,
        numbers: (now, then) => [number("wakeups for one connection, more", herd(now, then), "7 (4–9)", HERD / 2, HERD + 1, x => x.toFixed(1))],
        why: "Each epoll has asked to be told of new connections, and the kernel tells all of them. One takes it; the others find nothing: a thundering herd.",
      },
    ],
  },
  {
    id: "dice", read: "docs/reuseport.md, socket(7)",
    steps: [
      {
        set: { ...calm, rate: 0, service: "fixed:1ms" }, only: ["reuseport"], look: "reuseport",
        say: "Four workers, a queue for each. We send eight connections, two for each on average; and again, forty times.",
        ask: "How often does some worker get none of the eight?", choices: ["never", "about 1 time in 25", "about 3 times in 8"], right: 2,
        answer: (now, then, rolls) => rolls.empty === 0 ? 0 : rolls.empty < 5 ? 1 : 2,
        rolls: 40,
        numbers: (now, then, rolls) => [
          byChance(`of ${rolls.n} rolls, with an empty worker`, rolls.empty, rolls.n, .377),
          number(`χ² of all: ${rolls.all.join(" ")}`, chiSquare(rolls.all), "3; at most 26", .001, 26, x => x.toFixed(1)),
        ],
        why: "SO_REUSEPORT picks the queue by a hash of the addresses. A hash is a die: 1 − P(all four come up in eight throws) = 37.7 %.",
      },
    ],
  },
  {
    id: "one-line-or-many", read: "docs/choosing.md, bench/stats/queueing.go",
    steps: [
      {
        set: { ...calm, rate: 240, service: "exp:10ms" }, look: "reuseport",
        say: "240 connections a second, 10 ms each on average, four workers: each is busy 60 % of the time. Nobody is stuck, nothing is wrong.",
        ask: "Where does the unluckiest 1 % wait longest?", choices: ["shared: one long line", "reuseport: a line for each worker", "dispatch: the master is in the way"], right: 1,
        answer: now => ALL.reduce((worst, s, i) => now[s].p99 > now[ALL[worst]].p99 ? i : worst, 0),
        acts: [{ do: "reset" }], until: (now, then, t) => t > 12,
        // M/M/4, M/M/1, and E4/M/1 for a line each to which is dealt in turn. The bounds leave
        // room for chance, which is large in ten seconds of so few, and for a worker's own half
        // of a millisecond: of 300 simulated runs all but one or two were within.
        numbers: now => [["shared", 50, 40, 80], ["reuseport", 115, 75, 220], ["dispatch", 78, 55, 160]].map(([s, want, low, high]) => number(`${s}, p99`, now[s].p99, `${want} ms (${low}–${high})`, low, high, ms)),
        why: "In a line of its own you wait behind a slow one while the neighbour is idle. Queueing theory: M/M/4 against four times M/M/1, at the same load.",
      },
    ],
  },
  {
    id: "toll-booth", read: "docs/dispatch.md, unix(7)",
    steps: [
      {
        set: { ...calm, rate: 1000, service: "fixed:100us" }, look: "dispatch",
        say: "1,000 connections a second that take next to no time. Under dispatch the master accepts each, chooses, and passes it on.",
        ask: "Which of its processes is the busiest?", choices: ["none: they share the work", "a worker: it does what is to be done", "the master: all pass it"], right: 2,
        answer: now => { const r = now.dispatch.master / Math.max(.001, ...now.dispatch.cpu); return r > 1.1 ? 2 : r > .9 ? 0 : 1; },
        acts: [{ do: "reset" }], until: (now, then, t) => t > 8 && now.dispatch.cost > 0 && now.shared.cost > 0,
        numbers: now => [
          number("wakeups, beside shared", now.dispatch.wakes - now.shared.wakes, "up to 1 more", .2, 1.5, x => x.toFixed(1)),
          number("CPU, beside shared", now.dispatch.cost / now.shared.cost, "1.1 to 2.5 ×", 1.1, 2.5, times),
          number("master's CPU, beside a worker's", now.dispatch.master / Math.max(.001, ...now.dispatch.cpu), "1.1 to 4 ×", 1.1, 4, times),
        ],
        why: "Two processes wake up for each connection in place of one, and SCM_RIGHTS carries the descriptor from one to the other. The gate gets busy first.",
      },
    ],
  },
  {
    id: "stuck-worker", read: "docs/steering.md, signal(7)",
    steps: [
      {
        set: calm, look: "reuseport",
        say: "200 connections a second, four workers with time to spare. We stop worker 2 in each panel, with SIGSTOP: it lives, but does nothing.",
        ask: "Whose connections pile up behind it?", choices: ["everybody's: a quarter of them each", "those of reuseport, and few others", "those of shared: it blocks the line"], right: 1,
        answer: now => [[true, true, true], [false, true, false], [true, false, false]].findIndex(want => ALL.every((s, i) => want[i] === behind(now, s) > 50)),
        acts: [{ do: "stop", worker: STUCK }], until: (now, then, t) => t > 4,
        numbers: (now, then) => [
          number("shared, waiting", behind(now, "shared"), "0, or a few", 0, 10),
          byChance("reuseport, behind worker 2", behind(now, "reuseport"), now.reuseport.arrived - then.reuseport.arrived, 1 / 4),
          number("dispatch, behind worker 2", behind(now, "dispatch"), "16: a full pair", WINDOW - 1, WINDOW),
        ],
        why: "The kernel does not look whether the reader of a reuseport queue is alive. In the one line, somebody else takes your turn.",
      },
      {
        say: "The same with another policy: the master counts what each worker has, and picks the least busy. The worker is stopped again.",
        set: { ways: { ...ways, dispatch: { policy: "least-conn" } } }, only: ["dispatch"], look: "dispatch",
        ask: "How many wait behind the stuck worker now?", choices: ["sixteen as before", "a few", "none"], right: 1,
        answer: now => { const n = behind(now, "dispatch"); return n >= WINDOW - 1 ? 0 : n ? 1 : 2; },
        acts: [{ do: "stop", worker: STUCK }], until: (now, then, t) => t > 4,
        numbers: now => [number("behind worker 2", behind(now, "dispatch"), "1 to 8", 1, 8)],
        why: "What it holds counts against it, so it is passed over as soon as it has as many as the others at their busiest.",
      },
    ],
  },
  {
    id: "ring", read: "docs/shared.md, io_uring(7)",
    steps: [
      {
        set: { ...calm, rate: 50, service: "fixed:1ms", ways: { ...ways, shared: { accept: "uring-multishot" } } }, only: ["shared"], look: "shared",
        say: "The workers of shared do not call accept. Each has asked io_uring once, for all connections that will come (multishot), and the kernel accepts for it.",
        ask: "All are idle nearly all the time. Who gets the connections?", choices: ["each in turn, as with accept", "whoever it is, at random", "nearly always the same one"], right: 2,
        answer: (now, then) => { const m = most(now, then); return m >= PILED ? 2 : m <= DEALT ? 0 : 1; }, until: (now, then, t) => t > 4,
        numbers: (now, then) => [number("the busiest's share", most(now, then), "100 %", PILED, 1, percent)],
        why: "A request for all keeps its place in the line of those who wait, and the kernel calls the first in line.",
      },
      {
        say: "Now we stop the worker that gets them. The other three have nothing to do.", only: ["shared"], look: "shared",
        ask: "What becomes of the connections that come then?", choices: ["all of them wait", "none waits: the next in line is called", "a quarter of them wait"], right: 0,
        answer: (now, then) => { const share = done(now, then, "shared") / (now.shared.arrived - then.shared.arrived); return share < .1 ? 0 : share > .9 ? 1 : share > .6 && share < .85 ? 2 : -1; },
        acts: [now => ({ do: "stop", panel: "shared", worker: busiest(now) })], until: (now, then, t) => t > 3,
        numbers: (now, then) => [number(`answered, of ${whole(now.shared.arrived - then.shared.arrived)}`, done(now, then, "shared"), "0, or a few", 0, 10)],
        why: "A stopped worker cannot run, but its request still says yes to every call (io_poll_wake). So nobody else is called.",
      },
      {
        set: { ways: { ...ways, shared: { accept: "uring" } } }, only: ["shared"], look: "shared",
        say: "The same with io_uring, but each worker asks for one connection at a time. One of them is stopped again.",
        ask: "And now?", choices: ["all of them wait, as before", "a quarter of them wait", "one waits at most, for a moment"], right: 2,
        answer: (now, then) => { const share = now.shared.waiting / Math.max(1, now.shared.arrived - then.shared.arrived); return share < .1 ? 2 : share > .9 ? 0 : share > .15 && share < .4 ? 1 : -1; },
        acts: [{ do: "stop", panel: "shared", worker: STUCK }], until: (now, then, t) => t > 4,
        numbers: now => [number("waiting", now.shared.waiting, "0 or 1", 0, 3)],
        why: "A request for one leaves the line when it is called. A stopped worker is called once, and then the next one is.",
      },
    ],
  },
  {
    id: "killed", read: "docs/choosing.md, docs/reuseport.md",
    steps: [
      {
        set: { ...calm, rate: 150 }, look: "reuseport",
        say: "150 connections a second. Worker 2 is killed in each panel, with whatever is in its queue.",
        ask: "How many connections are lost?", choices: ["all that waited for it", "one in each panel, or none", "a quarter of all, until it is replaced"], right: 1,
        answer: (now, then) => {
          const worst = Math.max(...ALL.map(s => lost(now, then, s)));
          return worst <= 1 ? 1 : worst >= .25 * (now.reuseport.arrived - then.reuseport.arrived) ? 2 : lost(now, then, "reuseport") > 20 ? 0 : -1;
        },
        acts: [{ do: "stop", worker: STUCK }, { wait: 2 }, { do: "kill", worker: STUCK }], until: (now, then, t) => t > 5,
        numbers: (now, then) => ALL.map(s => number(`${s}, lost`, lost(now, then, s), "0 or 1", 0, 1)),
        why: "The master holds every queue open too. What waited there was never the dead worker's own, and its successor finds it.",
      },
      {
        say: "Now the masters are killed.", look: "dispatch",
        ask: "Which service goes on?", choices: ["none: nobody accepts any more", "all three: the workers accept", "shared and reuseport"], right: 2,
        answer: (now, then) => ["false false false", "true true true", "true true false"].indexOf(ALL.map(s => done(now, then, s) > 30).join(" ")),
        acts: [{ do: "kill-master" }], settle: 1, until: (now, then, t) => t > 4,
        numbers: (now, then, rolls, t) => ALL.map(s => s === "dispatch" ? exactly(`${s}, answered a second`, done(now, then, s) / t, 0)
          : number(`${s}, answered a second`, done(now, then, s) / t, "150 ± 45", 105, 195)),
        why: "A master that only starts workers can be missed for a while. One through which every connection passes cannot.",
      },
    ],
  },
  {
    id: "reload", read: "docs/architecture.md, sd_notify(3)",
    steps: [
      {
        set: calm, look: "shared",
        say: "A new version is rolled out: every worker is replaced while clients keep coming, 200 a second. And then once more.",
        ask: "How many of them fail?", choices: ["a handful each time", "none", "those of reuseport, whose sockets change"], right: 1,
        answer: now => ALL.every(s => now[s].lost === 0) ? 1 : now.shared.lost + now.dispatch.lost === 0 ? 2 : 0,
        acts: [{ do: "reset" }, { do: "reload" }, { wait: 2 }, { do: "reload" }], until: (now, then, t) => t > 5,
        numbers: now => ALL.map(s => exactly(`${s}, lost of ${whole(now[s].arrived)}`, now[s].lost, 0)),
        why: "The new worker inherits the very same socket and is ready before the old one stops taking: no moment without an open queue.",
      },
    ],
  },
  {
    id: "lying-stopwatch", read: "docs/measuring.md",
    steps: [
      {
        set: { ...calm, clients: 8, service: "fixed:5ms" }, only: ["shared"], look: "time",
        say: "Eight clients, each of which asks again as soon as it is answered, as most load tools do. Then nobody answers for one whole second of ten.",
        ask: "What does their stopwatch say for the slowest 1 %?", choices: ["about a second: so long they waited", "about 10 ms"], right: 1, answer: now => now.shared.p99 > STALL / 2 ? 0 : now.shared.p99 < STALL / 5 ? 1 : -1,
        acts: [{ wait: 4 }, { do: "stall" }], until: (now, then, t) => t > 8,
        numbers: now => [number("p99 of shared", now.shared.p99, "about 10 ms, at most 200", 8, STALL / 5, ms)],
        why: "A client that waits does not ask. Eight slow answers among thousands are less than 1 %. This is called coordinated omission.",
      },
      {
        set: { clients: 0, rate: 200 }, only: ["shared"], look: "time",
        say: "The same second, but clients come when they come, 200 a second, and the stopwatch starts when they do.",
        ask: "And now?", choices: ["about a second", "about 10 ms, once more"], right: 0, answer: now => now.shared.p99 > STALL / 2 ? 0 : now.shared.p99 < STALL / 5 ? 1 : -1,
        acts: [{ wait: 4 }, { do: "stall" }], until: (now, then, t) => t > 8,
        numbers: now => [number("p99 of shared", now.shared.p99, "0.9 s, or more", .7 * STALL, 2 * STALL, ms)],
        why: "A tenth of all came while nobody was there. The server was the same: only the question was honest.",
      },
    ],
  },
];
