//go:build linux

package worker_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"prefork/internal/kernel"
	"prefork/internal/scoreboard"
	"prefork/internal/servertest"
)

// browser is a client that keeps its connection open.
type browser struct {
	net.Conn
	answers *bufio.Reader
}

func browse(s *servertest.Server) *browser {
	conn := s.Dial()
	return &browser{conn, bufio.NewReader(conn)}
}

func (b *browser) ask() error {
	_, err := io.WriteString(b, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	return err
}

// answer reads one.
func (b *browser) answer() error {
	_, err := b.lastAnswer()
	return err
}

// lastAnswer reads one too, and reports whether it says that it is the last.
func (b *browser) lastAnswer() (last bool, err error) {
	response, err := http.ReadResponse(b.answers, nil)
	if err != nil {
		return false, err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return response.Close, err
}

// A request on a kept-open connection that lies in a worker's socket when the worker is
// told to leave is answered, however it is told.
func TestWhatHasArrivedIsAnswered(t *testing.T) {
	eachStrategy(t, func(t *testing.T, strategy string) {
		for _, concurrency := range []int{1, 8} {
			for _, sig := range []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM} {
				t.Run(fmt.Sprintf("%d at once/%s", concurrency, unix.SignalName(sig)), func(t *testing.T) {
					s := servertest.Start(t, "-s", strategy, "-w", "1", "--app", "http", "--concurrency", fmt.Sprint(concurrency),
						"--read-timeout", "1h", "--graceful-timeout", "1h")
					var browsers []*browser
					for range concurrency {
						b := browse(s)
						defer b.Close()
						if err := b.ask(); err != nil {
							t.Fatal(err)
						}
						if err := b.answer(); err != nil {
							t.Fatal(err)
						}
						browsers = append(browsers, b)
					}
					workers := s.Workers()
					freeze(t, workers...)
					for _, b := range browsers {
						if err := b.ask(); err != nil {
							t.Fatal(err)
						}
					}
					s.Signal(sig)
					servertest.Eventually(t, "the worker is told", func() bool { return isLeaving(s, workers[0]) })
					thaw(workers...)
					for i, b := range browsers {
						if err := b.answer(); err != nil {
							t.Errorf("client %d: %v", i, err)
						}
					}
					servertest.Eventually(t, "the old worker has left", func() bool { return kernel.Gone(workers[0]) })
				})
			}
		}
	})
}

// isLeaving reports whether the master has told a worker to leave.
func isLeaving(s *servertest.Server, pid int) bool {
	for seat := range scoreboard.Seats {
		if who, state := s.Scores().At(0, seat); who == pid && state == scoreboard.Draining {
			return true
		}
	}
	return false
}

// Clients that have said nothing do not hold the end, be their time ever so long.
func TestSilentClientsDoNotHoldTheEnd(t *testing.T) {
	for _, app := range []string{"http", "work"} {
		for _, concurrency := range []string{"1", "4"} {
			t.Run(app+"/"+concurrency, func(t *testing.T) {
				s := servertest.Start(t, "-w", "1", "--app", app, "--concurrency", concurrency, "--read-timeout", "1h", "--graceful-timeout", "1h")
				for range 4 { // some are queued
					defer s.Dial().Close()
				}
				servertest.Eventually(t, "one is taken", func() bool { return s.Scores().Slot(0).Open > 0 })
				if code := s.Stop(syscall.SIGTERM); code != 0 {
					t.Errorf("exit code %d", code)
				}
			})
		}
	}
}

// At SIGTERM a worker serves its queue, at SIGQUIT it leaves that to its successor.
func TestQuitLeavesTheQueueToTheSuccessor(t *testing.T) {
	eachStrategy(t, func(t *testing.T, strategy string) {
		for sig, drains := range map[syscall.Signal]bool{syscall.SIGTERM: true, syscall.SIGQUIT: false} {
			t.Run(unix.SignalName(sig), func(t *testing.T) {
				s := servertest.Start(t, "-s", strategy, "-w", "1", "--app", "work")
				worker := s.Workers()[0]
				freeze(t, worker)
				const clients = 8
				var conns []net.Conn
				for range clients {
					conn := s.Dial()
					defer conn.Close()
					conns = append(conns, conn)
					if _, err := io.WriteString(conn, "sleep 20ms\n"); err != nil {
						t.Fatal(err)
					}
				}
				if strategy == "dispatch" {
					servertest.Eventually(t, "all are passed on", func() bool { return queued(t, worker) == clients })
				}
				if err := unix.Kill(worker, sig); err != nil {
					t.Fatal(err)
				}
				thaw(worker)
				byIt := 0
				for i, conn := range conns {
					pid, err := servertest.Greeting(conn)
					if err != nil {
						t.Fatalf("client %d: %v", i, err)
					}
					if pid == worker {
						byIt++
					}
				}
				if drains != (byIt == clients) {
					t.Errorf("the worker served %d of %d", byIt, clients)
				}
			})
		}
	})
}

// queued is how many connections wait in a worker's end of its pair.
func queued(t *testing.T, worker int) int {
	t.Helper()
	process, err := unix.PidfdOpen(worker, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(process)
	fd, err := unix.PidfdGetfd(process, 3, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	n, err := unix.IoctlGetInt(fd, unix.SIOCINQ)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A worker without a free descriptor takes nothing: what it has taken it could only
// reset.
func TestAWorkerOutOfDescriptorsResetsNobody(t *testing.T) {
	eachStrategy(t, func(t *testing.T, strategy string) {
		s := servertest.Start(t, "-s", strategy, "-w", "1", "--app", "http", "--concurrency", "64")
		few := unix.Rlimit{Cur: 32, Max: 32}
		if err := unix.Prlimit(s.Workers()[0], unix.RLIMIT_NOFILE, &few, nil); err != nil {
			t.Fatal(err)
		}
		var browsers []*browser
		for range 90 {
			b := browse(s)
			defer b.Close()
			if err := b.ask(); err != nil {
				t.Fatal(err)
			}
			browsers = append(browsers, b)
		}
		s.Await("cannot accept for now", 1)
		for i, b := range browsers {
			if err := b.answer(); err != nil {
				t.Fatalf("client %d: %v", i, err)
			}
			_ = b.Close()
		}
		s.Await("connections can be accepted again", 1)
	})
}
