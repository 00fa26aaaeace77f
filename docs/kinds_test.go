//go:build linux

package docs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"prefork/bench/result"
)

// kind says how to try a command, by its first word; nil where nobody has said
// yet. What a command prints is returned for the filters behind it.
func kind(name string) func(place, []string) ([]byte, error) {
	switch strings.TrimPrefix(name, "./") {
	case "prefork":
		return place.prefork
	case "make":
		return place.make
	case "go":
		return place.goTool
	case "sudo":
		return place.sudo
	case "cat":
		return place.cat
	case "curl", "nc":
		return place.client
	}
	return nil
}

// tooLong is when a command that should have ended has not.
const tooLong = 5 * time.Minute

// place is a directory in which a command finds the files that it names.
type place struct {
	t    testing.TB
	dir  string
	page string
}

// myServer stands for the reader's own, as my-worker does.
const myServer = `#!/bin/sh
exec ./prefork --bind "127.0.0.1:$2" --workers "$4" --app http
`

func newPlace(t testing.TB) place {
	t.Helper()
	// Not t.TempDir, whose path is too long for the address of a Unix socket.
	dir, err := os.MkdirTemp("", "docs-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	repository, err := filepath.Abs(root)
	err = errors.Join(err,
		os.Symlink(prefork, filepath.Join(dir, "prefork")),
		os.Symlink(anyWorker, filepath.Join(dir, "my-worker")),
		os.Symlink(filepath.Join(repository, "bench"), filepath.Join(dir, "bench")),
		os.Mkdir(filepath.Join(dir, "docs"), 0o755), // not a link: commands write to it
		os.Symlink(filepath.Join(repository, "docs/workers"), filepath.Join(dir, "docs/workers")),
		os.Symlink(filepath.Join(repository, "docs/workers/servers/app.py"), filepath.Join(dir, "app.py")), // the reader's own
		os.WriteFile(filepath.Join(dir, "my-server"), []byte(myServer), 0o755),
	)
	if err != nil {
		t.Fatal(err)
	}
	return place{t: t, dir: dir}
}

// command is one of this place, not yet started; it is killed if it takes too long.
func (p place) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "RUNTIME_DIRECTORY="+filepath.Join(p.dir, "run"))
	cmd.WaitDelay = time.Second
	return cmd
}

// ended runs a command to its end and returns its exit code.
func (p place) ended(name string, args ...string) (stdout, stderr []byte, code int, err error) {
	ctx, cancel := context.WithTimeout(p.t.Context(), tooLong)
	defer cancel()
	cmd := p.command(ctx, name, args...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		err = nil
	}
	return out.Bytes(), errOut.Bytes(), cmd.ProcessState.ExitCode(), err
}

// filter passes output through what stands behind a |, which must leave something.
func (p place) filter(words []string, in []byte) ([]byte, error) {
	if len(words) == 0 || !slices.Contains([]string{"grep", "sed", "head", "tail"}, words[0]) {
		return nil, fmt.Errorf("| %q: of filters this test runs grep, sed, head and tail", words)
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), tooLong)
	defer cancel()
	cmd := p.command(ctx, words[0], words[1:]...)
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.Output()
	if err != nil || len(out) == 0 {
		return nil, fmt.Errorf("%q lets nothing through (%v) of:\n%s", words, err, in)
	}
	return out, nil
}

// Exit codes of prefork, as the README has them.
const (
	exitFailed       = 1
	exitNotPermitted = 77
	exitInvalid      = 98
	exitCrossed      = 99
)

func (p place) prefork(args []string) ([]byte, error) {
	ours := args
	if i := slices.Index(args, "--"); i >= 0 {
		ours = args[:i]
	}
	switch {
	case slices.Contains(ours, "--help") || slices.Contains(ours, "-h") || slices.Contains(ours, "--version"):
		return p.expect(args)
	case len(ours) == 0:
		return p.serve(args)
	case ours[0] == "bench" && (slices.Contains(ours, "--nats") || slices.Contains(ours, "agent") || slices.Contains(ours, "serve-agent")):
		return p.withoutNATS(args)
	case ours[0] == "bench":
		return p.bench(args)
	case ours[0] == "fleet": // its rows are internal/fleet's to test
		return p.expect(slices.Insert(slices.Clone(args), 2, "--list"))
	case ours[0] == "load" && slices.Contains(ours, "--null"):
		return p.expect(args)
	case ours[0] == "load":
		return p.load(args)
	case ours[0] == "compare":
		return p.compare(args)
	case ours[0] == "demo" && strings.Contains(strings.Join(ours, " "), "--web"):
		return p.lab(args)
	case ours[0] == "demo":
		return p.demo(args)
	case ours[0] == "ctl":
		return p.ctl(args)
	case ours[0] == "version", ours[0] == "choose":
		return p.expect(args)
	}
	return p.serve(args)
}

// withoutNATS looks whether a command for several machines is one: it is to miss NATS, and
// nothing else.
func (p place) withoutNATS(args []string) ([]byte, error) {
	args = slices.Clone(args)
	for i, arg := range args {
		switch arg {
		case "--nats":
			args[i+1] = "nats://127.0.0.1:1"
		case "--host":
			args[i+1] = "127.0.0.1"
		case "--nats-creds", "--nats-ca":
			return p.expect(append(args, "--help")) // the file is the reader's
		}
	}
	_, errOut, code, err := p.ended(prefork, args...)
	if err != nil || code != exitFailed || !bytes.Contains(errOut, []byte("no NATS answers there")) {
		return nil, fmt.Errorf("exit code %d (%v):\n%s", code, err, errOut)
	}
	return nil, nil
}

// expect runs prefork, which is to end with 0 or another of these codes.
func (p place) expect(args []string, codes ...int) ([]byte, error) {
	out, errOut, code, err := p.ended(prefork, args...)
	switch {
	case err != nil:
		return out, err
	case code == exitNotPermitted:
		return out, denied(fmt.Sprintf("not permitted here: %s", errOut))
	case code != 0 && !slices.Contains(codes, code):
		return out, fmt.Errorf("exit code %d\n%s%s", code, out, errOut)
	case code != 0:
		p.t.Logf("exit code %d, which says nothing against the command: %s", code, errOut)
	}
	return out, nil
}

// shortest makes a bench as short as it can be: of flags given twice the last wins.
var shortest = []string{"--rounds", "1", "--length", "100ms", "--warmup", "10ms", "--timeout", "1s"}

// The open loop's rate would be what the closed one has reached in that time.
var slow = []string{"--rate", "200"}

// nobodyYet is what bench says of servers that listened, and of whom nothing was
// wanted until the time was over. Clients that got no answer are counted as failed.
var nobodyYet = regexp.MustCompile(`answered nobody: 0 connections failed`)

// bench is told to be short. Whether a busy machine lets it find anything out is
// not the question here; whether it writes what it is to write is.
func (p place) bench(args []string) ([]byte, error) {
	var outputs []string
	codes, patience := []int{exitInvalid}, []string{}
	for i, arg := range args[:len(args)-1] {
		value := args[i+1]
		switch arg {
		case "--json", "--csv", "--html", "--markdown", "--svg":
			outputs = append(outputs, value)
		case "--fail-if":
			codes = append(codes, exitCrossed)
		case "--peer":
			_, value, _ = strings.Cut(value, "=")
			fallthrough
		case "--cmd":
			if err := p.has(value); err != nil {
				return nil, err
			}
			patience = []string{"--timeout", "20s"} // an interpreter may still be starting
		}
	}
	short := slices.Concat(args, shortest, patience)
	if !slices.Contains(args, "--rate") && !slices.Contains(args, result.Closed) {
		short = append(short, slow...)
	}
	out, err := p.expect(short, codes...)
	if err != nil && nobodyYet.MatchString(err.Error()) {
		p.t.Log("a busy machine has begun nothing in so short a time: ", err)
		return nil, nil
	}
	for _, output := range outputs {
		if _, missing := os.Stat(filepath.Join(p.dir, output)); err == nil && missing != nil {
			err = fmt.Errorf("it has not written %s", output)
		}
	}
	return out, err
}

// has looks for the program of a command line.
func (p place) has(command string) error {
	program, _, _ := strings.Cut(command, " ")
	if strings.Contains(program, "/") {
		program = filepath.Join(p.dir, program)
	}
	if _, err := exec.LookPath(program); err != nil {
		return lacking(program)
	}
	return nil
}

// compare finds the results that it is given.
func (p place) compare(args []string) ([]byte, error) {
	for _, arg := range args[1:] {
		if !strings.HasSuffix(arg, ".json") {
			continue
		}
		result, err := savedResult()
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(p.dir, arg), result, 0o644); err != nil {
			return nil, err
		}
	}
	return p.expect(args)
}

var savedResult = sync.OnceValues(func() ([]byte, error) {
	args := slices.Concat([]string{"bench", "--phase", "closed", "--arm", "shared/blocking", "--format", "json"}, shortest)
	return exec.Command(prefork, args...).Output()
})

// demo plays the scenes. Whether a busy machine proves them is internal/demo's to
// test; that they were played is what counts here.
func (p place) demo(args []string) ([]byte, error) {
	out, err := p.expect(args, exitFailed)
	listed := !slices.ContainsFunc(args[1:], func(arg string) bool { return arg == "--all" || !strings.HasPrefix(arg, "-") })
	if err == nil && !listed && !bytes.Contains(out, []byte("played")) {
		err = fmt.Errorf("no scene was played:\n%s", out)
	}
	return out, err
}

// make looks whether there is such a target, and runs nothing.
func (p place) make(args []string) ([]byte, error) {
	p.dir = root
	out, errOut, code, err := p.ended("make", append([]string{"-n"}, args...)...)
	if err == nil && code != 0 {
		err = fmt.Errorf("no such target?\n%s", errOut)
	}
	return out, err
}

// goTool looks whether there are such packages, with such tests.
func (p place) goTool(args []string) ([]byte, error) {
	found := false
	for i, arg := range args {
		if !strings.HasPrefix(arg, "./") {
			continue
		}
		files, err := filepath.Glob(filepath.Join(root, strings.TrimSuffix(arg, "/..."), "*.go"))
		if err != nil || len(files) == 0 {
			return nil, fmt.Errorf("there is no package %s (%v)", arg, err)
		}
		found = true
		if i+2 < len(args) && args[i+1] == "-run" {
			if err := hasTest(filepath.Join(root, arg), args[i+2]); err != nil {
				return nil, err
			}
		}
	}
	if !found {
		return nil, errors.New("it names no package that could be looked for, such as ./docs/rerun")
	}
	return nil, nil
}

func hasTest(dir, name string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		return err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if bytes.Contains(text, []byte("func "+name+"(")) {
			return nil
		}
	}
	return fmt.Errorf("%s has no %s", dir, name)
}

// sudo tries what root is to run, if we are root.
func (p place) sudo(args []string) ([]byte, error) {
	if len(args) == 0 || kind(args[0]) == nil {
		return nil, fmt.Errorf("sudo %q: this test does not know how to try that", args)
	}
	if os.Getuid() != 0 {
		return nil, denied("it takes root")
	}
	return kind(args[0])(p, args[1:])
}

// cat looks for the files.
func (p place) cat(args []string) (out []byte, err error) {
	for _, arg := range args {
		text, err := os.ReadFile(filepath.Join(root, arg))
		if err != nil {
			return nil, err
		}
		out = append(out, text...)
	}
	return out, nil
}

var port = regexp.MustCompile(`\b\d{2,5}\b`)

// client looks whether somebody on the page serves the port that it asks: it is
// :8080 unless said otherwise. That servers answer is tried where they are started.
func (p place) client(args []string) ([]byte, error) {
	asked := port.FindString(strings.Join(args, " "))
	if asked == "8080" {
		return nil, nil
	}
	for _, c := range commands(p.page) {
		if strings.Contains(c.text, "prefork") && (strings.Contains(c.text, ":"+asked) || strings.Contains(c.text, " "+asked)) && asked != "" {
			return nil, nil
		}
	}
	return nil, fmt.Errorf("no command of the page serves port %q", asked)
}
