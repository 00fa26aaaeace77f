//go:build linux

package supervisor_test

import (
	"syscall"
	"testing"

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
			victim, line := s.Workers()[0], s.Board().Line(0, 0)
			if int(line.PID.Load()) != victim {
				line = s.Board().Line(0, 1)
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
