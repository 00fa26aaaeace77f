//go:build linux

// Prefork-many is prefork with what a bench on many machines takes besides: a client of
// NATS, and NATS itself. It is a binary of its own because those cost a process some
// milliseconds and megabytes at its start, and every worker of prefork is prefork. It is
// run by prefork, beside which it lies.
package main

import (
	"context"
	"os"

	"prefork/bench/many/agent"
	"prefork/bench/many/drive"
	"prefork/bench/many/hub"
	"prefork/bench/many/serve"
	"prefork/internal/cli"
)

func main() {
	if code, isWorker := cli.Worker(); isWorker {
		os.Exit(code)
	}
	os.Exit(cli.RunMany(context.Background(), os.Args, os.Stdout, os.Stderr, &cli.Many{
		Agent: agent.Run, Serve: serve.Run, Connect: drive.Connect, Local: hub.Start,
	}))
}
