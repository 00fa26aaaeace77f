//go:build linux

package cli

import (
	"runtime"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"prefork/dispatch"
	"prefork/internal/worker"
	"prefork/strategies"
)

// Categories group the flags in the help.
const (
	catWhat    = "What to serve"
	catHow     = "How connections reach workers"
	catLife    = "Life and death of workers"
	catProcess = "The master"
)

// somaxconn is the kernel's default limit on a backlog since Linux 5.4.
const somaxconn = 4096

// serveFlags is made anew for each command that has them.
func serveFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{
			Name: "bind", Aliases: []string{"b"}, Category: catWhat, Value: ":8080", EnvVars: env("BIND"),
			DefaultText: ":8080, or :$PORT", Usage: "listen on `ADDRESS`: host:port, :port or unix:/path",
		},
		&cli.IntFlag{
			Name: "workers", Aliases: []string{"w"}, Category: catWhat, Value: runtime.NumCPU(), EnvVars: env("WORKERS", "WEB_CONCURRENCY"),
			DefaultText: "one a CPU", Usage: "run `N` worker processes",
		},
		&cli.StringFlag{
			Name: "app", Category: catWhat, Value: worker.Apps[0].Name, EnvVars: env("APP"),
			Usage: "what built-in workers do: " + list(worker.AppNames()),
		},
		&cli.IntFlag{
			Name: "concurrency", Category: catWhat, Value: 1, EnvVars: env("CONCURRENCY"),
			Usage: "a built-in worker serves `N` connections at once",
		},
		&cli.DurationFlag{
			Name: "read-timeout", Category: catWhat, Value: 10 * time.Second, EnvVars: env("READ_TIMEOUT"),
			Usage: "http and work drop a client that sends nothing for so long",
		},

		&cli.StringFlag{
			Name: "strategy", Aliases: []string{"s"}, Category: catHow, Value: strategies.Strategies[0].Name, EnvVars: env("STRATEGY"),
			Usage: list(names(strategies.Strategies, func(s strategies.Strategy) string { return s.Name })),
		},
		&cli.StringFlag{
			Name: "accept", Category: catHow, EnvVars: env("ACCEPT"), DefaultText: strategies.Modes[0].Name,
			Usage: "how workers wait (shared, reuseport): " + list(names(strategies.Modes, func(m strategies.Mode) string { return m.Name })),
		},
		&cli.StringFlag{
			Name: "policy", Category: catHow, EnvVars: env("POLICY"), DefaultText: dispatch.Policies[0].Name,
			Usage: "how the master chooses (dispatch): " + list(names(dispatch.Policies, func(p dispatch.Policy) string { return p.Name })),
		},
		&cli.IntFlag{
			Name: "window", Category: catHow, Value: 16, EnvVars: env("WINDOW"),
			Usage: "at most `N` connections on their way to one worker (dispatch)",
		},
		&cli.StringFlag{
			Name: "reuseport-bind", Category: catHow, Value: "master", EnvVars: env("REUSEPORT_BIND"),
			Usage: "`WHO` binds the sockets (reuseport): master, which keeps a dead worker's queue, or worker, which loses it",
		},
		&cli.IntFlag{
			Name: "backlog", Category: catHow, Value: somaxconn, EnvVars: env("BACKLOG"),
			Usage: "the kernel queues up to `N` connections a socket",
		},

		&cli.DurationFlag{
			Name: "graceful-timeout", Category: catLife, Value: 30 * time.Second, EnvVars: env("GRACEFUL_TIMEOUT"),
			Usage: "kill workers that take longer to finish",
		},
		&cli.DurationFlag{
			Name: "ready-after", Category: catLife, Value: time.Second, EnvVars: env("READY_AFTER"),
			Usage: "a program that does not say READY=1 counts as ready when it has lived for so long",
		},
		&cli.StringFlag{
			Name: "stop-signal", Category: catLife, Value: "TERM", EnvVars: env("STOP_SIGNAL"),
			Usage: "`SIGNAL` tells a program to stop",
		},
		&cli.StringFlag{
			Name: "on-master-death", Category: catLife, Value: "exit", EnvVars: env("ON_MASTER_DEATH"),
			Usage: "workers `DO` exit or serve when the master is killed",
		},
		&cli.IntFlag{
			Name: "max-conns", Category: catLife, EnvVars: env("MAX_CONNS"), DefaultText: "never",
			Usage: "replace a built-in worker after `N` connections",
		},
		&cli.IntFlag{
			Name: "max-conns-jitter", Category: catLife, EnvVars: env("MAX_CONNS_JITTER"), DefaultText: "none",
			Usage: "add up to `N` connections to that, differently for each worker",
		},

		&cli.StringFlag{Name: "pid-file", Category: catProcess, EnvVars: env("PID_FILE"), Usage: "write the master's pid to `FILE` when all workers are ready"},
		&cli.StringFlag{Name: "log-format", Category: catProcess, Value: "text", EnvVars: env("LOG_FORMAT"), Usage: "text or json"},
		&cli.StringFlag{Name: "log-level", Category: catProcess, Value: "info", EnvVars: env("LOG_LEVEL"), Usage: "debug, info, warn or error"},
	}
}

func env(names ...string) []string {
	names[0] = "PREFORK_" + names[0]
	return names
}

func list(names []string) string { return strings.Join(names, ", ") }

func names[Row any](rows []Row, name func(Row) string) (all []string) {
	for _, row := range rows {
		all = append(all, name(row))
	}
	return all
}
