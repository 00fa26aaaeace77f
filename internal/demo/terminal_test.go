//go:build linux

package demo_test

import (
	"context"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"prefork/internal/demo"
)

// What is typed is taken in the unit that was asked for, or not at all.
func TestVerdictOnAGuess(t *testing.T) {
	rolls := demo.Number{Got: 71, Want: 75, Low: 47, High: 105, From: "so fall dice"}
	exact := demo.Number{Got: 10, Want: 10, Low: 10, High: 10, From: "all of them"}
	late := demo.Number{Got: 1234, Want: 1200, Low: 2, High: 2000, From: "so long"}
	for _, c := range []struct {
		typed string
		asked demo.Asked
		n     demo.Number
		want  string
	}{
		{"71", demo.Asked{Of: 200}, rolls, "you guessed 71, and so it was"},
		{"35,5%", demo.Asked{Of: 200}, rolls, "you guessed 35,5%, or 71, and so it was"},
		{"66", demo.Asked{Of: 200}, rolls, "you guessed 66; it came out as 71, so you were within a tenth"},
		{"82", demo.Asked{Of: 200}, rolls, "you guessed 82; it came out as 71, and you were within a tenth of the prediction"},
		{"50 %", demo.Asked{Of: 200}, rolls, "you guessed 50 %, or 100; it came out as 71: so fall dice"},
		{"50 percent", demo.Asked{Of: 200}, rolls, "you guessed 50 percent, or 100; it came out as 71: so fall dice"},
		{"11", demo.Asked{Of: 11}, exact, "you guessed 11; it came out as 10: all of them"},
		{"71 %", demo.Asked{Unit: "%"}, rolls, "you guessed 71 %, and so it was"},
		{"20", demo.Asked{Unit: "%"}, rolls, "you guessed 20 %; it came out as 71 %: so fall dice"},
		{"1,234", demo.Asked{Unit: "ms"}, late, "you guessed 1234 ms, and so it was"},
		{"2s", demo.Asked{Unit: "ms"}, late, "you guessed 2s, or 2000 ms; it came out as 1234 ms: so long"},
		{"1.234 s", demo.Asked{Unit: "ms"}, late, "you guessed 1.234 s, or 1234 ms, and so it was"},
		{"500 µs", demo.Asked{Unit: "ms"}, late, "you guessed 500 µs, or 0.5 ms; it came out as 1234 ms: so long"},
		{"NaN", demo.Asked{}, exact, `"NaN" is not what is asked for: a number, such as 2`},
		{"Inf", demo.Asked{}, exact, `"Inf" is not what is asked for: a number, such as 2`},
		{"-3", demo.Asked{}, exact, `"-3" is not what is asked for: a number, such as 2`},
		{"1.2.3", demo.Asked{}, exact, `"1.2.3" is not what is asked for: a number, such as 2`},
		{"50 %", demo.Asked{}, exact, `"50 %" is not what is asked for: a number, such as 2`},
		{"2 s", demo.Asked{Of: 11}, exact, `"2 s" is not what is asked for: a number from 0 to 11, such as 2, or a share, such as 50 %`},
		{"eleven", demo.Asked{Of: 11}, exact, `write "eleven" in digits: 11`},
		{" Nobody", demo.Asked{Of: 11}, exact, `write "Nobody" in digits: 0`},
		{"2 %", demo.Asked{Unit: "ms"}, late, `"2 %" is not what is asked for: a time, such as 20, 20 ms or 1.5 s`},
		{"2 ms", demo.Asked{Unit: "%"}, rolls, `"2 ms" is not what is asked for: a percentage, such as 20`},
	} {
		if got := demo.VerdictOnAGuess(c.typed, c.asked, c.n); got != c.want {
			t.Errorf("guess %q: %q, want %q", c.typed, got, c.want)
		}
	}
}

// typist types these, one after the other, and then no more.
func typist(lines ...string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) {
		if len(lines) == 0 {
			return "", io.EOF
		}
		line := lines[0]
		lines = lines[1:]
		return line, nil
	}
}

// What is not understood is asked for again, and that twice.
func TestNonsenseIsAskedAgain(t *testing.T) {
	events := told{
		{Kind: demo.AskKind, Text: "How many?", Asked: &demo.Asked{Of: 4}},
		{Kind: demo.NumberKind, Number: &demo.Number{Label: "so many", Got: 3, Want: 3, Low: 3, High: 3, From: "counted", Answers: true}},
		{Kind: demo.WhyKind, Text: "So."},
	}
	const prompt = "      your number (of 4), or just Enter: "
	for _, c := range []struct {
		typed          []string
		asked, nothing int
		want           string
	}{
		{[]string{"3"}, 1, 0, "you guessed 3, and so it was"},
		{[]string{"many", "75 %"}, 2, 1, "you guessed 75 %, or 3, and so it was"},
		{[]string{"many", "more", "3"}, 3, 2, "you guessed 3, and so it was"},
		{[]string{"many", "more", "most", "3"}, 3, 3, ""},
		{[]string{"many", ""}, 2, 1, ""},
	} {
		got := text(t, events, demo.Look{Guess: typist(c.typed...)})
		if n := strings.Count(got, prompt); n != c.asked {
			t.Errorf("typed %q: asked %d times, want %d", c.typed, n, c.asked)
		}
		if n := strings.Count(got, "is not what is asked for"); n != c.nothing {
			t.Errorf("typed %q: refused %d times, want %d", c.typed, n, c.nothing)
		}
		if strings.Contains(got, "you guessed") != (c.want != "") || !strings.Contains(got, c.want) {
			t.Errorf("typed %q: no %q in\n%s", c.typed, c.want, got)
		}
	}
}

// The bounds are told wherever there are any.
func TestBoundsAreTold(t *testing.T) {
	events := told{
		{Kind: demo.NumberKind, Number: &demo.Number{Label: "claimed", Got: 3, Want: 2, Low: 2, High: 100, Claim: "2 or so"}},
		{Kind: demo.NumberKind, Number: &demo.Number{Label: "exact", Got: 3, Want: 3, Low: 3, High: 3}},
		{Kind: demo.WhyKind, Text: "So."},
	}
	for width, want := range map[int][]string{
		80: {"3  2 or so (2–100)\n", "3  3\n"},
		50: {"  ✓ claimed\n      came out 3, predicted 2 or so (2–100)\n", "came out 3, predicted 3\n"},
	} {
		got := strings.ReplaceAll(text(t, events, demo.Look{Width: width}), "✗", "✓")
		for _, line := range want {
			if !strings.Contains(got, line) {
				t.Errorf("no %q in\n%s", line, got)
			}
		}
	}
}

// A picture grows only where it can be drawn over.
func TestPictureGrowsWhereItFits(t *testing.T) {
	events := told{{Kind: demo.PictureKind, Picture: &demo.Picture{Title: "a picture", Strategy: "shared", Lanes: []demo.Lane{
		{What: demo.WorkerLane, Label: "worker 0", Dots: "●●", Note: "2"},
		{What: demo.WorkerLane, Label: "worker 1", Dots: "●", Note: "1"},
	}}}}
	for height, want := range map[int]int{0: 2, 4: 2, 3: 0, 1: 0} {
		got := text(t, events, demo.Look{Height: height, Guess: typist()})
		if n := strings.Count(got, "\r\x1b[3A\x1b[J"); n != want || strings.Count(got, "\x1b") != 2*want {
			t.Errorf("%d rows: drawn over %d times, want %d: %q", height, n, want, got)
		}
		if !strings.HasSuffix(got, "\n  shared · a picture\n  ▣ worker 0  ●●  2\n  ▣ worker 1  ●   1\n") && want == 0 {
			t.Errorf("%d rows: %q", height, got)
		}
	}
}

// The look that is drawn is one that shows what the scene is about.
func TestMomentShowsWhatItIsAbout(t *testing.T) {
	even, idle := []bool{true, true, true, true}, []bool{true, false, true, true}
	all, some, fewer := []int{1, 1, 1, 1}, []int{3, 0, 1, 1}, []int{1, 0, 0, 0}
	busy, queues := [][]bool{idle, idle, even, idle, even}, [][]int{some, some, all, fewer, all}
	for unfair, want := range map[bool]string{true: "idle", false: "busy, 1 wait"} {
		p := demo.Moment(busy, queues, unfair)
		if got := p.Lanes[1].Note; got != want {
			t.Errorf("unfair %v: worker 1 is %q, want %q", unfair, got, want)
		}
		if want := "●○○○"; unfair && p.Lanes[0].Dots != want {
			t.Errorf("of those at which not all were seen: %q", p.Lanes[0].Dots)
		}
		if want := "one of 5 looks; at 3 of them (60 %) a worker was idle beside a queue"; p.Note != want {
			t.Errorf("unfair %v: %q, want %q", unfair, p.Note, want)
		}
	}
	if p := demo.Moment(busy[3:4], queues[3:4], true); p.Lanes[1].Note != "idle" {
		t.Errorf("with no such look: %q", p.Lanes[1].Note)
	}
}

// tooWide are the lines of a text that are wider than a terminal.
func tooWide(text string, width int) (lines []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSuffix(line, "\n"); utf8.RuneCountInString(line) > width {
			lines = append(lines, line)
		}
	}
	return lines
}

// drawnOver goes back to the beginning of a picture.
var drawnOver = regexp.MustCompile("\r\x1b\\[[0-9]+A\x1b\\[J")

// On a narrow terminal lines are broken between words.
func TestNarrow(t *testing.T) {
	events := told{
		{Kind: demo.SceneKind, Scene: "a-scene", Text: "it has a legend before it"},
		{Kind: demo.AskKind, Text: "How many will there be?", Asked: &demo.Asked{Of: 200}},
		{Kind: demo.PictureKind, Picture: &demo.Picture{Title: "greetings on one socket, of five workers", Strategy: "shared", Note: "one of 1333 looks; at 1012 of them a worker was idle", Lanes: []demo.Lane{
			{What: demo.WorkerLane, Label: "worker 0", Dots: "·●····●··●", Note: "2 × Hello from 26066"},
		}}},
		{Kind: demo.NumberKind, Number: &demo.Number{Label: "waiting in worker 2's own queue, steered", Got: 27, Want: 25, Low: 8, High: 45, From: "1/4 of them: the hash does not look", Answers: true}},
		{Kind: demo.WhyKind, Text: "So it is."},
	}
	for _, width := range []int{34, 40, 50, 60, 70, 80} {
		got := text(t, events, demo.Look{Width: width, Guess: typist("9")})
		for _, line := range tooWide(drawnOver.ReplaceAllString(got, ""), width) {
			t.Errorf("wider than %d: %q", width, line)
		}
		for _, whole := range []string{"● served", "▣ a worker", "Hello from 26066", "own queue,", "or just Enter:"} {
			if flat := strings.Join(strings.Fields(got), " "); !strings.Contains(flat, whole) {
				t.Errorf("at %d columns there is no %q in\n%s", width, whole, got)
			}
		}
	}
}

// Before anything leaves the screen that has not been read, it waits for Enter, and
// between scenes too. Who has no more to type is not waited for.
func TestNothingLeavesTheScreenUnread(t *testing.T) {
	picture := demo.Event{Kind: demo.PictureKind, Picture: &demo.Picture{Title: "a picture", Strategy: "shared", Lanes: []demo.Lane{
		{What: demo.WorkerLane, Label: "worker 0", Dots: "●●", Note: "2"},
		{What: demo.WorkerLane, Label: "worker 1", Dots: "●", Note: "1"},
	}}}
	number := demo.Event{Kind: demo.NumberKind, Number: &demo.Number{Label: "so many", Got: 3, Want: 3, Low: 3, High: 3, From: "counted"}}
	events := told{
		{Kind: demo.SceneKind, Scene: "one", Text: "it has two pictures"}, picture, number, picture, number,
		{Kind: demo.WhyKind, Text: strings.Repeat("A long story. ", 40)},
		{Kind: demo.SceneKind, Scene: "two", Text: "it is short"}, {Kind: demo.WhyKind, Text: "So."},
	}
	const height = 14
	for _, look := range []demo.Look{{Height: height, Still: true}, {Height: height, Still: true, Width: 60}, {Height: height, Still: true, ASCII: true}} {
		var out strings.Builder
		var seen []string // what there was to read at each Enter
		look.Guess = func(context.Context) (string, error) {
			seen = append(seen, out.String())
			out.Reset()
			return "", nil
		}
		terminal := demo.NewTerminal(&out, look)
		for _, e := range events {
			if err := terminal.Tell(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		if len(seen) < 3 || !strings.Contains(seen[len(seen)-1], "Enter for the next scene, two") {
			t.Fatalf("%+v: waited at %q", look, seen)
		}
		for _, screen := range seen {
			if n := strings.Count(screen, "\n") + 1; n > height {
				t.Errorf("%+v: %d lines at once:\n%s", look, n, screen)
			}
		}
	}
	if got := text(t, events, demo.Look{Height: height, Guess: typist()}); strings.Count(got, "Enter") != 1 {
		t.Errorf("who has no more to type is asked on:\n%s", got)
	}
	if got := text(t, events, demo.Look{Height: height}); strings.Contains(got, "Enter") {
		t.Errorf("nobody is there, and is asked:\n%s", got)
	}
}

// A terminal without other characters, without colours and without a cursor to be
// moved gets the same, column by column.
func TestPlainTerminals(t *testing.T) {
	events := told{
		{Kind: demo.SceneKind, Scene: "a-scene", Text: "it has a legend before it"},
		{Kind: demo.PictureKind, Picture: &demo.Picture{Title: "a picture", Strategy: "shared", Lanes: []demo.Lane{
			{What: demo.MasterLane, Label: "master", Dots: "××", Note: "2 × refused"},
			{What: demo.WorkerLane, Label: "worker 0", Dots: "●○·!", Note: "2"},
			{What: demo.ClientLane, Label: "waited", Dots: "▁▂▃▄▅▆▇█", Note: "at most 3 µs"},
		}}},
		{Kind: demo.NumberKind, Number: &demo.Number{Label: "χ² of all", Got: 3, Want: 3, Low: 1, High: 9, From: "counted…"}},
		{Kind: demo.EndKind, Outcome: demo.AsPredicted},
	}
	usual, plain := text(t, events, demo.Look{}), text(t, events, demo.Look{ASCII: true, Still: true, Guess: typist()})
	for _, r := range plain {
		if r > '~' || r == '\x1b' || r == '?' {
			t.Errorf("%q is written to it", r)
		}
	}
	if utf8.RuneCountInString(usual) != len(plain) {
		t.Errorf("columns have moved from\n%s to\n%s", usual, plain)
	}
	if !strings.Contains(plain, "|master|    xx        2 x refused\n  # worker 0  *o.!      2\n    waited    _.-:=+*#  at most 3 us") {
		t.Errorf("it reads\n%s", plain)
	}
}
