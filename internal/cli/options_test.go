//go:build linux

package cli

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"prefork/internal/kernel"
)

// asked are the options that a command line comes to.
func asked(t *testing.T, args ...string) *options {
	t.Helper()
	o := new(options)
	own, program := split(args)
	app := &cli.App{
		Name: "prefork", Flags: o.flags(), Writer: io.Discard,
		Metadata: map[string]any{programKey: program},
		Action:   func(c *cli.Context) error { o.read(c); return nil },
	}
	if err := app.RunContext(context.Background(), append([]string{"prefork"}, own...)); err != nil {
		t.Fatal(err)
	}
	return o
}

// told is what a master is told. Functions cannot be compared, so it is put in pieces.
func told(o *options) []any {
	m := o.master(place{}, o.openLog(io.Discard), io.Discard)
	m.Config.Random = nil
	return []any{m.Limits, m.Strategy.Name, m.Config, m.Launch, m.StopSignal, m.PIDFile, m.Control, m.Name, m.Metrics, m.ReadyMin}
}

// Each flag is of consequence: a master, or its log, is told something else.
func TestEveryFlagReachesTheMaster(t *testing.T) {
	under := map[string][]string{ // what a flag means something to
		"accept": {"--accept", "rotate"}, "policy": {"-s", "dispatch", "--policy", "p2c"},
		"steer": {"-s", "reuseport", "--steer", "cpu"}, "window": {"-s", "dispatch", "--window", "3"},
		"stuck-after": {"-s", "reuseport", "--steer", "p2c", "--stuck-after", "3s"}, "strategy": {"-s", "dispatch"},
		"queues": {"-s", "reuseport", "-w", "4", "--queues", "2"}, "overlap": {"-s", "reuseport", "-w", "4", "--overlap", "2"},
		"reuseport-bind": {"-s", "reuseport", "--reuseport-bind", "worker"}, "bind": {"--bind", "127.0.0.1:9"},
		"unix-mode": {"--bind", "unix:s", "--unix-mode", "600"}, "unix-owner": {"--bind", "unix:s", "--unix-owner", ":7"},
		"ready-after": {"--ready-after", "7s", "--", "true"}, "stop-signal": {"--stop-signal", "USR1", "--", "true"},
		"on-master-death": {"--on-master-death", "serve"}, "max-conns-jitter": {"--max-conns", "9", "--max-conns-jitter", "9"},
		"app": {"--app", "echo"}, "pin": {"--pin"}, "log-format": {"--log-format", "json"}, "pid-file": {"--pid-file", "x"},
		"metrics": {"--metrics", "9"}, "ready-min": {"--metrics", "9", "--ready-min", "1"}, "drain-delay": {"--drain-delay", "9s"},
		"user": {"--user", "nobody"}, "group": {"--group", "0"}, "chdir": {"--chdir", ".", "--", "true"},
		"control": {"--control", "x"}, "name": {"--name", "x"},
		"workers": {"-w", "77"}, "backlog": {"--backlog", "77"}, "concurrency": {"--concurrency", "77"},
		"accept-batch": {"--concurrency", "77", "--accept-batch", "7"},
		"max-conns":    {"--max-conns", "77"}, "read-timeout": {"--read-timeout", "77s"}, "graceful-timeout": {"--graceful-timeout", "77s"},
	}
	for _, flag := range new(options).flags() {
		name := flag.Names()[0]
		if slices.Contains([]string{"log-level", "umask", "rlimit-nofile"}, name) {
			continue // only the log is told, or this process becomes it: see rights.txtar
		}
		with := under[name]
		if with == nil {
			t.Errorf("--%s: how is it given, and what does a master do otherwise then?", name)
			continue
		}
		if reflect.DeepEqual(told(asked(t, with...)), told(asked(t, without(with, flag)...))) {
			t.Errorf("%v: a master is told the same without --%s", with, name)
		}
	}
	debug := asked(t, "--log-level", "debug").openLog(io.Discard)
	if !debug.Enabled(context.Background(), slog.LevelDebug) {
		t.Error("--log-level debug: the log does not heed it")
	}
}

// without is a command line but for one flag and its value.
func without(args []string, flag cli.Flag) (rest []string) {
	names := flag.Names()
	for i := 0; i < len(args); i++ {
		name := strings.TrimLeft(args[i], "-")
		if args[i] != "--" && (name == names[0] || len(names) > 1 && name == names[1]) {
			i++
			continue
		}
		rest = append(rest, args[i])
	}
	return rest
}

// What this machine cannot do is an obstacle, if it was asked for, or a remark.
func TestWhatTheMachineCannotDo(t *testing.T) {
	for _, test := range []struct {
		args   []string
		here   place
		fails  string // part of an obstacle
		remark string // part of the log
	}{
		{args: nil, here: place{maxFiles: 1 << 20}},
		{here: place{noProc: kernel.ErrNoProc}, fails: "mount -t proc"},
		{here: place{maxFiles: 10}, fails: "no room"},
		{args: []string{"--backlog", "70"}, here: place{maxBacklog: 50}, fails: "no room", remark: "cuts the backlog"},
		{here: place{maxFiles: 1 << 20, maxBacklog: 50}}, // the default is no wish
		{args: []string{"-s", "reuseport", "--steer", "p2c"}, here: place{unsteerable: errors.New("old kernel")}, fails: "--steer 'p2c?'"},
		{args: []string{"-s", "reuseport", "--steer", "p2c?"}, here: place{maxFiles: 1 << 20, unsteerable: errors.New("old kernel")}, remark: "old kernel"},
		{args: []string{"--accept", "uring"}, here: place{noAccept: errors.New("old kernel")}, fails: "--accept 'uring?'"},
		{args: []string{"--accept", "uring?"}, here: place{maxFiles: 1 << 20, noAccept: errors.New("old kernel")}, remark: "old kernel"},
		{args: []string{"--accept", "blocking?", "--concurrency", "2"}, here: place{maxFiles: 1 << 20, noAccept: errors.New("one at a time")}, remark: "accept=rotate"},
		{args: []string{"--", "x"}, here: place{noProgram: errors.New("gone")}, fails: "cannot run x as worker: gone"},
		{args: []string{"--pid-file", "d/x"}, here: place{noPIDFile: errors.New("full")}, fails: "directory d: full"},
		{args: []string{"-s", "reuseport", "--steer", "cpu", "-w", "3"}, here: place{maxFiles: 1 << 20, cpus: 2}, remark: "stay idle"},
		{args: []string{"-s", "dispatch", "--on-master-death", "serve"}, here: place{maxFiles: 1 << 20}, remark: "cannot go on"},
	} {
		o := asked(t, test.args...)
		var errs []error
		for _, obstacle := range obstacles {
			errs = append(errs, obstacle(o, test.here))
		}
		if err := errors.Join(errs...); (err != nil) != (test.fails != "") || err != nil && !strings.Contains(err.Error(), test.fails) {
			t.Errorf("%v on %+v: obstacle %v, want %q", test.args, test.here, err, test.fails)
		}
		var said strings.Builder
		log := slog.New(slog.NewTextHandler(&said, nil))
		for _, remark := range remarks {
			remark(o, test.here, log)
		}
		if (said.Len() > 0) != (test.remark != "") || !strings.Contains(said.String(), test.remark) {
			t.Errorf("%v on %+v: remark %q, want %q", test.args, test.here, said.String(), test.remark)
		}
	}
}
