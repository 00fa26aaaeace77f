//go:build linux

package steer

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// compiler is the clang that the committed object is from, Debian 12's. Another
// version's code is as good, and other bytes.
const compiler = "clang version 14.0.6"

// The object that is committed is what the source says.
func TestObjectIsOfTheSource(t *testing.T) {
	version, err := exec.Command("clang", "--version").CombinedOutput()
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("no clang here; make deps installs it: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	generate := exec.Command("go", "tool", "bpf2go", "-output-dir", dir)
	generate.Args = append(generate.Args, directive(t)...)
	generate.Env = append(os.Environ(), "GOPACKAGE=steer")
	if out, err := generate.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, name := range []string{"steer_bpfel.go", "steer_bpfel.o"} {
		committed, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		fresh, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Ext(name) == ".o" && !bytes.Contains(version, []byte(compiler)) {
			t.Skipf("it compiles; the object cannot be compared, for it is of %s and this is %s", compiler, bytes.SplitN(version, []byte("\n"), 2)[0])
		}
		if !bytes.Equal(committed, fresh) {
			t.Errorf("%s is not what the source says: run go generate ./internal/steer and commit", name)
		}
	}
}

// directive are the arguments in generate.go.
func directive(t *testing.T) (args []string) {
	t.Helper()
	text, err := os.ReadFile("generate.go")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^//go:generate go tool bpf2go (.*)$`).FindSubmatch(text)
	if line == nil {
		t.Fatal("generate.go has no directive")
	}
	for _, word := range regexp.MustCompile(`"[^"]*"|\S+`).FindAll(line[1], -1) {
		args = append(args, string(bytes.Trim(word, `"`)))
	}
	return args
}
