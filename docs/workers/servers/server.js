// An HTTP server in Node that listens on what it was given.
const http = require("node:http");

const server = http.createServer((_request, response) => {
  response.setHeader("content-type", "text/plain");
  response.end(`Hello from ${process.pid}\n`);
});

const backlog = 4096; // or Node cuts the queue to 511
server.listen({ fd: 3, backlog });

// Without this, SIGTERM ends Node in the middle of an answer.
process.once("SIGTERM", () => server.close());
