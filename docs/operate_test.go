//go:build linux

package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The manifests are what Kubernetes takes: their test is in a module of its own, which has
// Kubernetes' types.
func TestManifests(t *testing.T) {
	cmd := exec.Command("go", "test", "-mod=mod", "./...")
	cmd.Dir = "operate/kubernetes"
	cmd.Env = append(os.Environ(), "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

var argsLine = regexp.MustCompile(`(?m)^\s*args: \[(.*)\]$`)

// What the containers run are commands of prefork.
func TestManifestsRunPrefork(t *testing.T) {
	paths, err := filepath.Glob("operate/kubernetes/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("manifests %v: %v", paths, err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, args := range argsLine.FindAllStringSubmatch(string(text), -1) {
			var words []string
			for word := range strings.SplitSeq(args[1], ",") {
				words = append(words, strings.Trim(strings.TrimSpace(word), `"`))
			}
			// Flags are read before the help is printed.
			if out, err := exec.Command(prefork, append(words, "--help")...).CombinedOutput(); err != nil {
				t.Errorf("%s: prefork %s: %v\n%s", path, strings.Join(words, " "), err, out)
			}
		}
	}
}

// The script is one for any shell.
func TestRollingScript(t *testing.T) {
	if out, err := exec.Command("sh", "-n", "operate/rolling.sh").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	out, err := exec.Command("sh", "operate/rolling.sh", "/nowhere").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "want SOCKET BACKEND HOST") {
		t.Errorf("without arguments: %v\n%s", err, out)
	}
	cmd := exec.Command("sh", "operate/rolling.sh", "/nowhere", "preforks", "h1")
	cmd.Env = append(os.Environ(), "RESTART=true")
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "rolling: ") {
		t.Errorf("without an HAProxy: %v\n%s", err, out)
	}
}
