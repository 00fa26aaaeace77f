//go:build linux

package cli

import (
	"log/slog"
	"runtime"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"prefork/dispatch"
	"prefork/internal/control"
	"prefork/internal/supervisor"
	"prefork/internal/worker"
	"prefork/strategies"
	"prefork/strategies/accept"
)

// Categories group the flags in the help.
const (
	catWhat    = "What to serve"
	catHow     = "How connections reach workers"
	catLife    = "Life and death of workers"
	catProcess = "The master"
	catRights  = "Whose rights"
)

// somaxconn is the kernel's default limit on a backlog since Linux 5.4.
const somaxconn = 4096

// flags are a row for each of the options, which it fills in. They are made anew for
// each command that has them.
func (o *options) flags() []cli.Flag {
	return slices.Concat(o.whatFlags(), o.howFlags(), o.lifeFlags(), o.processFlags(), o.rightsFlags())
}

func (o *options) whatFlags() []cli.Flag {
	return []cli.Flag{
		&cli.GenericFlag{
			Name: "bind", Aliases: []string{"b"}, Category: catWhat, Value: &o.bind, EnvVars: env("BIND"),
			DefaultText: ":8080, or :$PORT", Usage: "listen on `ADDRESS`: host:port, :port, unix:/path or @abstract; 0.0.0.0 is IPv4 only, [::] or no host is IPv4 and IPv6; repeatable, in the environment with commas; a name may stand before it, as in admin=:8081, which programs are told",
		},
		&cli.StringFlag{
			Name: "unix-mode", Destination: &o.unixMode, Category: catWhat, EnvVars: env("UNIX_MODE"), DefaultText: "by the umask",
			Usage: "the mode of Unix-domain paths is `MODE`, an octal number such as 660",
		},
		&cli.StringFlag{
			Name: "unix-owner", Destination: &o.unixOwner, Category: catWhat, EnvVars: env("UNIX_OWNER"), DefaultText: "who runs it",
			Usage: "the owner of Unix-domain paths is `USER`, USER:GROUP or :GROUP",
		},
		&cli.IntFlag{
			// GOMAXPROCS, unlike NumCPU, knows a container's share of the processors.
			Name: "workers", Destination: &o.workers, Aliases: []string{"w"}, Category: catWhat, Value: runtime.GOMAXPROCS(0), EnvVars: env("WORKERS", "WEB_CONCURRENCY"),
			DefaultText: "CPUs", Usage: "run `N` worker processes",
		},
		&cli.StringFlag{
			Name: "app", Destination: &o.app, Category: catWhat, Value: worker.Apps[0].Name, EnvVars: env("APP"),
			Usage: "what built-in workers do: `APP` is " + or(worker.AppNames()),
		},
		&cli.IntFlag{
			Name: "concurrency", Destination: &o.concurrency, Category: catWhat, Value: 1, EnvVars: env("CONCURRENCY"),
			Usage: "a built-in worker serves `N` connections at once",
		},
		&cli.DurationFlag{
			Name: "read-timeout", Destination: &o.readTimeout, Category: catWhat, Value: 10 * time.Second, EnvVars: env("READ_TIMEOUT"),
			Usage: "drop a client that reads nothing of its answer for `T`; under http and work also one that sends no whole request in that time",
		},
	}
}

func (o *options) howFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{
			Name: "strategy", Destination: &o.strategy, Aliases: []string{"s"}, Category: catHow, Value: strategies.Strategies[0].Name, EnvVars: env("STRATEGY"),
			Usage: "how connections reach workers: `NAME` is " + or(names(strategies.Strategies, strategyName)),
		},
		&cli.StringFlag{
			Name: "accept", Destination: &o.accept, Category: catHow, EnvVars: env("ACCEPT"), DefaultText: accept.Listening()[0].Name + ", or " + accept.ForSeveral + " with --concurrency or --overlap",
			Usage: "how workers wait for connections, under shared and reuseport: `MODE` is " + or(names(accept.Listening(), modeName)) + "; with a question mark, MODE? is the default where this user or kernel cannot have MODE",
		},
		&cli.IntFlag{
			Name: "accept-batch", Destination: &o.acceptBatch, Category: catHow, Value: worker.AcceptBatch, EnvVars: env("ACCEPT_BATCH"),
			Usage: "with --concurrency, a worker that is woken takes `N` connections at most before it sees to those that it has",
		},
		&cli.StringFlag{
			Name: "steer", Destination: &o.steer, Category: catHow, EnvVars: env("STEER"), DefaultText: strategies.Steers[0].Name,
			Usage: "how the kernel chooses a worker, under reuseport: `NAME` is " + or(names(strategies.Steers, steerName)) + "; with a question mark, NAME? is " + strategies.Steers[0].Name + " where this user or kernel cannot have NAME",
		},
		&cli.IntFlag{
			Name: "queues", Destination: &o.queues, Category: catHow, EnvVars: env("QUEUES"), DefaultText: "one for each worker",
			Usage: "under reuseport, `N` sockets for all workers to take from: with 1, all take from one queue, as under shared; they stay when workers come and go",
		},
		&cli.IntFlag{
			Name: "overlap", Destination: &o.overlap, Category: catHow, Value: 1, EnvVars: env("OVERLAP"),
			Usage: "under reuseport, each worker takes from `N` of the sockets; with 2 or more, nobody waits for a worker that is stuck",
		},
		&cli.DurationFlag{
			Name: "stuck-after", Destination: &o.stuckAfter, Category: catHow, Value: strategies.DefaultStuckAfter, EnvVars: env("STUCK_AFTER"),
			Usage: "under --steer " + or(watching()) + ", a worker that has taken nothing from its queue for `T` gets no new connections until it does",
		},
		&cli.BoolFlag{
			Name: "pin", Destination: &o.pin, Category: catHow, EnvVars: env("PIN"),
			Usage: "keep each worker on one CPU: the first worker on the first CPU, and so on",
		},
		&cli.StringFlag{
			Name: "reuseport-bind", Destination: &o.reuseportBind, Category: catHow, Value: binders[0], EnvVars: env("REUSEPORT_BIND"),
			Usage: "who opens the sockets, under reuseport: `WHO` is master or worker; what waits for a worker that dies is kept by the master, and lost with a worker",
		},
		&cli.StringFlag{
			Name: "policy", Destination: &o.policy, Category: catHow, EnvVars: env("POLICY"), DefaultText: dispatch.Policies[0].Name,
			Usage: "how the master chooses a worker, under dispatch: `POLICY` is " + or(names(dispatch.Policies, policyName)),
		},
		&cli.IntFlag{
			Name: "window", Destination: &o.window, Category: catHow, Value: 16, EnvVars: env("WINDOW"),
			Usage: "under dispatch, at most `N` connections are on their way from the master to one worker",
		},
		&cli.IntFlag{
			Name: "backlog", Destination: &o.backlog, Category: catHow, Value: somaxconn, EnvVars: env("BACKLOG"),
			Usage: "at most `N` connections wait at a socket",
		},
	}
}

func (o *options) lifeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.DurationFlag{
			Name: "graceful-timeout", Destination: &o.gracefulTimeout, Category: catLife, Value: 30 * time.Second, EnvVars: env("GRACEFUL_TIMEOUT"),
			Usage: "a worker that is told to stop is killed if it has not finished after `T`",
		},
		&cli.DurationFlag{
			Name: "drain-delay", Destination: &o.drainDelay, Category: catLife, EnvVars: env("DRAIN_DELAY"), DefaultText: "none",
			Usage: "when told to stop, go on for `T` first, not ready any more, so that balancers notice; told once more, stop",
		},
		&cli.DurationFlag{
			Name: "ready-after", Destination: &o.readyAfter, Category: catLife, Value: time.Second, EnvVars: env("READY_AFTER"),
			Usage: "a program counts as ready when it says READY=1, as to systemd, or has run for `T`; with 0, only when it says so",
		},
		&cli.StringFlag{
			Name: "stop-signal", Destination: &o.stopSignal, Category: catLife, Value: "TERM", EnvVars: env("STOP_SIGNAL"),
			Usage: "tell a program to stop by `SIGNAL`, such as TERM or QUIT",
		},
		&cli.StringFlag{
			Name: "on-master-death", Destination: &o.onMasterDeath, Category: catLife, Value: deaths[0], EnvVars: env("ON_MASTER_DEATH"),
			Usage: "what workers do when the master is killed: `DO` is " + or(deaths),
		},
		&cli.IntFlag{
			Name: "max-conns", Destination: &o.maxConns, Category: catLife, EnvVars: env("MAX_CONNS"), DefaultText: "never",
			Usage: "replace a built-in worker after `N` connections",
		},
		&cli.IntFlag{
			Name: "max-conns-jitter", Destination: &o.maxConnsJitter, Category: catLife, EnvVars: env("MAX_CONNS_JITTER"), DefaultText: "none",
			Usage: "add a random number up to `N` to that, so that not all workers are replaced at once",
		},
	}
}

func (o *options) processFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{
			Name: "pid-file", Destination: &o.pidFile, Category: catProcess, EnvVars: env("PID_FILE"), DefaultText: "none",
			Usage: "write the pid to `FILE` once all workers are ready",
		},
		&cli.StringFlag{
			Name: "metrics", Destination: &o.metrics, Category: catProcess, EnvVars: env("METRICS"), DefaultText: "none",
			Usage: "tell Prometheus and balancers at `ADDRESS` how the server is: /metrics, /healthz, /readyz; without a host, it is for this machine alone",
		},
		&cli.IntFlag{
			Name: "ready-min", Destination: &o.readyMin, Category: catProcess, EnvVars: env("READY_MIN"), DefaultText: "as many as are wanted",
			Usage: "/readyz says that the server is ready while `N` workers are",
		},
		&cli.StringFlag{
			Name: "control", Destination: &o.control, Category: catProcess, EnvVars: env("CONTROL"), DefaultText: "a private one",
			Usage: "let prefork ctl in at `PATH`, a Unix socket for this user alone; " + supervisor.NoControl + " lets nobody in",
		},
		&cli.StringFlag{
			Name: "name", Destination: &o.name, Category: catProcess, EnvVars: env("NAME"), DefaultText: "the pid",
			Usage: "be called `NAME` by prefork ctl, where this user has several servers",
		},
		&cli.StringFlag{
			Name: "log-format", Destination: &o.logFormat, Category: catProcess, Value: logFormats[0].name, EnvVars: env("LOG_FORMAT"),
			Usage: "write the log as `FORMAT`: " + or(logFormatNames()),
		},
		&cli.StringFlag{
			Name: "log-level", Destination: &o.logLevel, Category: catProcess, Value: control.LevelName(slog.LevelInfo), EnvVars: env("LOG_LEVEL"),
			Usage: "log what is of `LEVEL` or above: " + or(levelNames()),
		},
	}
}

// topicsOf are the tables behind the flags of a command.
func topicsOf(command string) []topic {
	switch command {
	case "serve", "prefork":
		return serveTopics()
	case "bench":
		return benchTopics()
	case "load":
		return loadTopics()
	case "fleet demo":
		return []topic{fleetTopic()}
	case "demo":
		return []topic{sceneTopic()}
	case "ctl":
		return ctlTopics()
	}
	return nil
}

func serveTopics() []topic {
	return []topic{
		{"Apps (--app): what a built-in worker does", rows(worker.Apps, appName, func(a worker.App) string { return a.Sentence })},
		{"Strategies (--strategy): how connections reach workers", rows(strategies.Strategies, strategyName, func(s strategies.Strategy) string { return s.Sentence })},
		{"Accept modes (--accept): how a worker waits at a socket", rows(accept.Listening(), modeName, func(m accept.Mode) string { return m.Sentence })},
		{"Steering (--steer): how the kernel chooses a worker; eBPF is a program that it runs for us", rows(strategies.Steers, steerName, func(s strategies.Steer) string { return s.Sentence })},
		{"Policies (--policy): how the master chooses a worker", rows(dispatch.Policies, policyName, func(p dispatch.Policy) string { return p.Sentence })},
	}
}

func appName(a worker.App) string               { return a.Name }
func strategyName(s strategies.Strategy) string { return s.Name }
func modeName(m accept.Mode) string             { return m.Name }
func steerName(s strategies.Steer) string       { return s.Name }
func policyName(p dispatch.Policy) string       { return p.Name }

// watching are the ways of steering that heed --stuck-after.
func watching() (all []string) {
	for _, steer := range strategies.Steers {
		if steer.Watches {
			all = append(all, steer.Name)
		}
	}
	return all
}

func logFormatNames() (all []string) {
	for _, format := range logFormats {
		all = append(all, format.name)
	}
	return all
}

func levelNames() []string { return names(control.Levels, control.LevelName) }

func env(names ...string) []string {
	names[0] = "PREFORK_" + names[0]
	return names
}
