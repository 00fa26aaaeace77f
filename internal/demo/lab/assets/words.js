// What is said of what was done, whatever else is dead or stopped: what it is, what each
// strategy makes of it while its master lives, and where to read on. What is so for as long
// as something is not well is in states.js. A text may be a function of the settings.

export const words = {
  welcome: {
    title: "Three answers to one question",
    text: "Clients connect to one address, and several workers are there to serve them. The three get the very same load. Stop a worker, raise the rate, or take a tour.",
    read: "docs/README.md",
    shared: "One queue in the kernel. Whichever worker is free takes the next one.",
    reuseport: "A queue for each worker. The kernel throws a die for each, and there it stays.",
    dispatch: "The master takes every connection and hands it on: even, but all pass one process.",
  },
  stop: {
    title: "A worker is stuck",
    text: "It is stopped (SIGSTOP), like one that waits for a database or spins in a loop. It is still there; it only takes nothing any more. Watch where connections wait.",
    read: "docs/steering.md, signal(7)",
  },
  continue: {
    title: "The worker goes on",
    text: "What waited for it is answered now, if the client has not given up: clients here wait five seconds.",
    read: "docs/choosing.md",
    shared: "It joins the line again.", reuseport: "It works off its queue.", dispatch: "It works off what it had been handed.",
  },
  kill: {
    title: "A worker is killed",
    text: "By SIGKILL, so it cannot say goodbye: the connection in its hands is lost. A master that lives starts another worker in its place. Without a master the place stays empty.",
    read: "docs/shared.md, docs/reuseport.md, docs/dispatch.md",
    shared: "Another worker is in its place. The queue was never its own, so nothing in it is lost.",
    reuseport: "Another worker is in its place and finds the queue as it was: the master holds each socket too.",
    dispatch: "Another worker is in its place. What the dead one had been handed and had not taken went back to the master, and on to the others.",
  },
  "kill-master": {
    title: "The master is killed",
    text: "The difference that matters most: is the master in the way, or beside it? A stopped worker goes on now: the kernel wakes those whom a dead parent leaves behind stopped.",
    read: "docs/choosing.md, setpgid(2)",
  },
  start: {
    title: "Started again", text: "New masters with new workers.",
    read: "docs/architecture.md",
    shared: "A new socket, inherited by new workers.", reuseport: "A new socket for each worker.", dispatch: "A new socket, and a new pair for each worker.",
  },
  reload: {
    title: "Reloaded",
    text: "Every worker is replaced by a new one (SIGHUP), which is ready before the old one leaves. Watch the count of lost connections.",
    read: "docs/architecture.md",
    shared: "All workers are new ones, at the same queue.",
    reuseport: "All workers are new ones. Each has inherited its predecessor's queue.",
    dispatch: "All workers are new ones. Each has inherited its predecessor's pair.",
  },
  stall: {
    title: "A second without anybody",
    text: "All workers that were awake are stopped for one second, then go on. Those who came in between waited up to a second, and a fair stopwatch says so.",
    read: "docs/measuring.md",
    shared: "One queue grows, and is worked off together.", reuseport: "Each queue grows and is worked off alone.", dispatch: "First the pairs fill, then the kernel's queue behind the gate.",
  },
  send: {
    title: "Sent", text: "A few connections, all at once. Where did each go?",
    read: "docs/reuseport.md, socket(7)",
    shared: "Each free worker takes one; the rest waits in the one queue.", reuseport: "Each joins the queue that its steering chose. A hash is a die: some get more, some none.", dispatch: "Handed out one by one by the master, as its policy says.",
  },
  set: {
    title: "Changed",
    text: settings => settings.clients
      ? "A client asks again as soon as it is answered, so whoever answers faster is asked more: what arrives is not the same for all three. Shares and counts begin anew."
      : "Arrivals and demands are the same for all three, from the same seed. Shares and counts begin anew.",
    read: "docs/measuring.md",
    shared: "", reuseport: "", dispatch: "",
  },
};
