//go:build linux

package control

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheFile(t *testing.T) {
	f := serve(t)
	info, err := os.Stat(f.server.Path())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v, want 0600", info.Mode(), err)
	}
	if _, err := Listen(f.server.Path(), f.master()); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("process %d listens there", os.Getpid())) {
		t.Errorf("a second one at the same path: %v", err)
	}
	dir := t.TempDir()
	taken := filepath.Join(dir, "letter")
	if err := os.WriteFile(taken, []byte("Dear reader"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(taken, f.master()); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("a file in its place: %v", err)
	}
	if _, err := Listen("/tmp/"+strings.Repeat("x", 110), f.master()); err == nil || !strings.Contains(err.Error(), "115 bytes") {
		t.Errorf("a long path: %v", err)
	}
}

// leave leaves a socket behind as a killed master does.
func leave(t *testing.T, path string) {
	t.Helper()
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	listener.SetUnlinkOnClose(false)
	_ = listener.Close()
}

func TestDeadSockets(t *testing.T) {
	f := serve(t)
	path := filepath.Join(filepath.Dir(f.server.Path()), "dead")
	leave(t, path)
	var dead *DeadError
	if _, err := Dial(path); !errors.As(err, &dead) || dead.Path != path {
		t.Errorf("%v", err)
	}
	if err := RemoveDead(f.server.Path()); err == nil {
		t.Error("a living one is removed")
	}
	again, err := Listen(path, f.master())
	if err != nil {
		t.Fatal(err)
	}
	_ = again.Close()
}

// Who finds where a server is: by name, by pid, or because there is only one.
func TestPlaceAndFind(t *testing.T) {
	dir := filepath.Join(filepath.Dir(serve(t).server.Path()), "run")
	t.Setenv("RUNTIME_DIRECTORY", dir)
	if _, err := Find(Which{}); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("none there: %v", err)
	}
	place := func(name string) string {
		t.Helper()
		path, err := Place(name)
		if err != nil || path != filepath.Join(dir, name+".sock") {
			t.Fatalf("%s: %q, %v", name, path, err)
		}
		return path
	}
	listen := func(path string) {
		t.Helper()
		s, err := Listen(path, Master{})
		if err != nil {
			t.Fatal(err)
		}
		s.Start()
		t.Cleanup(func() { s.Stop(); _ = s.Close() })
	}
	dead := place("4194305") // no such process can be
	leave(t, dead)
	if got, err := Find(Which{}); err != nil || got != dead {
		t.Errorf("a dead one alone: %q, %v", got, err)
	}
	one := place("one")
	if _, err := os.Lstat(dead); err == nil {
		t.Error("the dead one is not swept away")
	}
	listen(one)
	pid := filepath.Join(dir, "pid")
	if err := os.WriteFile(pid, fmt.Appendln(nil, os.Getpid()), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, w := range []Which{{}, {Name: "one"}, {PIDFile: pid}, {Name: fmt.Sprint(os.Getpid())}, {Path: one}} {
		if got, err := Find(w); err != nil || got != one {
			t.Errorf("%+v: %q, %v, want %s", w, got, err, one)
		}
	}
	listen(place("two"))
	if _, err := Find(Which{}); err == nil || !strings.Contains(err.Error(), "2 servers run here: one, two") {
		t.Errorf("two there: %v", err)
	}
	if _, err := Find(Which{Name: "three"}); err == nil || !strings.Contains(err.Error(), "there are one, two") {
		t.Errorf("one that is not there: %v", err)
	}
	_ = os.WriteFile(pid, []byte("4194305\n"), 0o644)
	if _, err := Find(Which{PIDFile: pid}); err == nil || !strings.Contains(err.Error(), "process 4194305 has ended") {
		t.Errorf("one that has ended: %v", err)
	}
}

// Others could put a socket of theirs in a directory that they may write to.
func TestADirectoryOfOthersIsNotUsed(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	t.Setenv("RUNTIME_DIRECTORY", dir)
	if path, err := Place("one"); err == nil {
		t.Errorf("it is placed at %s", path)
	}
}

func TestNames(t *testing.T) {
	for name, right := range map[string]bool{"web": true, "web-2.a_b": true, "": false, ".x": false, "a/b": false, "ü": false, strings.Repeat("x", 65): false} {
		if err := CheckName(name); (err == nil) != right {
			t.Errorf("%q: %v", name, err)
		}
	}
}
