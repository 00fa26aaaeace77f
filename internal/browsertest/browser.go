// Package browsertest finds a browser for the tests of pages.
package browsertest

import (
	"os"
	"os/exec"
	"testing"
)

// Path is that of a browser to look at a page with. Where there is none the
// test is skipped; CI must have one.
func Path(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("no browser to look at a page with: install chromium")
	}
	t.Skip("no chromium, chromium-browser or google-chrome here")
	return ""
}
