//go:build linux

package load

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"prefork/bench/stats"
	"prefork/internal/sys"
)

// roleLive, followed by how many, turns a process into a generator of live loads.
const roleLive = "live:"

// change is what a live generator reads, a line of JSON each.
type change struct {
	Load int
	Want Want
}

// Live is a running generator of live loads.
type Live struct {
	cmd     *exec.Cmd
	changes io.WriteCloser
	mu      sync.Mutex // of encoder
	encoder *json.Encoder
	done    chan struct{} // closed once nothing more is reported
}

// StartLive starts a process with so many live loads, which do nothing yet. on is
// called with each report, by one goroutine. It must be called from a locked
// thread, with whose end the process ends.
func StartLive(loads int, on func(Report)) (*Live, error) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{"prefork: load"}
	cmd.Env = append(os.Environ(), envRole+"="+roleLive+strconv.Itoa(loads))
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	in, out, err := startPiped(cmd)
	if err != nil {
		return nil, err
	}
	l := &Live{cmd: cmd, changes: in, encoder: json.NewEncoder(in), done: make(chan struct{})}
	go l.listen(out, on)
	return l, nil
}

func (l *Live) listen(out io.Reader, on func(Report)) {
	defer close(l.done)
	for lines := json.NewDecoder(out); ; {
		var r Report
		if lines.Decode(&r) != nil {
			return
		}
		on(r)
	}
}

// Set changes one of the loads. What is under way is not touched.
func (l *Live) Set(load int, want Want) error {
	if err := want.check(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.encoder.Encode(change{load, want})
}

// Done is closed when the generator has ended, be it asked to or not.
func (l *Live) Done() <-chan struct{} { return l.done }

// PID is that of the generator.
func (l *Live) PID() int { return l.cmd.Process.Pid }

// Close ends the generator, and waits for that.
func (l *Live) Close() {
	_ = l.changes.Close()
	<-l.done
	_ = l.cmd.Wait()
}

func (w Want) check() error {
	if w.Clients < 0 || w.Rate < 0 || w.Burst < 0 || w.Clients > 0 && w.Rate > 0 {
		return errors.New("a live load is closed, with clients, or open, with a rate")
	}
	if w.Service != "" {
		if _, err := stats.ParseService(w.Service); err != nil {
			return err
		}
	}
	_, err := parseTarget(Order{Address: w.Address})
	return err
}

// liveMain is Main for live loads. It ends when in does.
func liveMain(role string, in io.Reader, out io.Writer) int {
	loads, err := strconv.Atoi(strings.TrimPrefix(role, roleLive))
	if err != nil || loads < 1 {
		return 1
	}
	runtime.GOMAXPROCS(loads + 1) // each loop keeps one to itself while it waits
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(memoryLimit)
	raiseFileLimit()
	origin, say := time.Now(), newSayer(out)
	wants := make([]chan Want, loads)
	for i := range wants {
		wants[i] = make(chan Want, 16)
		go runLive(i, wants[i], say, origin)
	}
	for lines := json.NewDecoder(bufio.NewReader(in)); ; {
		var c change
		if lines.Decode(&c) != nil {
			return 0
		}
		if c.Load >= 0 && c.Load < loads {
			wants[c.Load] <- c.Want
		}
	}
}

// newSayer writes reports of several loops. If nobody reads them, the process ends.
func newSayer(out io.Writer) func(Report) {
	var mu sync.Mutex
	encoder := json.NewEncoder(out)
	return func(r Report) {
		mu.Lock()
		defer mu.Unlock()
		if encoder.Encode(r) != nil {
			os.Exit(0)
		}
	}
}

func runLive(number int, wants <-chan Want, say func(Report), origin time.Time) {
	runtime.LockOSThread() // for good
	sys.SetTimerSlack(promptly)
	l, err := newLive(number, wants, say)
	if err == nil {
		err = l.run(origin)
	}
	fmt.Fprintln(os.Stderr, "load generator:", err)
	os.Exit(1)
}
