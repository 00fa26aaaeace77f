//go:build linux

// Package docs_test holds the documentation to what it documents: every command
// in it is run, every excerpt of code is looked up, every link is followed.
package docs_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// root is the repository, as seen from this directory.
const root = ".."

// What TestMain builds: the command as users have it, and a worker that takes
// connections under any strategy.
var prefork, anyWorker string

func TestMain(m *testing.M) {
	code, err := withPrefork(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if _, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); code == 0 && !errors.Is(err, unix.ECHILD) {
		fmt.Fprintln(os.Stderr, "a child was left behind")
		code = 1
	}
	os.Exit(code)
}

// withPrefork builds, runs what needs that, and removes it.
func withPrefork(run func() int) (code int, err error) {
	dir, err := os.MkdirTemp("", "prefork-docs-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	prefork, anyWorker = filepath.Join(dir, "prefork"), filepath.Join(dir, "worker")
	if err := errors.Join(build(prefork, "."), build(prefork+"-many", "./cmd/prefork-many"), build(anyWorker, "./docs/workers/go")); err != nil {
		return 0, err
	}
	// Most commands wait more than they compute.
	flag.Parse()
	if err := flag.Set("test.parallel", "6"); err != nil {
		return 0, err
	}
	return run(), nil
}

func build(binary, of string) error {
	cmd := exec.Command("go", "build", "-o", binary, of)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", of, err, out)
	}
	return nil
}
