//go:build linux

package workers_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// repository is what the page calls ../prefork.
const repository = "../.."

// outside builds the Go worker in a module of its own, by the lines of the page, and
// returns the program.
func outside(t *testing.T) string {
	t.Helper()
	need(t, "go")
	dir := t.TempDir()
	source, err := os.ReadFile("go/main.go")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "main.go"), source, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, line := range pageBlock(t, "go mod init") {
		goTool(t, dir, line)
	}
	return filepath.Join(dir, "hello")
}

// goTool runs a line of the page. What it needs has been downloaded, for this repository.
func goTool(t *testing.T, dir, line string) string {
	t.Helper()
	here, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Fields(strings.ReplaceAll(line, "../prefork", here))
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GONOSUMDB=*", "GOWORK=off", "CGO_ENABLED=0")
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", line, err, output)
	}
	return string(output)
}

// pageBlock are the lines of the page's block that begins with these words.
func pageBlock(t *testing.T, begin string) (lines []string) {
	t.Helper()
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(page), "\n"+begin)
	if !found {
		t.Fatalf("the page has no block that begins with %q", begin)
	}
	block, _, _ := strings.Cut(begin+after, "\n```")
	for line := range strings.Lines(block) {
		line, _, _ := strings.Cut(line, "  #")
		lines = append(lines, strings.TrimSpace(line))
	}
	return lines
}

// What a program outside of this repository compiles in is what the page lists: none of
// the master's side, no eBPF and no reports.
func TestOutsideCompilesLittleIn(t *testing.T) {
	dir := filepath.Dir(outside(t))
	var all []string
	for path := range strings.Lines(goTool(t, dir, "go list -deps .")) {
		first, _, _ := strings.Cut(strings.TrimSpace(path), "/")
		if path = strings.TrimSpace(path); first == "prefork" || strings.Contains(first, ".") {
			all = append(all, path)
		}
	}
	slices.Sort(all)
	if listed := pageBlock(t, "example.com/hello\n"); !slices.Equal(all, listed) {
		t.Errorf("it compiles in\n%s\nand the page lists\n%s", strings.Join(all, "\n"), strings.Join(listed, "\n"))
	}
}
