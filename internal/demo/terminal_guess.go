package demo

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"prefork/internal/ink"
)

// Asked is which number a question asks for.
type Asked struct {
	Unit string `json:"unit,omitempty"` // "%" or "ms"; "" is a count
	// Of is the whole that a count is a part of, so that a guess may also be in
	// percent; 0 if there is none.
	Of float64 `json:"of,omitempty"`
}

// guess is a number that somebody expects.
type guess struct {
	asked Asked
	value float64
	typed string // as it was typed, if that was in another unit
}

var (
	amount = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(\d[\d.,]*|[.,]\d+)\s*(%|percent|ms|s|µs|μs|us)?$`)
	})
	thousands = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\d{1,3}(,\d{3})+(\.\d+)?$`) })
)

// inMilliseconds is what units of time are.
var inMilliseconds = map[string]float64{"s": 1e3, "ms": 1, "µs": 1e-3, "μs": 1e-3, "us": 1e-3}

// inDigits are numbers that people write out.
var inDigits = map[string]int{
	"none": 0, "nobody": 0, "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
	"nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "sixteen": 16, "twenty": 20, "fifty": 50, "hundred": 100, "a hundred": 100,
}

// read understands a guess, in the unit that was asked for or in another one that
// can be converted.
func (a Asked) read(typed string) (guess, error) {
	typed = strings.TrimSpace(typed)
	nonsense := fmt.Errorf("%q is not what is asked for: %s", typed, a.wanted())
	if digits, ok := inDigits[strings.ToLower(typed)]; ok {
		return guess{}, fmt.Errorf("write %q in digits: %d", typed, digits)
	}
	parts := amount().FindStringSubmatch(strings.ToLower(typed))
	if parts == nil {
		return guess{}, nonsense
	}
	digits, unit := parts[1], strings.ReplaceAll(parts[2], "percent", "%")
	if thousands().MatchString(digits) {
		digits = strings.ReplaceAll(digits, ",", "")
	}
	value, err := strconv.ParseFloat(strings.ReplaceAll(digits, ",", "."), 64)
	factor := a.factor(unit)
	if err != nil || factor == 0 {
		return guess{}, nonsense
	}
	g := guess{asked: a, value: math.Round(value*factor*1e3) / 1e3}
	if unit != "" && unit != a.Unit {
		g.typed = typed
	}
	return g, nil
}

// factor is how many of what is asked for are one of a unit; 0 if it is of
// another kind.
func (a Asked) factor(unit string) float64 {
	switch {
	case unit == "" || unit == a.Unit:
		return 1
	case unit == "%":
		return a.Of / 100
	case a.Unit == "ms":
		return inMilliseconds[unit]
	}
	return 0
}

// wanted is what a guess may look like.
func (a Asked) wanted() string {
	switch {
	case a.Unit == "%":
		return "a percentage, such as 20"
	case a.Unit == "ms":
		return "a time, such as 20, 20 ms or 1.5 s"
	case a.Of > 0:
		return fmt.Sprintf("a number from 0 to %g, such as 2, or a share, such as 50 %%", a.Of)
	}
	return "a number, such as 2"
}

// hint is the same in a prompt.
func (a Asked) hint() string {
	switch {
	case a.Unit != "":
		return " (" + a.Unit + ")"
	case a.Of > 0:
		return fmt.Sprintf(" (of %g)", a.Of)
	}
	return ""
}

// in is a number with its unit.
func (a Asked) in(number string) string { return strings.TrimSpace(number + " " + a.Unit) }

func (g guess) String() string {
	text := g.asked.in(strconv.FormatFloat(g.value, 'f', -1, 64))
	if g.typed != "" {
		return g.typed + ", or " + text
	}
	return text
}

// near is how far off, as a share, a guess may be and count as right, where the
// number itself is another each time.
const near = 0.1

// verdict compares a guess with what came out.
func (g guess) verdict(n Number) string {
	came := g.asked.in(n.text(n.Got))
	about := func(value float64) bool { return n.Low < n.High && math.Abs(g.value-value) <= near*value }
	switch {
	case n.text(g.value) == n.text(n.Got):
		return fmt.Sprintf("you guessed %s, and so it was", g)
	case about(n.Got):
		return fmt.Sprintf("you guessed %s; it came out as %s, so you were within a tenth", g, came)
	case about(n.Want):
		return fmt.Sprintf("you guessed %s; it came out as %s, and you were within a tenth of the prediction", g, came)
	}
	return fmt.Sprintf("you guessed %s; it came out as %s: %s", g, came, n.From)
}

// asks is how often a question is asked of somebody who is not understood.
const asks = 3

// ask asks, and waits for a guess if there is somebody to make one: again, if it is
// not understood.
func (t *Terminal) ask(ctx context.Context, e Event) error {
	t.block(ctx, func() {
		t.gap()
		t.paragraph("guess", e.Text)
	})
	t.guess = nil
	var asked Asked
	if e.Asked != nil {
		asked = *e.Asked
	}
	for range asks {
		if t.look.Guess == nil || t.err != nil {
			break
		}
		typed, err := t.prompt(ctx, asked)
		if err != nil || typed == "" {
			return err
		}
		g, err := asked.read(typed)
		if err == nil {
			t.guess = &g
			break
		}
		t.indented(err.Error())
	}
	return t.err
}

// prompt returns what is typed.
func (t *Terminal) prompt(ctx context.Context, asked Asked) (typed string, err error) {
	lines := ink.Fold("your number"+asked.hint()+", or just Enter:", t.look.Width-margin-len(" 1,000 ms"))
	for i, line := range lines {
		lines[i] = strings.Repeat(" ", margin) + t.paint.Dim(line)
	}
	if _, err := fmt.Fprint(t.w, strings.Join(lines, "\n")+" "); err != nil {
		return "", err
	}
	typed, err = t.read(ctx)
	return strings.TrimSpace(typed), err
}
