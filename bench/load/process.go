//go:build linux

package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// envRole turns a process into a generator.
const envRole = "PREFORK_LOAD"

// memoryLimit is when a generator collects its garbage. It makes next to none, and
// a collection would stop its loops.
const memoryLimit = 256 << 20

// roleAsked is that of a generator which is to be told when to begin.
const roleAsked = "asked"

// ready is the mark at which such a generator waits for the word.
const ready Mark = "ready"

// word is the word.
type word struct {
	At time.Duration `json:"at"` // CLOCK_MONOTONIC
}

// line is what a generator says: marks, counts, and at its end the result.
type line struct {
	Mark   Mark    `json:"mark,omitempty"`
	Counts *Counts `json:"counts,omitempty"`
	*Result
}

// IsGenerator reports whether this process was started by Start, and must call
// Main before anything else.
func IsGenerator() bool { return os.Getenv(envRole) != "" }

// Main reads an order from in and writes marks and the result to out, a line of
// JSON each. It returns the exit code.
func Main(in io.Reader, out io.Writer) int {
	if role := os.Getenv(envRole); strings.HasPrefix(role, roleLive) {
		return liveMain(role, in, out)
	}
	if err := generate(in, json.NewEncoder(out)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func generate(in io.Reader, out *json.Encoder) error {
	var order Order
	said := json.NewDecoder(in)
	if err := said.Decode(&order); err != nil {
		return fmt.Errorf("order: %w", err)
	}
	if order.TLS == nil {
		runtime.GOMAXPROCS(max(1, order.Threads))
	}
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(memoryLimit)
	raiseFileLimit()
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGTERM)
	defer stop()
	ears := Ears{ // if nobody reads, the result will tell
		Mark:   func(m Mark) { _ = out.Encode(line{Mark: m}) },
		Counts: func(c Counts) { _ = out.Encode(line{Counts: &c}) },
	}
	if os.Getenv(envRole) == roleAsked {
		ears.Begin = func() (time.Duration, error) {
			var when word
			err := errors.Join(out.Encode(line{Mark: ready}), said.Decode(&when))
			return when.At, err
		}
	}
	result, err := carryOut(ctx, order, ears)
	if err != nil {
		return err
	}
	return out.Encode(line{Result: result})
}

// raiseFileLimit allows as many descriptors as may be. Go does so on its own, but
// not for a limit that a parent has set lower.
func raiseFileLimit() {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil {
		limit.Cur = limit.Max
		_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
	}
}

// Start has another process of this binary carry out an order, and ends it with
// ctx; it does not outlive this process either. onMark, unless it is nil, is called
// as each mark comes, before Start returns and from its goroutine. If ctx has ended,
// the error says so, and the result is what there was by then, or nil.
func Start(ctx context.Context, o Order, onMark func(Mark)) (*Result, error) {
	return StartAs(ctx, "/proc/self/exe", o, Ears{Mark: onMark})
}

// StartAs is Start with the prefork binary at a path, and more ears. If Begin fails, the
// generator is ended, and nothing has been loaded.
func StartAs(ctx context.Context, binary string, o Order, ears Ears) (*Result, error) {
	order, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	// The kernel takes the end of the thread that started a child for its parent's.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(ctx, binary)
	cmd.Args = []string{"prefork: load"}
	role := "1"
	if ears.Begin != nil {
		role = roleAsked
	}
	cmd.Env = append(os.Environ(), envRole+"="+role)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return cmd.Process.Signal(unix.SIGTERM) }
	cmd.WaitDelay = endPatience
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	in, out, err := startPiped(cmd)
	if err != nil {
		return nil, err
	}
	result, readErr := converse(in, out, order, ears)
	_ = in.Close() // which ends one that still waits for the word
	err = cmd.Wait()
	if refused := (*beginError)(nil); errors.As(readErr, &refused) {
		return nil, refused.error
	}
	switch {
	case ctx.Err() != nil && result == nil:
		return nil, errors.Join(context.Cause(ctx), fmt.Errorf("load generator: %w: %s", errors.Join(err, readErr), bytes.TrimSpace(errOut.Bytes())))
	case ctx.Err() != nil:
		return result, context.Cause(ctx)
	case err != nil:
		return nil, fmt.Errorf("load generator: %w: %s", err, bytes.TrimSpace(errOut.Bytes()))
	}
	return result, readErr
}

// endPatience is how long a generator may take to say what it has, once it is to end.
const endPatience = 2 * time.Second

// beginError is why a generator was not told to begin.
type beginError struct{ error }

// startPiped starts a generator and returns what it hears and says, which the caller closes.
func startPiped(cmd *exec.Cmd) (in io.WriteCloser, out io.ReadCloser, err error) {
	if in, err = cmd.StdinPipe(); err == nil {
		out, err = cmd.StdoutPipe()
	}
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, nil, fmt.Errorf("load generator: %w", err)
	}
	return in, out, nil
}

// converse gives a generator its order, and reads its lines up to the result.
func converse(in io.Writer, out io.Reader, order []byte, ears Ears) (*Result, error) {
	if _, err := in.Write(order); err != nil {
		return nil, fmt.Errorf("load generator: %w", err)
	}
	for lines := json.NewDecoder(out); ; {
		var said line
		if err := lines.Decode(&said); err != nil {
			return nil, fmt.Errorf("load generator: %w", errors.Join(errNoResult, err))
		}
		if said.Mark == "" && said.Result != nil {
			return said.Result, nil
		}
		if err := ears.hear(said, in); err != nil {
			return nil, err
		}
	}
}

// hear passes on what a generator says before its result.
func (e Ears) hear(said line, in io.Writer) error {
	switch {
	case said.Mark == ready:
		at, err := e.Begin()
		if err != nil {
			return &beginError{err}
		}
		return json.NewEncoder(in).Encode(word{at})
	case said.Counts != nil && e.Counts != nil:
		e.Counts(*said.Counts)
	case said.Mark != "" && e.Mark != nil:
		e.Mark(said.Mark)
	}
	return nil
}

var errNoResult = errors.New("it has said no result")
