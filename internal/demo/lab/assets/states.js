// What is true of a strategy while something of it is dead, stopped or being replaced:
// states → words. The first row that fits is what a panel says; TestStatesAreTrue brings
// real servers into each of them and holds what is said against what can be counted.
//
//   strategy, master ("runs", "dead"), workers (see workersOf)
//   ways     the row is for these accept modes, steerings or policies alone
//   words    what the panel says
//   answers  of what comes, which share is answered: at least, at most
//   waits    who waits meanwhile: "none", or a few at most; "some", and not more and more;
//            "more", and more and more; "all or none", as the answers are none or all
//   loses    of what waited: "all" or "none"; for rows about those who have just died

const MOVES = ["round-robin", "least-loaded", "p2c"]; // programs that let a queue move to others
const WATCH = ["least-loaded", "p2c"];                // and pass over who is stuck
const COUNT = ["least-conn", "p2c"];                  // policies that look at what each has
const RING = ["uring-multishot"];                     // its worker stays in line whatever it does

export const states = [
  { strategy: "shared", master: "runs", workers: "stopped", ways: RING, answers: [0, 1], waits: "all or none",
    words: "One worker is first in line, for good, and gets everything. If that is the stopped one, all wait; if not, nobody does." },
  { strategy: "shared", master: "runs", workers: "stopped", answers: [.9, 1], waits: "none",
    words: "Nobody queues behind it: whoever is awake takes the next one. Only what it held itself waits." },
  { strategy: "shared", master: "runs", workers: "asleep", answers: [0, .05], waits: "more",
    words: "Nobody is awake to take the next one, so all wait in the one queue." },
  { strategy: "shared", master: "runs", workers: "changing", answers: [.9, 1], waits: "none",
    words: "Old and new workers take from the same queue. Each old one leaves when its successor is ready." },
  { strategy: "shared", master: "dead", workers: "well", answers: [.9, 1], waits: "none",
    words: "The workers go on: all of them hold the socket. But nobody will replace one that dies, and nothing can be reloaded." },
  { strategy: "shared", master: "dead", workers: "stopped", ways: RING, answers: [0, 1], waits: "all or none",
    words: "If the stopped one is first in line, it still gets everything, and all wait. If not, nobody does. That takes no master." },
  { strategy: "shared", master: "dead", workers: "stopped", answers: [.9, 1], waits: "none",
    words: "Nobody queues behind the stopped one: whoever is awake takes the next one. That takes no master." },
  { strategy: "shared", master: "dead", workers: "asleep", answers: [0, .05], waits: "more",
    words: "Nobody is awake to take the next one, so all wait in the one queue." },
  { strategy: "shared", master: "dead", workers: "gone", ways: RING, answers: [.9, 1], waits: "none",
    words: "Its place in line is free, and what waits in the one queue goes to the others. What its ring had accepted is lost. Nobody starts a new one." },
  { strategy: "shared", master: "dead", workers: "gone", answers: [.9, 1], waits: "none", loses: "none",
    words: "One less takes from the one queue, and what waits there goes to the others. Nobody starts a new one." },
  { strategy: "shared", master: "dead", workers: "none", answers: [0, .05], waits: "none",
    words: "The socket went with the last worker that held it. Clients are refused." },

  { strategy: "reuseport", master: "runs", workers: "stopped", ways: WATCH, answers: [.9, 1], waits: "some",
    words: "The program in the kernel sees that this queue stands still, and passes it over." },
  { strategy: "reuseport", master: "runs", workers: "stopped", answers: [0, .95], waits: "more",
    words: "The kernel does not look who is awake. The stopped one still gets its share, and that share waits." },
  { strategy: "reuseport", master: "runs", workers: "asleep", answers: [0, .05], waits: "more",
    words: "Nobody is awake, so every queue grows." },
  { strategy: "reuseport", master: "runs", workers: "changing", answers: [.9, 1], waits: "some",
    words: "Each new worker has the queue of the old one, which leaves when the new one is ready." },
  { strategy: "reuseport", master: "dead", workers: "well", ways: MOVES, answers: [.9, 1], waits: "some",
    words: "The workers go on: each holds its own socket. But nobody will replace one that dies, and nothing can be reloaded." },
  { strategy: "reuseport", master: "dead", workers: "well", answers: [.9, 1], waits: "some",
    words: "The workers go on: each holds its own socket, and is now the only one who does. If one dies, its queue dies too." },
  { strategy: "reuseport", master: "dead", workers: "stopped", ways: WATCH, answers: [.9, 1], waits: "some",
    words: "The program in the kernel outlives the master. It sees that this queue stands still, and passes it over." },
  { strategy: "reuseport", master: "dead", workers: "stopped", answers: [0, .95], waits: "more",
    words: "The stopped one still gets its share, and that share waits. Should it die, they are lost: the master no longer holds the queue." },
  { strategy: "reuseport", master: "dead", workers: "asleep", answers: [0, .05], waits: "more",
    words: "Nobody is awake, so every queue grows." },
  { strategy: "reuseport", master: "dead", workers: "gone", ways: MOVES, answers: [.9, 1], waits: "some", loses: "none",
    words: "Its socket has left the group. The program in the kernel gave what waited there to the others, who get its share from now on." },
  { strategy: "reuseport", master: "dead", workers: "gone", answers: [.9, 1], waits: "some", loses: "all",
    words: "Its socket went with it, and what waited there was lost. The others get its share from now on: the group has one socket less." },
  { strategy: "reuseport", master: "dead", workers: "none", answers: [0, .05], waits: "none",
    words: "Every socket went with its worker. Clients are refused." },

  { strategy: "dispatch", master: "runs", workers: "stopped", ways: COUNT, answers: [.9, 1], waits: "some",
    words: "What it holds counts against it. The master hands it no more once the others hold less." },
  { strategy: "dispatch", master: "runs", workers: "stopped", answers: [.85, 1], waits: "some",
    words: "In its turn it is handed some, until its pair is full. Then the master passes it over." },
  { strategy: "dispatch", master: "runs", workers: "asleep", answers: [0, .3], waits: "more",
    words: "The master hands on until the pairs are full. Then all wait in its own queue, before the gate." },
  { strategy: "dispatch", master: "runs", workers: "changing", answers: [.9, 1], waits: "some",
    words: "Each new worker has the pair of the old one, which leaves when the new one is ready." },
  { strategy: "dispatch", master: "dead", answers: [0, .05], waits: "none",
    words: "Nobody accepts any more: the only socket went with the master, and clients are refused. The workers finish what they were handed, and end." },
];

const GONE = 0, ASLEEP = 2; // of a worker, in a frame

/** How a panel's workers are: the first of these that holds. */
export function workersOf(frame, changing) {
  const all = frame.w.map(w => w[3]), gone = all.filter(s => s === GONE).length, asleep = all.filter(s => s === ASLEEP).length;
  if (gone === all.length) return "none";
  if (gone + asleep === all.length) return "asleep";
  if (asleep) return "stopped";
  if (gone) return "gone";
  return changing ? "changing" : "well";
}

/** The row for a state, or undefined where all is well. ways are the names that are chosen. */
export const stateOf = (strategy, master, workers, ways) => states.find(s =>
  s.strategy === strategy && s.master === master && (!s.workers || s.workers === workers) && (!s.ways || s.ways.some(way => ways.includes(way))));
