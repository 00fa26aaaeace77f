//go:build linux

package supervisor_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"prefork/internal/scoreboard"
	"prefork/internal/servertest"
)

// What a worker has written that cannot be goes with it.
func TestNonsenseOnTheBoardDiesWithItsWorker(t *testing.T) {
	eachStrategy(t, func(t *testing.T, strategy string) {
		for name, write := range map[string]func(*scoreboard.Line){
			"far more finished": func(l *scoreboard.Line) { l.Finished.Add(1 << 40) },
			"far more taken":    func(l *scoreboard.Line) { l.Accepted.Add(1 << 40) },
			"a little more":     func(l *scoreboard.Line) { l.Finished.Add(3) },
			"progress to come":  func(l *scoreboard.Line) { l.Progress.Store(1 << 62) },
		} {
			s := servertest.Start(t, "-s", strategy, "-w", "1")
			const asked = 4
			for range asked {
				s.Ask()
			}
			servertest.Eventually(t, "all are served", func() bool { return s.Finished() == asked })
			victim, line := s.Workers()[0], s.Scores().Line(0, 0)
			if pid, _ := s.Scores().At(0, 0); pid != victim {
				line = s.Scores().Line(0, 1)
			}
			write(line)
			_ = unix.Kill(victim, unix.SIGKILL)
			servertest.Eventually(t, "it is buried", func() bool { return line.Open() == 0 && line.Progress.Load() == 0 })
			if finished := s.Finished(); finished > asked {
				t.Errorf("%s: %d finished, of %d", name, finished, asked)
			}
			s.Ask()
			s.Stop(syscall.SIGTERM)
			if served := s.Await("stopped", 1).Int("served"); served > asked+1 {
				t.Errorf("%s: %d served, of %d", name, served, asked+1)
			}
		}
	})
}

// scribble writes over the whole board, as any worker can.
func scribble(board *scoreboard.Board, b func() byte) {
	start := unsafe.Add(unsafe.Pointer(board.Line(0, 0)), -int(unsafe.Sizeof(scoreboard.Line{})))
	for i, memory := 0, unsafe.Slice((*byte)(start), scoreboard.Size); i < len(memory); i++ {
		memory[i] = b()
	}
}

// A worker that writes over all of the board stops nobody, neither now nor at the next
// start, gets no more connections than before, and is told of.
func TestAWorkerThatWritesOverTheBoardStopsNobody(t *testing.T) {
	for name, args := range map[string][]string{
		"shared":           {"-s", "shared"},
		"hash":             {"-s", "reuseport"},
		"least-loaded":     {"-s", "reuseport", "--steer", "least-loaded"},
		"kernel-rr":        {"-s", "reuseport", "--steer", "round-robin"},
		"round-robin":      {"-s", "dispatch", "--policy", "round-robin"},
		"least-conn":       {"-s", "dispatch", "--policy", "least-conn"},
		"p2c, many a time": {"-s", "dispatch", "--policy", "p2c", "--concurrency", "4"},
	} {
		for filler, b := range map[string]func() byte{
			"zeros": func() byte { return 0 },
			"ones":  func() byte { return 0xff },
			"dice":  func() byte { return byte(rand.Uint32()) },
		} {
			t.Run(name+"/"+filler, func(t *testing.T) {
				if args[1] == "reuseport" && len(args) > 2 {
					servertest.NeedSteer(t, args[3])
				}
				s := servertest.Start(t, append(args, "-w", "3")...)
				for range 30 {
					s.Ask()
				}
				scribble(s.Scores().Board, b)
				if filler != "zeros" { // which could be: that nothing was counted yet
					servertest.Eventually(t, "it is told", func() bool {
						return strings.Contains(s.LogText(), "nonsense over the scoreboard")
					})
				}
				everybodyServes(t, s)
				s.Signal(syscall.SIGHUP)
				old := s.Workers()
				servertest.Eventually(t, "all workers are new ones", func() bool {
					now := s.Workers()
					return len(now) == len(old) && disjoint(now, old)
				})
				everybodyServes(t, s)
			})
		}
	}
}

// everybodyServes asks until each of the ready workers has answered.
func everybodyServes(t *testing.T, s *servertest.Server) {
	t.Helper()
	answered := make(map[int]bool)
	servertest.Eventually(t, "each worker answers", func() bool {
		answered[s.Ask()] = true
		for _, pid := range s.Workers() {
			if !answered[pid] {
				return false
			}
		}
		return true
	})
}

func disjoint(a, b []int) bool {
	for _, x := range a {
		for _, y := range b {
			if x == y {
				return false
			}
		}
	}
	return true
}

// What the master believes is out of reach of programs, and of workers.
func TestNobodyInheritsWhatTheMasterBelieves(t *testing.T) {
	const list = `ls -l /proc/$$/fd >&2; exec sleep 60`
	s := servertest.Start(t, "-w", "1", "--ready-after", "100ms", "--", "sh", "-c", list)
	servertest.Eventually(t, "the program has listed its descriptors", func() bool { return strings.Contains(s.LogText(), "socket:") })
	if strings.Contains(s.LogText(), "memfd:") {
		t.Errorf("a program has a memory of the master's:\n%s", s.LogText())
	}
	s = servertest.Start(t, "-w", "1")
	maps, err := memoryOf(s.Workers()[0])
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(maps, "prefork-roll") {
		t.Errorf("a built-in worker has the roll:\n%s", maps)
	}
}

// memoryOf is what a process has open and mapped.
func memoryOf(pid int) (string, error) {
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return "", err
	}
	links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, link := range links {
		target, _ := os.Readlink(link)
		maps = append(append(maps, target...), '\n')
	}
	return string(maps), err
}
