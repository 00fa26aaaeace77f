package ink_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"prefork/internal/ink"
)

func TestFold(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  []string
	}{
		{"", 10, []string{""}},
		{"one two", 10, []string{"one two"}},
		{"one two", 6, []string{"one", "two"}},
		{"a longword b", 4, []string{"a", "longword", "b"}},
		{"1.5\u00a0ms or\nso", 6, []string{"1.5\u00a0ms", "or so"}},
		{"änne böll", 9, []string{"änne böll"}},
	} {
		if got := ink.Fold(c.text, c.width); !slices.Equal(got, c.want) {
			t.Errorf("%q in %d: got %q, want %q", c.text, c.width, got, c.want)
		}
	}
}

// No word is lost, and a line is too long only if it is one word.
func FuzzFold(f *testing.F) {
	f.Add("some words of several lengths", 8)
	f.Fuzz(func(t *testing.T, text string, width int) {
		lines := ink.Fold(text, width)
		if got, want := strings.Join(strings.Fields(strings.Join(lines, " ")), " "), strings.Join(strings.Fields(text), " "); got != want {
			t.Errorf("got %q of %q", got, want)
		}
		for _, line := range lines {
			if utf8.RuneCountInString(line) > width && strings.Contains(line, " ") {
				t.Errorf("%q is longer than %d", line, width)
			}
		}
	})
}

func TestPaint(t *testing.T) {
	if got := ink.Paint(false).Alarm("lost"); got != "lost" {
		t.Errorf("without colours: %q", got)
	}
	if got := ink.Paint(true).Strategy("shared", "shared/blocking"); got != "\x1b[38;2;0;114;178mshared/blocking\x1b[0m" {
		t.Errorf("got %q", got)
	}
	if got := ink.Paint(true).Strategy("peer", "nginx"); got != "nginx" {
		t.Errorf("one that is no strategy: %q", got)
	}
}
