// The guided tours: data. Each step sets the controls, asks for a guess, does
// something, waits until there is something to see, and puts the number beside the
// prediction. A step has:
//
//   set     settings, before the question
//   say     what we are about to do
//   ask     the question; choices; answer(now, then) or the index of the right one
//   acts    what is done once a guess was made; rolls: how often to send 8 afresh
//   until   (now, then, seconds) => whether there is enough to see
//   numbers (now, then) => rows of [what, predicted, measured]
//   settle  seconds after acts from which on is counted
//   why     one sentence, with the mechanism's name
//   only    the strategies that it is about; the others stand back
//
// now and then (when the guess was made) have, by strategy: taken[] by worker,
// arrived, answered, lost, waiting, queues[], p50, p99 (ms), cost, master (µs).
import { digits, percent, sum, whole } from "./format.js";

const ms = x => x ? `${digits(x)} ms` : "–";
const since = (now, then, name) => now[name].taken.map((n, i) => n - (then[name].taken[i] || 0));
const shares = taken => taken.map(n => percent(n / Math.max(1, sum(taken)))).join(" · ");
const ways = { shared: { accept: "blocking" }, reuseport: { accept: "blocking", steer: "hash" }, dispatch: { policy: "round-robin" } };
const calm = { rate: 200, clients: 0, service: "exp:5ms", workers: 4, paused: false, ways };
const took = (n, now, then) => sum(since(now, then, "shared")) >= n;

export const tours = [
  {
    id: "hello", title: "Ten greetings",
    steps: [
      {
        set: { ...calm, rate: 0, service: "fixed:20ms", workers: 5 },
        say: "Five processes wait at one address. We send ten connections, all at once; each is greeted by whoever takes it.",
        ask: "How many of the ten are answered under each strategy?",
        choices: ["ten under each", "five under each: one for each worker", "ten, but only where there is a master in the way"], answer: 0,
        acts: [{ do: "send", count: 10 }],
        until: (now, then) => ["shared", "reuseport", "dispatch"].every(s => now[s].answered - then[s].answered >= 10),
        numbers: (now, then) => ["shared", "reuseport", "dispatch"].map(s => [`${s}, by worker: ${since(now, then, s).join(" ")}`, "10", whole(now[s].answered - then[s].answered)]),
        why: "Accepting is what spreads them: whoever calls accept gets one. No balancer runs in front of shared and reuseport; the kernel is the balancer.",
      },
      {
        say: "Now we kill the master of each, with SIGKILL, and send one more.",
        ask: "Who answers the eleventh?",
        choices: ["nobody", "everybody", "shared and reuseport, but not dispatch"], answer: 2,
        acts: [{ do: "kill-master" }, { do: "send", count: 1 }],
        until: (now, then, t) => t > 2 && ["shared", "reuseport"].every(s => now[s].answered > then[s].answered) && now.dispatch.lost > then.dispatch.lost,
        numbers: (now, then) => ["shared", "reuseport", "dispatch"].map(s => [s, s === "dispatch" ? "lost" : "answered", now[s].answered > then[s].answered ? "answered" : now[s].lost > then[s].lost ? "× lost" : "waits"]),
        why: "The workers hold the listening socket themselves. Under dispatch only the master does, so it went with him.", after: [{ do: "start" }],
      },
    ],
  },
  {
    id: "deal-or-pile", title: "Deal or pile",
    steps: [
      {
        set: { ...calm, rate: 20, service: "fixed:1ms", workers: 3 }, only: ["shared"],
        say: "Twenty connections a second, three workers, all of them idle nearly all the time. They wait in a blocking accept on the one queue.",
        ask: "Who gets them?", choices: ["each in turn", "whoever, at random", "one of them gets nearly all"], answer: 0,
        acts: [{ do: "reset" }], until: (now, then) => took(36, now, then),
        numbers: (now, then) => [["shares", "a third each", shares(since(now, then, "shared"))]],
        why: "Blocked accepts stand in a line in the kernel, first come, first served: who has just worked goes to its end.",
      },
      {
        set: { ways: { ...ways, shared: { accept: "exclusive" } } }, only: ["shared"],
        say: "The same, but the workers wait in epoll with EPOLLEXCLUSIVE, as most event loops do.",
        ask: "And now?", choices: ["each in turn", "whoever, at random", "one of them gets nearly all"], answer: 2,
        acts: [{ do: "reset" }], until: (now, then) => took(36, now, then),
        numbers: (now, then) => [["the largest share", "100 %", percent(Math.max(...since(now, then, "shared")) / Math.max(1, sum(since(now, then, "shared"))))]],
        why: "EPOLLEXCLUSIVE wakes the first of a fixed list that is free. Not the last one, as is often written: the first that registered.",
      },
      {
        set: { ways: { ...ways, shared: { accept: "rotate" } } }, only: ["shared"],
        say: "One more line of code: after each accept, a worker takes the socket out of its epoll and adds it again.",
        ask: "What does that change?", choices: ["nothing", "each in turn again", "another one gets nearly all"], answer: 1,
        acts: [{ do: "reset" }], until: (now, then) => took(36, now, then),
        numbers: (now, then) => [["shares", "a third each", shares(since(now, then, "shared"))]],
        why: "Added anew, it is at the end of the list. nginx does so for each sixteenth connection.",
      },
    ],
  },
  {
    id: "dice", title: "Dice, not a dealer",
    steps: [
      {
        set: { ...calm, rate: 0, service: "fixed:1ms" }, only: ["reuseport"],
        say: "Four workers, a queue for each. We send eight connections, two for each on average; and again, forty times.",
        ask: "How often does some worker get none of the eight?", choices: ["never", "about 1 time in 25", "more than 1 time in 3"], answer: 2,
        rolls: 40,
        numbers: (now, then, rolls) => [["rolls with an empty worker", "37.7 %", `${percent(rolls.empty / rolls.n)} of ${rolls.n}`], ["the last roll", "2 2 2 2 on average", rolls.last.join(" ")]],
        why: "SO_REUSEPORT picks the queue by a hash of the addresses. A hash is a die: 1 − P(all four come up in eight throws) = 37.7 %.",
      },
    ],
  },
  {
    id: "one-line-or-many", title: "One line or many",
    steps: [
      {
        set: { ...calm, rate: 560 },
        say: "560 connections a second, 5 ms each on average, four workers: each is busy 70 % of the time. Nobody is stuck, nothing is wrong.",
        ask: "Where does the unluckiest 1 % wait longest?", choices: ["shared: one long line", "reuseport: a line for each worker", "dispatch: the master is in the way"],
        answer: now => ["shared", "reuseport", "dispatch"].reduce((w, s, i, all) => now[s].p99 > now[all[w]].p99 ? i : w, 0),
        acts: [{ do: "reset" }], until: (now, then, t) => t > 12,
        numbers: now => [["shared, p99", "27 ms", ms(now.shared.p99)], ["reuseport, p99", "77 ms", ms(now.reuseport.p99)], ["dispatch, p99", "in between", ms(now.dispatch.p99)]],
        why: "In a line of its own you wait behind a slow one while the neighbour is idle. Queueing theory: M/M/4 against four times M/M/1, at the same load.",
      },
    ],
  },
  {
    id: "toll-booth", title: "The toll booth",
    steps: [
      {
        set: { ...calm, rate: 1000, service: "fixed:100us" },
        say: "1,000 connections a second that take next to no time. Under dispatch the master accepts each, chooses, and passes it on.",
        ask: "What does that cost, beside shared?", choices: ["nothing to speak of", "up to half as much again", "more than half as much again"],
        answer: now => { const r = now.dispatch.cost / now.shared.cost; return r < 1.1 ? 0 : r < 1.5 ? 1 : 2; },
        acts: [{ do: "reset" }], until: (now, then, t) => t > 8 && now.dispatch.cost > 0 && now.shared.cost > 0,
        numbers: now => [["shared, CPU for each", "", `${now.shared.cost} µs`], ["dispatch, CPU for each", "about double", `${now.dispatch.cost} µs`], ["of that the master", "about half", `${now.dispatch.master} µs`]],
        why: "Two processes wake up for each connection in place of one, and SCM_RIGHTS carries the descriptor from one to the other. The gate gets busy first.",
      },
    ],
  },
  {
    id: "stuck-worker", title: "The stuck worker",
    steps: [
      {
        set: calm,
        say: "200 connections a second, four workers with time to spare. We stop worker 2 in each panel, with SIGSTOP: it lives, but does nothing.",
        ask: "Whose connections pile up behind it?", choices: ["everybody's: a quarter each", "those of reuseport; a few of dispatch; none of shared", "those of shared: the stuck one blocks the line"], answer: 1,
        acts: [{ do: "stop", worker: 2 }], until: (now, then, t) => t > 4 && now.reuseport.waiting > 100,
        numbers: (now, then, rolls, t) => [["shared waits", "about 0", whole(now.shared.waiting)], ["reuseport waits", `a quarter: ${Math.round(50 * t)}`, whole(now.reuseport.waiting)], ["dispatch waits", "16: a full pair", whole(now.dispatch.waiting)]],
        why: "The kernel does not look whether the reader of a reuseport queue is alive. In the one line, somebody else takes your turn.",
      },
      {
        say: "The same with another policy: the master counts what each worker has, and picks the least busy. The worker is stopped again.",
        set: { ways: { ...ways, dispatch: { policy: "least-conn" } } }, only: ["dispatch"],
        ask: "How many wait behind the stuck worker now?", choices: ["sixteen as before", "a few", "none"], answer: 1,
        acts: [{ do: "stop", worker: 2 }], until: (now, then, t) => t > 4,
        numbers: now => [["handed to worker 2, not taken", "a few", whole(now.dispatch.queues[2] || 0)]],
        why: "What it holds counts against it, so it is passed over as soon as it has as many as the others at their busiest.", after: [{ do: "continue", worker: 2 }],
      },
    ],
  },
  {
    id: "killed", title: "Killed worker, killed master",
    steps: [
      {
        set: { ...calm, rate: 150 },
        say: "150 connections a second. Worker 2 is killed in each panel, with whatever is in its queue.",
        ask: "How many connections are lost?", choices: ["all that waited for it", "at most one in each panel: the one in its hands", "a quarter of all, until it is replaced"], answer: 1,
        acts: [{ do: "stop", worker: 2 }, { wait: 2 }, { do: "kill", worker: 2 }], until: (now, then, t) => t > 5,
        numbers: (now, then) => ["shared", "reuseport", "dispatch"].map(s => [`${s}, lost`, "0 or 1", whole(now[s].lost - then[s].lost)]),
        why: "The master holds every queue open too. What waited there was never the dead worker's own, and its successor finds it.",
      },
      {
        say: "Now the masters are killed.",
        ask: "Which service goes on?", choices: ["none", "all three", "shared and reuseport"], answer: 2,
        acts: [{ do: "kill-master" }], settle: 1, until: (now, then, t) => t > 4,
        numbers: (now, then, rolls, t) => ["shared", "reuseport", "dispatch"].map(s => [`${s}, answered a second`, s === "dispatch" ? "0" : "150", whole((now[s].answered - then[s].answered) / t)]),
        why: "A master that only starts workers can be missed for a while. One through which every connection passes cannot.", after: [{ do: "start" }],
      },
    ],
  },
  {
    id: "reload", title: "Reload under load",
    steps: [
      {
        set: calm,
        say: "A new version is rolled out: every worker is replaced while clients keep coming, 200 a second. And then once more.",
        ask: "How many of them fail?", choices: ["a handful each time", "none", "those of reuseport, whose sockets change"], answer: 1,
        acts: [{ do: "reset" }, { do: "reload" }, { wait: 2 }, { do: "reload" }], until: (now, then, t) => t > 5,
        numbers: (now) => ["shared", "reuseport", "dispatch"].map(s => [`${s}, lost of ${whole(now[s].answered)}`, "0", whole(now[s].lost)]),
        why: "The new worker inherits the very same socket and is ready before the old one stops taking: no moment without an open queue.",
      },
    ],
  },
  {
    id: "lying-stopwatch", title: "The lying stopwatch",
    steps: [
      {
        set: { ...calm, clients: 8, service: "fixed:5ms" },
        say: "Eight clients, each of which asks again as soon as it is answered, as most load tools do. Then nobody answers for one whole second of ten.",
        ask: "What does their stopwatch say for the slowest 1 %?", choices: ["about a second", "about 10 ms: as if nothing had been"], answer: now => now.shared.p99 > 300 ? 0 : 1,
        acts: [{ wait: 4 }, { do: "stall" }], until: (now, then, t) => t > 8,
        numbers: now => [["p99 of shared", "10 ms", ms(now.shared.p99)]],
        why: "A client that waits does not ask. Eight slow answers among thousands are less than 1 %. This is called coordinated omission.",
      },
      {
        set: { clients: 0, rate: 200 },
        say: "The same second, but clients come when they come, 200 a second, and the stopwatch starts when they do.",
        ask: "And now?", choices: ["about a second", "about 10 ms"], answer: now => now.shared.p99 > 300 ? 0 : 1,
        acts: [{ wait: 4 }, { do: "stall" }], until: (now, then, t) => t > 8,
        numbers: now => [["p99 of shared", "about 0.9 s", ms(now.shared.p99)]],
        why: "A tenth of all came while nobody was there. The server was the same: only the question was honest.",
      },
    ],
  },
];
