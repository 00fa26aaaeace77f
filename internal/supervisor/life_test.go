//go:build linux

package supervisor_test

import (
	"errors"
	"net"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/servertest"
	"prefork/strategies"
	"prefork/strategies/accept"
)

// eachStrategy runs a test under every strategy, and with the kernel steered: by a
// place in its group, and by a program of ours.
func eachStrategy(t *testing.T, test func(t *testing.T, strategy string)) {
	for _, s := range strategies.Strategies {
		t.Run(s.Name, func(t *testing.T) { test(t, s.Name) })
	}
	for _, steer := range []string{"cpu", "least-loaded"} {
		t.Run("reuseport/"+steer, func(t *testing.T) {
			servertest.NeedSteer(t, steer)
			t.Setenv("PREFORK_STEER", steer+"?") // some tests have plain users, too
			test(t, "reuseport")
		})
	}
}

// eachWay is eachStrategy, and with workers that accept by io_uring: what they have
// asked for, or been given already, has to be seen to when they leave. And with such as
// share queues: of one that several take from, some leave before others. And with workers that serve many at once.
func eachWay(t *testing.T, test func(t *testing.T, strategy string)) {
	eachStrategy(t, test)
	eachLoop(t, test)
	for name, env := range map[string]map[string]string{
		"queues":            {"PREFORK_QUEUES": "2"},
		"overlap":           {"PREFORK_OVERLAP": "2"},
		"overlap/exclusive": {"PREFORK_OVERLAP": "2", "PREFORK_ACCEPT": "exclusive"},
		"overlap/many":      {"PREFORK_OVERLAP": "2", "PREFORK_CONCURRENCY": "64"},
	} {
		t.Run("reuseport/"+name, func(t *testing.T) {
			for key, value := range env {
				t.Setenv(key, value)
			}
			test(t, "reuseport")
		})
	}
	for _, strategy := range []string{"shared", "reuseport"} {
		for _, mode := range []string{"uring", "uring-multishot"} {
			t.Run(strategy+"/"+mode, func(t *testing.T) {
				t.Setenv("PREFORK_ACCEPT", mode+"?")
				test(t, strategy)
			})
		}
	}
}

// eachLoop runs a test with workers that serve many at once, in every way to wait for
// further ones.
func eachLoop(t *testing.T, test func(t *testing.T, strategy string)) {
	t.Run("many at once", func(t *testing.T) {
		t.Setenv("PREFORK_CONCURRENCY", "64")
		for _, s := range strategies.Strategies {
			t.Run(s.Name, func(t *testing.T) { test(t, s.Name) })
		}
		for _, mode := range accept.Listening() {
			if mode.CheckPolls() == nil && mode.Name != accept.ForSeveral {
				t.Run("shared/"+mode.Name, func(t *testing.T) {
					t.Setenv("PREFORK_ACCEPT", mode.Name+"?")
					test(t, "shared")
				})
			}
		}
	})
}

// never fails the test for every connection of a load that was not answered.
func never(t *testing.T, load *servertest.Load) {
	t.Helper()
	if failed := load.Stop(); len(failed) > 0 {
		t.Errorf("%d of %d connections failed, such as: %v", len(failed), int(load.Answered.Load())+len(failed), failed[0])
	}
}

func TestReloadUnderLoadLosesNothing(t *testing.T) {
	eachWay(t, func(t *testing.T, strategy string) {
		s := servertest.Start(t, "-s", strategy, "-w", "3")
		load := s.StartLoad(4)
		for range 3 {
			before := s.Workers()
			load.More(t, 50)
			s.Signal(syscall.SIGHUP)
			servertest.Eventually(t, "all workers are new", func() bool {
				now := s.Workers()
				return len(now) == 3 && !slices.ContainsFunc(now, func(pid int) bool { return slices.Contains(before, pid) })
			})
			load.More(t, 50)
		}
		never(t, load)
	})
}

func TestScaleUnderLoadLosesNothing(t *testing.T) {
	eachWay(t, func(t *testing.T, strategy string) {
		s := servertest.Start(t, "-s", strategy, "-w", "2")
		load := s.StartLoad(4)
		// Signals of one kind that are pending together become one.
		scalings := 0
		scale := func(sig syscall.Signal, to int) {
			s.Signal(sig)
			scalings++
			if got := s.Await("scaling", scalings).Int("workers"); got != to {
				t.Fatalf("scaling to %d workers, want %d", got, to)
			}
		}
		settled := func(workers int) {
			servertest.Eventually(t, "workers are as many as wanted", func() bool { return len(s.Workers()) == workers })
			load.More(t, 50)
		}
		scale(syscall.SIGTTIN, 3)
		scale(syscall.SIGTTIN, 4)
		settled(4)
		scale(syscall.SIGTTOU, 3)
		scale(syscall.SIGTTOU, 2)
		scale(syscall.SIGTTOU, 1)
		settled(1)
		scale(syscall.SIGTTIN, 2)
		settled(2)
		never(t, load)
	})
}

// Once a stop has begun, new clients are turned away without being accepted: those
// that are were there before, and are served.
func TestStopUnderLoadResetsNothing(t *testing.T) {
	eachWay(t, func(t *testing.T, strategy string) {
		for _, who := range []func(*exec.Cmd){asRoot, servertest.AsNobody(t)} {
			s := servertest.StartAs(t, who, "-s", strategy, "-w", "3")
			load := s.StartLoad(6)
			load.More(t, 100)
			if code := s.Stop(syscall.SIGTERM); code != 0 {
				t.Errorf("exit code %d, want 0", code)
			}
			for _, err := range load.Stop() {
				if !errors.Is(err, syscall.ECONNREFUSED) {
					t.Errorf("a client saw %v; nothing but a refusal is right", err)
				}
			}
		}
	})
}

func asRoot(*exec.Cmd) {}

// A killed worker takes with it what it was serving and nothing else. The one
// worker is stopped first, so that a queue stands behind the connection that it
// serves.
func TestKilledWorkerLosesOnlyWhatItServed(t *testing.T) {
	const queued = 15
	eachStrategy(t, func(t *testing.T, strategy string) {
		s := servertest.Start(t, "-s", strategy, "-w", "1", "--app", "work")
		held := s.Dial()
		defer held.Close()
		write(t, held, "sleep 50s\n")
		servertest.Eventually(t, "the worker serves", func() bool { return s.Scores().Slot(0).Open == 1 })
		before := s.Scores().Slot(0)

		var waiting []net.Conn
		for range queued {
			conn := s.Dial()
			defer conn.Close()
			write(t, conn, "sleep 0s\n")
			waiting = append(waiting, conn)
		}
		_ = unix.Kill(before.PID, unix.SIGKILL)
		for _, conn := range waiting {
			if pid, err := servertest.Greeting(conn); err != nil || pid == before.PID {
				t.Errorf("a queued connection: answer from %d, error %v; want the successor's", pid, err)
			}
		}
		if _, err := servertest.Greeting(held); err == nil {
			t.Error("the killed worker answered")
		}
		servertest.Eventually(t, "the board has settled", func() bool { return s.Scores().Slot(0).Finished == queued })
		after := s.Scores().Slot(0)
		if after.Accepted != before.Accepted+queued || after.Cut != 1 || after.Open != 0 {
			t.Errorf("the scoreboard says %+v after %+v; want the counts kept, 1 cut and none open", after, before)
		}
	})
}

// Under load that does not wait, a kill must not touch more connections than
// the worker held.
func TestKillUnderLoadLosesOne(t *testing.T) {
	eachStrategy(t, func(t *testing.T, strategy string) {
		s := servertest.Start(t, "-s", strategy, "-w", "3")
		load := s.StartLoad(6)
		load.More(t, 100)
		const kills = 3
		for range kills {
			victim := s.Workers()[0]
			_ = unix.Kill(victim, unix.SIGKILL)
			servertest.Eventually(t, "it has a successor", func() bool {
				now := s.Workers()
				return len(now) == 3 && !slices.Contains(now, victim)
			})
			load.More(t, 50)
		}
		if failed := load.Stop(); len(failed) > kills {
			t.Errorf("%d kills broke %d connections: %v", kills, len(failed), failed)
		}
	})
}

func TestMasterKilledAndWorkersServe(t *testing.T) {
	eachStrategy(t, func(t *testing.T, strategy string) {
		s := servertest.Start(t, "-s", strategy, "-w", "3", "--on-master-death", "serve")
		s.Ask()
		workers := s.Workers()
		if code := s.Stop(syscall.SIGKILL); code != -1 {
			t.Fatalf("exit code %d", code)
		}
		if strategy == "dispatch" {
			for _, pid := range workers {
				servertest.Eventually(t, "the worker has left", func() bool { return unix.Kill(pid, 0) != nil })
			}
			if pid, err := s.TryAsk(); err == nil {
				t.Errorf("%d answered without a master", pid)
			}
			return
		}
		for range 20 {
			if pid := s.Ask(); !slices.Contains(workers, pid) {
				t.Errorf("%d answered, which is none of %v", pid, workers)
			}
		}
		for _, pid := range workers {
			_ = unix.Kill(pid, unix.SIGTERM)
			servertest.Eventually(t, "the worker leaves when told", func() bool { return unix.Kill(pid, 0) != nil })
		}
	})
}

func TestMasterKilledAndWorkersExit(t *testing.T) {
	eachStrategy(t, func(t *testing.T, strategy string) {
		s := servertest.Start(t, "-s", strategy, "-w", "3", "--app", "work")
		held := s.Dial()
		defer held.Close()
		write(t, held, "sleep 300ms\n")
		servertest.Eventually(t, "a worker serves", func() bool {
			return s.Scores().Slot(0).Open+s.Scores().Slot(1).Open+s.Scores().Slot(2).Open == 1
		})
		workers := s.Workers()
		s.Stop(syscall.SIGKILL)
		if _, err := servertest.Greeting(held); err != nil {
			t.Errorf("what a worker held was not finished: %v", err)
		}
		for _, pid := range workers {
			servertest.Eventually(t, "the worker has left", func() bool { return unix.Kill(pid, 0) != nil })
		}
	})
}

func TestGracefulTimeoutCutsAndSaysSo(t *testing.T) {
	s := servertest.Start(t, "-w", "2", "--app", "work", "--graceful-timeout", "200ms")
	held := s.Dial()
	defer held.Close()
	write(t, held, "sleep 50s\n")
	servertest.Eventually(t, "a worker serves", func() bool { return s.Scores().Slot(0).Open+s.Scores().Slot(1).Open == 1 })
	if code := s.Stop(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	if cut := s.Await("stopped", 1).Int("cut"); cut != 1 {
		t.Errorf("the log says that %d were cut, want 1", cut)
	}
}

func TestSecondInterruptEndsAtOnce(t *testing.T) {
	s := servertest.Start(t, "-w", "2", "--app", "work", "--graceful-timeout", "1h")
	held := s.Dial()
	defer held.Close()
	write(t, held, "sleep 50s\n")
	servertest.Eventually(t, "a worker serves", func() bool { return s.Scores().Slot(0).Open+s.Scores().Slot(1).Open == 1 })
	s.Signal(syscall.SIGINT)
	s.Await("stopping", 1)
	if code := s.Stop(syscall.SIGINT); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

func TestMaxConnsReplacesWorkersWithoutLoss(t *testing.T) {
	eachStrategy(t, func(t *testing.T, strategy string) {
		s := servertest.Start(t, "-s", strategy, "-w", "2", "--max-conns", "40", "--max-conns-jitter", "20")
		first := s.Workers()
		load := s.StartLoad(3)
		servertest.Eventually(t, "both workers are new", func() bool {
			now := s.Workers()
			return len(now) == 2 && !slices.Contains(now, first[0]) && !slices.Contains(now, first[1])
		})
		never(t, load)
		if strings.Contains(s.LogText(), "unasked") {
			t.Error("a recycled worker counts as crashed")
		}
	})
}

// Idle workers must not wake: nothing polls. Counted over all their threads.
func TestIdleWorkersSleep(t *testing.T) {
	eachWay(t, func(t *testing.T, strategy string) {
		const workers = 16
		s := servertest.Start(t, "-s", strategy, "-w", itoa(workers))
		for range 5 * workers {
			s.Ask()
		}
		wakes := func() (n int) {
			for _, pid := range s.Workers() {
				n += servertest.Wakes(t, pid)
			}
			return n
		}
		// They go to sleep soon after the last connection, and then stay asleep
		// for a second.
		servertest.Eventually(t, "they sleep", func() bool {
			before := wakes()
			time.Sleep(time.Second)
			return wakes()-before <= workers
		})
	})
}
