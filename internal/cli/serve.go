//go:build linux

package cli

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"prefork/internal/inspect"
	"prefork/internal/supervisor"
	"prefork/internal/worker"
	"prefork/strategies"
)

// Worker runs this process as a worker if a master has started it as one.
func Worker() (code int, isWorker bool) {
	if !worker.IsWorker() {
		return 0, false
	}
	return worker.Main(), true
}

// serve runs a master until it is told to stop.
func serve(c *cli.Context) error {
	o, err := options(c)
	if err != nil {
		return err
	}
	err = supervisor.Run(c.Context, o)
	var exit *supervisor.ExitError
	switch {
	case errors.As(err, &exit):
		return coded{exit.Code, exit.Err}
	case errors.Is(err, unix.EADDRINUSE):
		return fmt.Errorf("%w%s", err, whoListens(o.Config.Bind))
	}
	return err
}

// whoListens names the process that has the address, if it can be told.
func whoListens(bind strategies.Bind) string {
	holder, err := inspect.Listener(bind.Network, bind.Address)
	if err != nil {
		return "; choose another address with --bind"
	}
	return fmt.Sprintf(": %s has it; stop it or choose another address with --bind", holder)
}

// options turns flags into what a master needs, or says what is wrong with them.
func options(c *cli.Context) (supervisor.Options, error) {
	var o supervisor.Options
	for _, read := range []func(*cli.Context, *supervisor.Options) error{
		readLog, readBind, readStrategy, readWorkers, readProgram, readLife, checkRoom,
	} {
		if err := read(c, &o); err != nil {
			return o, err
		}
	}
	o.PIDFile = c.String("pid-file")
	o.Listening = func(addr net.Addr) { banner(c.App.Writer, o, addr) }
	if c.String("log-format") == "json" {
		o.Listening = func(addr net.Addr) {
			o.Log.Info("listening", "strategy", o.Strategy.Name, "address", addr.String(), "workers", o.Limits.Workers, "pid", os.Getpid())
		}
	}
	return o, nil
}

func readLog(c *cli.Context, o *supervisor.Options) error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.String("log-level"))); err != nil {
		return usage(strategies.Unknown("log level", c.String("log-level"), []string{"debug", "info", "warn", "error"}))
	}
	handler := &slog.HandlerOptions{Level: level}
	switch format := c.String("log-format"); format {
	case "text":
		o.Log = slog.New(slog.NewTextHandler(c.App.ErrWriter, handler))
	case "json":
		o.Log = slog.New(slog.NewJSONHandler(c.App.ErrWriter, handler))
	default:
		return usage(strategies.Unknown("log format", format, []string{"text", "json"}))
	}
	return nil
}

func readBind(c *cli.Context, o *supervisor.Options) error {
	address := c.String("bind")
	if port := os.Getenv("PORT"); port != "" && !c.IsSet("bind") {
		address = ":" + port
	}
	bind, err := strategies.ParseBind(address)
	if err != nil {
		return usage(err)
	}
	backlog := c.Int("backlog")
	if backlog < 1 {
		return usage(fmt.Errorf("--backlog %d: at least one connection must be able to wait", backlog))
	}
	if limit, err := inspect.SomaxConn(); err == nil && backlog > limit {
		if c.IsSet("backlog") {
			o.Log.Warn("the kernel cuts the backlog", "backlog", backlog, "net.core.somaxconn", limit)
		}
		backlog = limit
	}
	o.Config.Bind, o.Config.Backlog = bind, backlog
	return nil
}

func readStrategy(c *cli.Context, o *supervisor.Options) error {
	strategy, err := strategies.Lookup(c.String("strategy"))
	if err != nil {
		return usage(err)
	}
	mode, policy := c.String("accept"), c.String("policy")
	if _, err := strategies.LookupMode(mode); err != nil {
		return usage(err)
	}
	if _, err := strategies.LookupPolicy(policy); err != nil {
		return usage(err)
	}
	if err := strategy.Has(mode, policy); err != nil {
		return usage(err)
	}
	if o.Config.Bind.Network == "unix" && !strategy.Unix {
		return usage(fmt.Errorf("bind %s: --strategy %s cannot have a Unix-domain address: the kernel only spreads TCP and UDP over several sockets; use --strategy shared or dispatch", o.Config.Bind, strategy.Name))
	}
	switch who := c.String("reuseport-bind"); {
	case who != "master" && who != "worker":
		return usage(strategies.Unknown("--reuseport-bind", who, []string{"master", "worker"}))
	case c.IsSet("reuseport-bind") && strategy.Name != "reuseport":
		return usage(fmt.Errorf("--reuseport-bind is for --strategy reuseport; %s has one socket", strategy.Name))
	default:
		o.Config.BindInWorker = who == "worker"
	}
	if len(strategy.Modes) > 0 && mode == "" {
		mode = strategy.Modes[0]
	}
	if len(strategy.Policies) > 0 && policy == "" {
		policy = strategy.Policies[0]
	}
	if o.Config.Window = c.Int("window"); o.Config.Window < 1 {
		return usage(fmt.Errorf("--window %d: at least one connection must be on its way", o.Config.Window))
	}
	o.Strategy, o.Config.Accept, o.Config.Policy = strategy, mode, policy
	o.Config.Random = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	o.Launch.Strategy, o.Launch.Accept = strategy.Name, mode
	return nil
}

func readWorkers(c *cli.Context, o *supervisor.Options) error {
	workers := c.Int("workers")
	if workers < 1 {
		return usage(fmt.Errorf("--workers %d: somebody has to do it; give 1 to %d", workers, worker.MaxWorkers))
	}
	if workers > worker.MaxWorkers {
		o.Log.Warn("fewer workers than asked for", "asked", workers, "workers", worker.MaxWorkers,
			"reason", "the scoreboard has a line for so many; far fewer serve a machine best")
		workers = worker.MaxWorkers
	}
	o.Limits.Workers, o.Limits.MaxWorkers = workers, worker.MaxWorkers
	o.Limits.Settle = o.Strategy.Settle
	if o.Config.Concurrency = c.Int("concurrency"); o.Config.Concurrency < 1 {
		return usage(fmt.Errorf("--concurrency %d: a worker serves at least one connection", o.Config.Concurrency))
	}
	return nil
}

// readProgram settles what the workers are.
func readProgram(c *cli.Context, o *supervisor.Options) error {
	program := c.Args().Slice()
	o.Config.Foreign = len(program) > 0
	o.Launch.Spec = worker.Spec{
		App:         c.String("app"),
		Concurrency: o.Config.Concurrency,
		MaxConns:    c.Int("max-conns"),
		MaxJitter:   c.Int("max-conns-jitter"),
		ReadTimeout: c.Duration("read-timeout"),
	}
	if _, err := worker.LookupApp(c.String("app")); err != nil {
		return usage(err)
	}
	if !o.Config.Foreign {
		return nil
	}
	if !separated() {
		return usage(fmt.Errorf("unknown command %q; a program to run as worker goes after --, as in: prefork -- %s", program[0], strings.Join(program, " ")))
	}
	for _, flag := range []string{"app", "concurrency", "accept", "max-conns", "read-timeout", "reuseport-bind"} {
		if c.IsSet(flag) {
			return usage(fmt.Errorf("--%s is for built-in workers; %s decides that for itself", flag, program[0]))
		}
	}
	path, err := exec.LookPath(program[0])
	if err != nil {
		return coded{supervisor.ExitNoStart, fmt.Errorf("cannot run %s as worker: %w", program[0], errors.Unwrap(err))}
	}
	o.Launch.Program, o.Launch.Path, o.Launch.Accept = program, path, ""
	o.Limits.ReadyAfter = c.Duration("ready-after")
	return nil
}

// separated reports whether the command line has the -- that goes before a
// program.
func separated() bool {
	for _, arg := range os.Args[1:] {
		if arg == "--" {
			return true
		}
	}
	return false
}

func readLife(c *cli.Context, o *supervisor.Options) error {
	o.Limits.Graceful = c.Duration("graceful-timeout")
	if o.Limits.Graceful <= 0 {
		return usage(fmt.Errorf("--graceful-timeout %s: workers need some time to finish", o.Limits.Graceful))
	}
	name := strings.TrimPrefix(strings.ToUpper(c.String("stop-signal")), "SIG")
	if o.StopSignal = unix.SignalNum("SIG" + name); o.StopSignal == 0 {
		return usage(fmt.Errorf("--stop-signal %q is no signal; TERM, QUIT, INT and WINCH are common", c.String("stop-signal")))
	}
	if !o.Config.Foreign {
		o.StopSignal = syscall.SIGTERM
	}
	switch death := c.String("on-master-death"); death {
	case "exit":
		o.Launch.DeathSignal = o.StopSignal
	case "serve":
		if o.Strategy.Name == "dispatch" {
			o.Log.Warn("workers cannot go on without a master under dispatch: nobody would accept for them")
		}
	default:
		return usage(strategies.Unknown("--on-master-death", death, []string{"exit", "serve"}))
	}
	return nil
}

// checkRoom makes sure that the master can open what it will need.
func checkRoom(_ *cli.Context, o *supervisor.Options) error {
	need := uint64(32 + 4*o.Limits.Workers + 2*16)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if limit.Cur >= need {
		return nil
	}
	if limit.Max < need {
		return coded{exitNotAllowed, fmt.Errorf("%d workers need %d open files, and the hard limit is %d: raise it (ulimit -Hn, LimitNOFILE=) or ask for fewer workers", o.Limits.Workers, need, limit.Max)}
	}
	limit.Cur = need
	return unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
}

// banner says what was started and what to try, in one screen.
func banner(w io.Writer, o supervisor.Options, addr net.Addr) {
	how := o.Config.Accept + " accept"
	if o.Config.Policy != "" {
		how = o.Config.Policy
	}
	if o.Launch.Program != nil {
		how = strings.Join(o.Launch.Program, " ")
	}
	fmt.Fprintf(w, "prefork · %s, %s · %s · %d workers · pid %d\n", o.Strategy.Name, how, show(addr), o.Limits.Workers, os.Getpid())
	fmt.Fprintln(w, o.Strategy.Sentence)
	if try := attempt(o, addr); try != "" {
		fmt.Fprintf(w, "try   %s\n", try)
	}
	fmt.Fprintf(w, "stop  Ctrl-C\n\n")
}

// show is an address as one would type it: without the host that stands for all.
func show(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf(":%d", tcp.Port)
	}
	if addr.Network() == "unix" {
		return "unix:" + addr.String()
	}
	return addr.String()
}

// attempt is a command that shows the server at work.
func attempt(o supervisor.Options, addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return "nc -U " + addr.String()
	}
	host := "localhost"
	if !tcp.IP.IsUnspecified() {
		host = tcp.IP.String()
	}
	switch {
	case o.Launch.Program != nil:
		return ""
	case o.Launch.Spec.App == "http":
		return fmt.Sprintf("for i in $(seq 10); do curl -s %s/; done", net.JoinHostPort(host, fmt.Sprint(tcp.Port)))
	case o.Launch.Spec.App == "work":
		return fmt.Sprintf("echo sleep 5ms | nc %s %d", host, tcp.Port)
	case o.Launch.Spec.App == "echo":
		return fmt.Sprintf("nc %s %d", host, tcp.Port)
	}
	return fmt.Sprintf("for i in $(seq 10); do nc %s %d; done", host, tcp.Port)
}
