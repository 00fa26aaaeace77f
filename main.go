// Prefork runs a pre-fork server under one of three strategies.
package main

import (
	"context"
	"os"

	"prefork/internal/cli"
)

func main() {
	if code, isWorker := cli.Worker(); isWorker {
		os.Exit(code)
	}
	os.Exit(cli.Run(context.Background(), os.Args, os.Stdout, os.Stderr))
}
