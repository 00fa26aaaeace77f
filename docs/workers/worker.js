// A worker for shared and reuseport: prefork -- node worker.js
//
// Node has no datagram Unix sockets to say READY=1 on: it counts as ready after
// --ready-after.

const net = require("node:net");

const INHERITED_FD = 3;
const FULL_QUEUE = 4096; // prefork's default backlog, and the kernel's default limit

if (process.env.LISTEN_PID !== String(process.pid)) {
  console.error("worker.js: no listening socket; start me with: prefork -- node worker.js");
  process.exit(1);
}

let taken = 0;

const server = net.createServer((conn) => {
  taken++;
  conn.on("error", () => {}); // the client has gone; the worker need not
  conn.end(`Hello from ${process.pid}\n`);
});

// Node listens again on the socket, which would cut the queue to 511.
server.listen({ fd: INHERITED_FD }, FULL_QUEUE);

// Node has no accept to call until the queue is empty. It takes what it finds
// there in each turn of its loop; after a turn without any, the queue was empty.
// Closed, the server lets the process end once its connections have.
function drain(until) {
  const before = taken;
  setImmediate(() => setImmediate(() => {
    if (taken === before || taken >= until) server.close();
    else drain(until);
  }));
}

process.once("SIGTERM", () => drain(taken + FULL_QUEUE));
