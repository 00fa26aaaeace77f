package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"prefork/bench/result"
	"prefork/internal/ink"
)

// Answer is one to 'which one?'.
type Answer struct {
	Heading   string // of what
	Disturbed string // what the machine's other business has spoilt, "" if nothing
	CPUs      int    // of the machine
	Arms      []result.Arm
	LeftOut   []result.LeftOut // could not be asked of
	Asked     []result.Asked
}

// Choice writes an answer: a small table of what was asked, and what to take.
func Choice(w io.Writer, a Answer, o BriefOptions) error {
	b := &brief{Result: &result.Result{Arms: a.Arms, LeftOut: a.LeftOut, Environment: result.Environment{CPUs: a.CPUs}}, width: o.width(), paint: ink.Paint(o.Color)}
	b.line(b.paint.Bold(wrapped(a.Heading, b.width, 0)))
	if a.Disturbed != "" {
		b.line(b.paint.Alarm(wrapped(a.Disturbed, b.width, 0)))
	}
	b.line("")
	b.answers(a.Asked)
	for _, asked := range a.Asked {
		b.Brief.Rows = append(b.Brief.Rows, result.BriefRow{Cells: asked.Cells})
	}
	b.legend()
	b.line("")
	b.choice(a.Asked)
	return b.write(w, o)
}

// answers writes a row for each question, in as many blocks as the width takes.
func (b *brief) answers(asked []result.Asked) {
	names := 0
	for _, a := range asked {
		names = max(names, utf8.RuneCountInString(a.Name))
	}
	margin := strings.Repeat(" ", names)
	fit := max(1, (b.width-names)/columnWidth)
	for from := 0; from < len(b.Arms); from += fit {
		to := min(from+fit, len(b.Arms))
		if from > 0 {
			b.line("")
		}
		line := margin
		for _, arm := range b.Arms[from:to] {
			line += b.paint.Strategy(arm.Strategy, titled(b.columnTitle(arm)))
		}
		b.line(line)
		for _, a := range asked {
			line := padded(a.Name, margin)
			for _, c := range a.Cells[from:to] {
				line += b.marked(answer(a, c), c)
			}
			b.line(line)
		}
	}
}

// columnTitle is as short as tells an arm from the others: the strategy, or the way.
func (b *brief) columnTitle(arm result.Arm) string {
	name := b.ShortName(arm)
	if _, way, ok := strings.Cut(name, "/"); ok {
		return way
	}
	return name
}

func answer(a result.Asked, c result.BriefCell) string {
	switch {
	case !c.Known:
		return ""
	case a.Waiting && c.Value == 0:
		return "0 wait"
	case a.Waiting:
		return result.InShare(c.Value)
	}
	return timeText(c.Value)
}

// choice is what to take, why, and what would change it.
func (b *brief) choice(asked []result.Asked) {
	var names []string
	for _, arm := range b.Arms {
		names = append(names, b.ShortName(arm))
	}
	c := result.Choose(names, asked)
	b.line(b.paint.Bold("Take " + names[c.Take] + "."))
	for _, why := range c.Why {
		b.say(why)
	}
	if len(c.Costs) > 0 {
		b.say("But " + strings.Join(c.Costs, ", and ") + ".")
	}
	for _, text := range leftOut(b.Result) {
		b.say(text + ".")
	}
	b.line("")
	b.say("In general (not measured here): " + strings.Replace(otherwise[b.Arms[c.Take].Strategy], "{}", manyCPUs(b.Environment.CPUs), 1))
}

// manyCores is from how many processors on one queue for all may be what limits.
const manyCores = 16

// manyCPUs says where that can be found out.
func manyCPUs(here int) string {
	if here > manyCores {
		return fmt.Sprintf("on more workers than these (this machine has %d CPUs: prefork choose -w %d tells)", here, here)
	}
	return fmt.Sprintf("on a machine of more than some %d CPUs (this one has %d; prefork choose tells there)", manyCores, here)
}

// otherwise is what would make another strategy the one to take; {} is manyCPUs.
var otherwise = map[string]string{
	"shared":    "it would be reuseport if your workers wait by poll or epoll, or {}, and dispatch if your own code must choose the worker.",
	"reuseport": "it would be shared if a worker may hang or requests differ in cost, for a connection belongs to a worker before that has time for it.",
	"dispatch":  "it would be shared if the master may die or fall behind, for nothing is accepted without it.",
}
