// node cluster.js HOST PORT WORKERS rr|none: Node's cluster, where the primary
// accepts and deals in turn (rr), or where every worker does (none).
'use strict';
const cluster = require('node:cluster');
const http = require('node:http');

const [host, port, workers, policy] = process.argv.slice(2);
const policies = { rr: cluster.SCHED_RR, none: cluster.SCHED_NONE };
if (!(policy in policies)) throw new Error(`no policy ${policy}`);
cluster.schedulingPolicy = policies[policy];

if (cluster.isPrimary) {
  let stopping = false; // with its workers gone, the primary has nothing to wait for, and ends
  for (let i = 0; i < Number(workers); i++) cluster.fork();
  cluster.on('exit', (worker, code, signal) => {
    if (!signal) process.exit(code); // it could not serve, and the next one couldn't either
    if (!stopping) cluster.fork();
  });
  process.on('SIGTERM', () => {
    stopping = true;
    for (const worker of Object.values(cluster.workers)) worker.process.kill();
  });
} else {
  http.createServer((request, response) => {
    const body = `Hello from ${process.pid}\n`;
    response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': body.length });
    response.end(body);
  }).listen({ host, port: Number(port), backlog: 4096 });
}
