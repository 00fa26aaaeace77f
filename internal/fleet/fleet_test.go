//go:build linux

package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"prefork/internal/cli"
	"prefork/internal/fleet"
	"prefork/internal/lan"
)

// TestMain runs the tests, or prefork, as what this process was started.
func TestMain(m *testing.M) {
	if code, isWorker := cli.Worker(); isWorker {
		os.Exit(code)
	}
	if filepath.Base(os.Args[0]) == "prefork" {
		os.Exit(cli.Run(context.Background(), os.Args, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// play plays a row, or says why it cannot be played here.
func play(t *testing.T, row string, o fleet.Options) fleet.Account {
	t.Helper()
	r, err := fleet.LookupRow(row)
	if err != nil {
		t.Fatal(err)
	}
	o.Prefork, o.Workers, o.Rate, o.Seed = "/proc/self/exe", 2, 100, 1
	var missing *fleet.MissingError
	account, err := fleet.Run(t.Context(), o, r)
	switch {
	case errors.Is(err, lan.ErrDenied), errors.As(err, &missing) && os.Getenv("CI") != "true":
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
	t.Logf("%+v", account)
	if account.Requests < 100 || account.Answered+account.Failed != account.Requests {
		t.Errorf("%d requests, %d answered and %d failed", account.Requests, account.Answered, account.Failed)
	}
	return account
}

// Nobody is harmed by a restart that the balancer knows of, whoever tells it, whatever the
// hosts serve by, be there two of them or four.
func TestNobodyIsHarmed(t *testing.T) {
	for _, test := range []struct {
		row string
		fleet.Options
	}{
		{"haproxy/rolling", fleet.Options{Hosts: 2, Strategy: "shared"}},
		{"haproxy/rolling", fleet.Options{Hosts: 2, Strategy: "reuseport"}},
		{"haproxy/rolling", fleet.Options{Hosts: 4, Strategy: "dispatch"}},
		{"haproxy/readiness", fleet.Options{Hosts: 2, Strategy: "shared"}},
		{"haproxy/readiness", fleet.Options{Hosts: 2, Strategy: "reuseport"}},
		{"haproxy/readiness", fleet.Options{Hosts: 2, Strategy: "dispatch"}},
		{"nftables/numgen", fleet.Options{Hosts: 2, Strategy: "shared"}},
		{"nftables/jhash", fleet.Options{Hosts: 4, Strategy: "reuseport"}},
	} {
		t.Run(fmt.Sprintf("%s, %d hosts, %s", test.row, test.Hosts, test.Strategy), func(t *testing.T) {
			account := play(t, test.row, test.Options)
			if account.Failed > 0 || len(account.Ends) > 0 {
				t.Errorf("%d failed: %v, HAProxy: %v", account.Failed, account.Errors, account.Ends)
			}
			if account.Starts != 2*test.Hosts {
				t.Errorf("%d starts of %d hosts: each was to be restarted once", account.Starts, test.Hosts)
			}
		})
	}
}

// Somebody is harmed by a host that is killed, and the account says how.
func TestKilled(t *testing.T) {
	for _, row := range []string{"haproxy/killed", "nftables/killed"} {
		t.Run(row, func(t *testing.T) {
			account := play(t, row, fleet.Options{Hosts: 2, Strategy: "shared"})
			if account.Failed == 0 || account.Harmed == 0 || len(account.Errors) == 0 || account.Starts != 3 {
				t.Errorf("the account of a killed host: %+v", account)
			}
		})
	}
}

// Nothing is left: no process, no namespace, no file.
func TestNothingIsLeft(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	play(t, "haproxy/rolling", fleet.Options{Hosts: 2, Strategy: "shared"})
	if _, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); !errors.Is(err, unix.ECHILD) {
		t.Errorf("there are children left: %v", err)
	}
	if left, _ := os.ReadDir(os.TempDir()); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// What is not installed is told before anything is started.
func TestMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for _, row := range fleet.Rows {
		_, err := fleet.Run(t.Context(), fleet.Options{Hosts: 2, Strategy: "shared", Workers: 1, Rate: 1}, row)
		if missing := (*fleet.MissingError)(nil); !errors.As(err, &missing) || missing.Package == "" {
			t.Errorf("%s: %v", row.Name, err)
		}
	}
}
