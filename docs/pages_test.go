//go:build linux

package docs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"prefork/docs/anchor"
)

// course are the pages on which every piece of Go is one of ours, and says of
// which file. Elsewhere it may also be what the reader is to write.
var course = []string{"README.md", "shared.md", "reuseport.md", "dispatch.md", "choosing.md"}

// linkToGo is how a line names the file of the excerpt below it.
var linkToGo = regexp.MustCompile(`\]\(([^)]+\.go)\)`)

// left stands in an excerpt for what is left out.
const left = "// …"

// TestExcerpts looks every excerpt up in the file that it is from. Whitespace does
// not count, and // … stands for what is left out.
func TestExcerpts(t *testing.T) {
	for _, path := range pages(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		ours := filepath.Base(filepath.Dir(path)) == "docs" && slices.Contains(course, filepath.Base(path))
		for _, b := range blocks(string(text), "go") {
			where := fmt.Sprintf("%s:%d", path, b.line)
			name := linkToGo.FindStringSubmatch(b.before)
			switch {
			case name == nil && ours:
				t.Errorf("%s: the line above does not say which file this is from: [strategies/shared.go](../strategies/shared.go)", where)
			case name != nil:
				if err := excerpt(b.lines, filepath.Join(filepath.Dir(path), name[1])); err != nil {
					t.Errorf("%s: %v", where, err)
				}
			}
		}
	}
}

// excerpt wants the parts between // … in the file, in this order.
func excerpt(lines []string, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	rest := bare(string(text))
	var parts []string
	part := ""
	for _, line := range lines {
		if strings.TrimSpace(line) == left {
			parts, part = append(parts, part), ""
			continue
		}
		part += line + "\n"
	}
	for _, part := range append(parts, part) {
		_, after, found := strings.Cut(rest, bare(part))
		if !found {
			return fmt.Errorf("%s has no such thing (any more), or has it before:\n%s", path, part)
		}
		rest = after
	}
	return nil
}

// bare is text with every run of whitespace as one space.
func bare(text string) string { return strings.Join(strings.Fields(text), " ") }

// An excerpt that is not of the file is found.
func TestWrongExcerpts(t *testing.T) {
	const file = "../strategies/shared.go"
	for text, right := range map[string]bool{
		"type shared struct{ listeners *Listeners }":                                true,
		"type  shared struct{\nlisteners *Listeners }":                              true,
		"type shared struct{ listeners *Listener }":                                 false,
		"type shared struct{ listeners *Listeners }\n// …\nfunc openShared(":        true,
		"func openShared(\n\t// …\n\ttype shared struct{ listeners *Listeners }":    false,
		"type shared struct{ listeners *Listeners } func openShared(c Config) bool": false,
	} {
		if err := excerpt(strings.Split(text, "\n"), file); (err == nil) != right {
			t.Errorf("%q: %v", text, err)
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// TestLinks follows the links between the pages, and to files and headings.
func TestLinks(t *testing.T) {
	for _, path := range pages(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range link.FindAllStringSubmatch(string(text), -1) {
			to, heading, _ := strings.Cut(found[1], "#")
			if strings.Contains(to, "://") {
				continue
			}
			file := path
			if to != "" {
				file = filepath.Join(filepath.Dir(path), to)
			}
			target, err := os.ReadFile(file)
			if info, statErr := os.Stat(file); err != nil && (statErr != nil || !info.IsDir()) {
				t.Errorf("%s: %s is not there", path, found[1])
			}
			if heading != "" && !slices.Contains(headings(string(target)), heading) {
				t.Errorf("%s: %s has no heading #%s", path, file, heading)
			}
		}
	}
}

// headings are what links to headings are called.
func headings(page string) (all []string) {
	for line := range strings.Lines(page) {
		title := strings.TrimLeft(line, "#")
		if title == line || !strings.HasPrefix(title, " ") {
			continue
		}
		all = append(all, anchor.Of(title))
	}
	return all
}

// TestCourse wants the four sections on the page of each strategy, and every page
// in the index.
func TestCourse(t *testing.T) {
	for _, page := range []string{"shared.md", "reuseport.md", "dispatch.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		var sections []string
		for line := range strings.Lines(string(text)) {
			if title, is := strings.CutPrefix(line, "## "); is {
				sections = append(sections, strings.TrimSpace(title))
			}
		}
		want := []string{"What the kernel does", "The code that does it here", "When to choose it", "What goes wrong"}
		if !slices.Equal(sections[:min(len(sections), len(want))], want) { // a page may have more to say after them
			t.Errorf("%s has the sections %q, want first %q", page, sections, want)
		}
	}
	index, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	all, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range all {
		if page != "README.md" && !strings.Contains(string(index), "]("+page+")") {
			t.Errorf("the index has no link to %s", page)
		}
	}
}
