//go:build linux

package supervisor_test

import (
	"syscall"
	"testing"

	"prefork/internal/servertest"
)

func TestMain(m *testing.M) { servertest.Main(m) }

func TestServesUnderEveryStrategy(t *testing.T) {
	for _, strategy := range []string{"shared", "reuseport", "dispatch"} {
		t.Run(strategy, func(t *testing.T) {
			s := servertest.Start(t, "-s", strategy, "-w", "3")
			for range 20 {
				s.Ask()
			}
			if code := s.Stop(syscall.SIGTERM); code != 0 {
				t.Errorf("exit code %d, want 0", code)
			}
			if got := s.Finished(); got != 20 {
				t.Errorf("finished %d, want 20", got)
			}
		})
	}
}
