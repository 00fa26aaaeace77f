// What is said of what was done: a question, each strategy's answer to it, and where to
// read on. A text may be a function of the settings, an answer one of the ways that are
// chosen there, other than the usual ones.

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
    shared: "Nobody queues behind it; the one it held waits. The others take what comes.",
    reuseport: ways => ways.some(w => w.watches)
      ? "The program in the kernel sees that its queue stands still, and passes it over after a second."
      : "The kernel does not know. The stuck worker still gets its share, and that share waits.",
    dispatch: ways => ways.length
      ? "The master knows how many it holds already. What it was handed waits."
      : "In its turn it is handed some until its pair is full; then it is passed over.",
  },
  continue: {
    title: "The worker goes on",
    text: "What waited for it is answered now, if the client has not given up: clients here wait five seconds.",
    read: "docs/choosing.md",
    shared: "It joins the line again.", reuseport: "It works off its queue.", dispatch: "It works off what it had been handed.",
  },
  kill: {
    title: "A worker is killed",
    text: "By SIGKILL, so it cannot say goodbye. The master starts another in its place, which inherits the same socket with all that is queued. Only the connection in its hands is lost.",
    read: "docs/shared.md, docs/reuseport.md, docs/dispatch.md",
    shared: "The queue is not its own. At most the one connection it held is lost.",
    reuseport: "Its queue outlives it, because the master holds the socket too. The next worker finds it full.",
    dispatch: "What it was handed and had not taken waits in the pair, whose other end the master holds.",
  },
  "kill-master": {
    title: "The master is killed",
    text: "Here is the difference that matters most: is the master in the way of connections, or only the one who starts workers? Start it again with the button.",
    read: "docs/choosing.md",
    shared: "Carries on. Workers accept for themselves; nobody replaces them, though.",
    reuseport: "Carries on, as long as nobody dies: a dead worker's share would be refused.",
    dispatch: "Falls silent. Nobody accepts any more, and clients are refused.",
  },
  start: {
    title: "Started again", text: "New masters with new workers.",
    read: "docs/architecture.md",
    shared: "A new socket, inherited by new workers.", reuseport: "A new socket for each worker.", dispatch: "A new socket, and a new pair for each worker.",
  },
  reload: {
    title: "Reloaded",
    text: "Every worker is replaced by a new one (SIGHUP), which is ready before the old one leaves. Watch the count of lost connections: it does not move.",
    read: "docs/architecture.md",
    shared: "Old and new take from the same queue for a moment.",
    reuseport: "The new worker inherits the old one's queue.",
    dispatch: "The new worker inherits the old one's pair.",
  },
  stall: {
    title: "A second without anybody",
    text: "All workers are stopped for one second, then go on. Those who came in between waited up to a second, and a fair stopwatch says so.",
    read: "docs/measuring.md",
    shared: "One queue grows, and is worked off together.", reuseport: "Each queue grows and is worked off alone.", dispatch: "First the pairs fill, then the kernel's queue behind the gate.",
  },
  send: {
    title: "Sent", text: "A few connections, all at once. Where did each go?",
    read: "docs/reuseport.md, socket(7)",
    shared: "Each free worker takes one; the rest waits in the one queue.", reuseport: "Thrown, not dealt: some get more, some none.", dispatch: "Dealt in turn, one after the other, by the master.",
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
