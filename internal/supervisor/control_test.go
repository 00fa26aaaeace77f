//go:build linux

package supervisor_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"prefork/internal/control"
	"prefork/internal/servertest"
)

// order has a verb done, and wants it to come out like that.
func order(t *testing.T, c *control.Client, verb, arg string, kind control.Kind) control.Answer {
	t.Helper()
	a, err := c.Do(control.Wire{Control: control.Version, Verb: verb, Arg: arg}, func(control.Answer) {})
	if err != nil || a.Kind != kind {
		t.Fatalf("%s %s: %+v, %v", verb, arg, a, err)
	}
	return a
}

func status(t *testing.T, c *control.Client) *control.Status {
	t.Helper()
	return order(t, c, "status", "", control.Done).Status
}

// Whatever is asked for, on one connection, is done when that is said, and no client
// notices.
func TestAskedForUnderLoad(t *testing.T) {
	eachStrategy(t, func(t *testing.T, strategy string) {
		s := servertest.Start(t, "-s", strategy, "-w", "3")
		load := s.StartLoad(4)
		c := s.Control()
		before := s.Workers()
		order(t, c, "reload", "", control.Done)
		for _, pid := range s.Workers() {
			if slices.Contains(before, pid) {
				t.Errorf("worker %d has not been replaced", pid)
			}
		}
		load.More(t, 20)
		order(t, c, "workers", "+1", control.Done)
		if n := len(s.Workers()); n != 4 {
			t.Errorf("%d workers, want 4", n)
		}
		load.More(t, 20)
		old := s.Workers()[1]
		order(t, c, "restart", "1", control.Done)
		if now := s.Workers()[1]; now == old {
			t.Error("the worker of slot 1 has not been replaced")
		}
		order(t, c, "drain", "2", control.Done)
		if n := len(s.Workers()); n != 3 {
			t.Errorf("%d workers, want 3: one slot is drained", n)
		}
		load.More(t, 20)
		order(t, c, "restart", "2", control.Done)
		order(t, c, "upgrade", "", control.Done)
		load.More(t, 20)
		order(t, c, "workers", "2", control.Done)
		if n := len(s.Workers()); n != 2 {
			t.Errorf("%d workers, want 2", n)
		}
		load.More(t, 20)
		never(t, load)
		got := status(t, c)
		if got.PID != s.PID() || got.State != control.Running || got.Workers != (control.Workers{Wanted: 2, Ready: 2}) ||
			got.Generation != 3 || got.Reloads != (control.Reloads{Done: 2, Upgrades: 1}) {
			t.Errorf("%+v", got)
		}
		if got.Connections.Finished < 100 || got.Connections.Cut != 0 {
			t.Errorf("%+v", got.Connections)
		}
	})
}

// During a pause nobody takes connections, and nobody is turned away.
func TestPause(t *testing.T) {
	eachStrategy(t, func(t *testing.T, strategy string) {
		s := servertest.Start(t, "-s", strategy, "-w", "2")
		c := s.Control()
		load := s.StartLoad(3)
		load.More(t, 20)
		order(t, c, "pause", "", control.Done)
		if left := s.Workers(); len(left) > 0 {
			t.Errorf("workers %v are there", left)
		}
		served := s.Finished()
		servertest.Eventually(t, "clients wait", func() bool {
			waiting := 0
			for _, l := range status(t, c).Listeners {
				waiting += l.Queued
			}
			for _, slot := range status(t, c).Slots {
				if slot.Queued != nil && strategy == "dispatch" {
					waiting += *slot.Queued
				}
			}
			return waiting == 3
		})
		order(t, c, "reload", "", control.Refused)
		if now := s.Finished(); now != served {
			t.Errorf("%d were served meanwhile", now-served)
		}
		order(t, c, "resume", "", control.Done)
		load.More(t, 20)
		never(t, load)
	})
}

// An upgrade is answered by the binary that comes of it, and a second client goes on too.
func TestAnUpgradeAnswersWhoHasAsked(t *testing.T) {
	s := servertest.Start(t, "-w", "2")
	c, other := s.Control(), s.Control()
	order(t, c, "workers", "3", control.Done)
	order(t, c, "log-level", "warn", control.Done)
	for range 3 {
		if a := order(t, c, "upgrade", "", control.Done); !strings.HasPrefix(a.Text, "upgraded to ") {
			t.Errorf("%+v", a)
		}
	}
	got := status(t, other)
	if got.Workers.Wanted != 3 || got.LogLevel != "warn" || got.Reloads.Upgrades != 3 {
		t.Errorf("%+v", got)
	}
}

func TestAnUpgradeThatIsRefusedSaysWhy(t *testing.T) {
	path, who := movable(t)
	s := servertest.StartAs(t, who, "-w", "1")
	if err := os.WriteFile(path+".new", []byte("#!/bin/sh\necho no such flag >&2\nexit 2\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	a := order(t, s.Control(), "upgrade", "", control.Failed)
	if !strings.Contains(a.Text, "no such flag") {
		t.Errorf("%+v", a)
	}
	s.Ask()
}

// A reload of what is broken tells what the new worker said, and changes nothing.
func TestAReloadOfWhatIsBroken(t *testing.T) {
	servertest.NeedTool(t, "python3")
	for _, strategy := range []string{"shared", "reuseport"} {
		t.Run(strategy, func(t *testing.T) {
			broken := filepath.Join(t.TempDir(), "broken")
			script := `[ -e "$0" ] && { echo no such table >&2; exit 7; }; exec python3 ../../docs/workers/worker.py`
			s := servertest.Start(t, "-s", strategy, "-w", "2", "--ready-after", "0", "--", "sh", "-c", script, broken)
			c := s.Control()
			before := s.Workers()
			write(t, create(t, broken), "")
			a := order(t, c, "reload", "", control.Failed)
			if a.Code != control.CodeNoStart || !strings.Contains(a.Text, "exited with status 7, saying:\nno such table") {
				t.Errorf("%+v", a)
			}
			if now := s.Workers(); !slices.Equal(now, before) {
				t.Errorf("workers %v, want those of before: %v", now, before)
			}
			order(t, c, "restart", "1", control.Failed)
			if err := os.Remove(broken); err != nil {
				t.Fatal(err)
			}
			order(t, c, "reload", "", control.Done)
		})
	}
}

func create(t *testing.T, path string) *os.File {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file
}

// Who asks for a stop hears that it has come about, and finds nothing left.
func TestAskedToStopItEnds(t *testing.T) {
	for _, arg := range []string{"", "now"} {
		s := servertest.Start(t, "-w", "2")
		c := s.Control()
		order(t, c, "stop", arg, control.Done)
		c.AwaitEnd()
		if code := s.Wait(); code != 0 {
			t.Errorf("exit code %d, want 0", code)
		}
		if _, err := os.Lstat(c.Path()); err == nil {
			t.Error("the socket is left behind")
		}
	}
}
