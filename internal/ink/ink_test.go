package ink_test

import (
	"fmt"
	"math"
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

// Every colour can be read on a light and on a dark terminal: 3:1 as WCAG has it.
func TestContrast(t *testing.T) {
	paint := ink.Paint(true)
	for _, text := range []string{paint.Strategy("shared", "x"), paint.Strategy("reuseport", "x"), paint.Strategy("dispatch", "x"), paint.Alarm("x")} {
		_, code, _ := strings.Cut(text, "38;2;")
		var r, g, b float64
		if _, err := fmt.Sscanf(code, "%f;%f;%fm", &r, &g, &b); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		colour := luminance(r, g, b)
		if on := 1.05 / (colour + 0.05); on < 3 {
			t.Errorf("%q on white: %.2f to 1", text, on)
		}
		if on := (colour + 0.05) / (luminance(30, 30, 30) + 0.05); on < 3 {
			t.Errorf("%q on #1e1e1e: %.2f to 1", text, on)
		}
	}
}

// luminance is that of a colour in sRGB, by the WCAG's formula.
func luminance(r, g, b float64) float64 {
	linear := func(part float64) float64 {
		if part /= 255; part > 0.04045 {
			return math.Pow((part+0.055)/1.055, 2.4)
		}
		return part / 12.92
	}
	return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
}
