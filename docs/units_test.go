//go:build linux

package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The units are what systemd takes without a word, and expose the machine little.
func TestUnits(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		judge(t, lacking("systemd-analyze"))
		return
	}
	dir, paths := t.TempDir(), []string{}
	for _, name := range []string{"prefork.service", "prefork.socket"} {
		text, err := os.ReadFile(filepath.Join(root, "docs/operate", name))
		if err != nil {
			t.Fatal(err)
		}
		// It looks whether there is something to run.
		unit := strings.ReplaceAll(string(text), "/usr/local/bin/prefork", "/bin/true")
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(unit), 0o644); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	if out, err := exec.Command("systemd-analyze", append([]string{"verify"}, paths...)...).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("verify: %v\n%s", err, out)
	}
	// Thirty is 3.0 of 10, where less is better.
	if out, err := exec.Command("systemd-analyze", "security", "--offline=yes", "--threshold=30", paths[0]).CombinedOutput(); err != nil {
		t.Errorf("security: %v\n%s", err, out)
	}
}
