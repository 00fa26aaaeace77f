//go:build linux

package kernel_test

import (
	"os"
	"slices"
	"testing"

	"github.com/prometheus/procfs"

	"prefork/internal/kernel"
)

func TestWords(t *testing.T) {
	var tid int
	a := start(t, "reader", nil)
	a.hear(&tid)
	process, err := procfs.NewProc(a.pid)
	if err != nil {
		t.Fatal(err)
	}
	name, err := process.Comm()
	if got, failed := kernel.Name(a.pid); failed != nil || err != nil || got != name || name == "" {
		t.Errorf("name %q, %v; procfs says %q, %v", got, failed, name, err)
	}
	if got, err := kernel.Arguments(a.pid); err != nil || !slices.Equal(got, []string{os.Args[0]}) {
		t.Errorf("arguments %q, %v", got, err)
	}
	environ, err := process.Environ()
	got, failed := kernel.Environment(a.pid)
	if failed != nil || err != nil || !slices.Equal(got, environ) || !slices.Contains(got, playEnv+"=reader") {
		t.Errorf("environment %q, %v; procfs says %q, %v", got, failed, environ, err)
	}
}

// A name may have anything in it.
func TestNameOfAName(t *testing.T) {
	const odd = ") S 1 (x"
	own, err := kernel.Name(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	rename := func(name string) {
		if err := os.WriteFile("/proc/self/comm", []byte(name), 0); err != nil {
			t.Fatal(err)
		}
	}
	rename(odd)
	defer rename(own)
	parent, err := kernel.Parent(os.Getpid())
	if name, failed := kernel.Name(os.Getpid()); name != odd || parent != os.Getppid() || err != nil || failed != nil {
		t.Errorf("name %q, parent %d (%v, %v)", name, parent, err, failed)
	}
}
