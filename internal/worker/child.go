//go:build linux

package worker

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"prefork/internal/entry"
	"prefork/internal/sys"
	"prefork/strategies/accept"
)

// orphanGrace is how long a worker whose master has died may take to finish.
const orphanGrace = time.Second

// A process-directed signal goes to the main thread. The goroutine that accepts
// starts out on that one, so that a signal mostly ends its wait.
func init() {
	if IsWorker() {
		runtime.LockOSThread()
		sys.UnblockSignals()
		sys.SetTimerSlack(sys.DefaultTimerSlack) // of this thread; see monitorSlack
	}
}

// IsWorker reports whether this process was started by a master's Launch, and
// must call Main before anything else.
func IsWorker() bool { return os.Getenv(envRole) != "" }

// Main is the worker's whole life. It returns the exit code.
func Main() int {
	var o order
	err := json.Unmarshal([]byte(os.Getenv(envSpec)), &o)
	words := openLog(o.LogJSON)
	if err == nil {
		err = run(o)
	}
	if err != nil {
		entry.WorkerFailed.Log(slog.Default(), "error", err)
		words.Flush(lastWords)
		return 1
	}
	return 0
}

func run(o order) error {
	// What it takes to steer is for the master, who steers.
	if err := sys.DropCapabilities(unix.CAP_BPF, unix.CAP_NET_ADMIN); err != nil {
		return err
	}
	if err := errors.Join(o.confine(), o.tie()); err != nil {
		return err
	}
	if os.Getenv(envRole) == roleShim {
		return shim(os.Args)
	}
	_ = os.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()))
	nameProcess()
	w, err := newWorker(o)
	if err != nil {
		return err
	}
	return w.run()
}

// tie has the kernel send the death signal, as the master has asked already: exec
// forgets that where the binary has capabilities of its own (PR_SET_PDEATHSIG in
// prctl(2)).
func (o order) tie() error {
	if o.DeathSignal == 0 {
		return nil
	}
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(o.DeathSignal), 0, 0, 0); err != nil {
		return fmt.Errorf("ask for the master's death signal: %w", err)
	}
	if os.Getppid() != o.Master {
		return errors.New("the master has ended meanwhile")
	}
	return nil
}

// worker runs one built-in app.
type worker struct {
	spec     Spec
	app      App
	queue    queue
	source   accept.Source  // of one who serves one at a time; else nil
	polled   *accept.Polled // of one who serves many, in ep; else nil
	ep       *sys.Epoll
	wake     sys.Waker // tells that leaving has come true
	leaving  atomic.Bool
	shortage shortage
	tally    *tally
	parent   int
	share    share
}

// queue is what both kinds of sources are to who does not take from them.
type queue interface {
	Waits() uint64
	Drain()
	Close()
}

func newWorker(o order) (w *worker, err error) {
	w = &worker{spec: o.Spec, parent: os.Getppid(), share: o.share()}
	if w.app, err = LookupApp(o.App); err != nil {
		return nil, err
	}
	if w.wake, err = sys.NewWaker(); err != nil {
		return nil, err
	}
	if err := w.open(); err != nil {
		return nil, err
	}
	w.tally, err = openTally(o.Board)
	return w, err
}

// open opens what there is to take connections from.
func (w *worker) open() (err error) {
	if w.spec.Concurrency == 1 {
		w.source, err = accept.Inherit(true)
		w.queue = w.source
		return err
	}
	if w.ep, err = sys.NewEpoll(); err != nil {
		return err
	}
	w.ep.Pace.Hot = true
	if w.polled, err = accept.InheritPolled(w.ep.FD); err != nil {
		return err
	}
	w.queue, w.ep.Pace.Ended = w.polled, w.polled.Completed()
	return nil
}

// nameProcess undoes the name "exe", which a process started by way of
// /proc/self/exe has in ps and top.
func nameProcess() {
	name := []byte("prefork\x00")
	_ = unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&name[0])), 0, 0, 0)
}

func greeting() []byte { return fmt.Appendf(nil, "Hello from %d\n", os.Getpid()) }

func (w *worker) run() error {
	signals := make(chan os.Signal, 1)
	// SIGPIPE and SIGTTOU are about the log: a terminal may stop who is in the background.
	signal.Ignore(syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE, syscall.SIGTTOU)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGQUIT)
	defer signal.Stop(signals)
	go w.heed(signals)
	if err := notify("READY=1"); err != nil {
		return fmt.Errorf("tell the master that this worker is ready: %w", err)
	}
	runtime.UnlockOSThread() // from here on it is for the source to say; see sys.Pace
	if w.spec.Concurrency == 1 {
		return w.serveOne()
	}
	return w.serveMany()
}

// notify is sd_notify(3). The library's would start the runtime's poller; see
// newRawConn.
func notify(message string) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Sendto(fd, []byte(message), unix.MSG_NOSIGNAL, &unix.SockaddrUnix{Name: os.Getenv("NOTIFY_SOCKET")})
}

// heed leaves: at SIGTERM it drains its queue, at SIGQUIT it leaves that to its
// successor. The master's death is another signal, which may come meanwhile.
func (w *worker) heed(signals <-chan os.Signal) {
	for sig := range signals {
		if os.Getppid() != w.parent {
			time.AfterFunc(orphanGrace, func() { os.Exit(0) })
		}
		w.leaving.Store(true)
		stop := w.queue.Drain
		if sig == syscall.SIGQUIT {
			stop = w.queue.Close
		}
		go func() {
			stop()
			w.wake.Wake()
		}()
		w.wake.Wake()
	}
}

// began counts a connection that was taken.
func (w *worker) began() {
	if w.share.over(w.tally.began(w.queue.Waits())) {
		_ = notify(recycleMessage)
	}
}
