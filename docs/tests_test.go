//go:build linux

package docs_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A test that a page names is there, or where it is what go test -run takes, some that
// begin so.
func TestNamedTestsExist(t *testing.T) {
	there := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range declared.FindAllStringSubmatch(string(text), -1) {
			there[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, path := range pages(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\bTest[A-Z]\w+`).FindAllString(string(text), -1) {
			begins := func(name string) bool { return strings.HasPrefix(name, m) }
			if named++; !slices.ContainsFunc(slices.Collect(maps.Keys(there)), begins) {
				t.Errorf("%s names %s, and there is no such test", strings.TrimPrefix(path, root+"/"), m)
			}
		}
	}
	if named == 0 {
		t.Error("no page names any test")
	}
}
