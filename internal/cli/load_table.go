//go:build linux

package cli

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"time"

	"prefork/bench/load"
	"prefork/bench/result"
	"prefork/bench/stats"
	"prefork/internal/ink"
)

// loadWidth is how wide the table is at most.
const loadWidth = 80

// loadQuantiles are the rows of times, by the share of the answers that came within.
var loadQuantiles = []struct {
	name string
	at   float64
}{{"typical answer", 50}, {"90 % within", 90}, {"99 % within", 99}, {"99.9 % within", 99.9}, {"slowest", 100}}

// loadTable prints a load for people.
func loadTable(w io.Writer, l loaded) error {
	var t strings.Builder
	fmt.Fprintf(&t, "%s\n%s · %s\n\n", l.goal.url, l.clients(), brief(seconds(l.seen.Seconds)))
	loadRow(&t, "answers a second", result.Digits(l.seen.Throughput(), 0), result.Thousands(l.seen.Requests)+" in all")
	missing := false
	for _, q := range loadQuantiles {
		value := "–"
		if l.enough(q.at) {
			value = inTime(float64(l.seen.Response.ValueAtQuantile(q.at)))
		} else {
			missing = true
		}
		loadRow(&t, q.name, value, "")
	}
	loadRow(&t, "failed", result.Thousands(l.round().Lost()), l.ofAll())
	l.failures(&t)
	t.WriteString("\n")
	for _, note := range l.notes(missing) {
		fmt.Fprintln(&t, strings.Join(ink.Fold(note, loadWidth), "\n"))
	}
	_, err := io.WriteString(w, t.String())
	return err
}

// loadRow writes a name, a number that ends where those above and below it do, and what
// there is to say about it.
func loadRow(t *strings.Builder, name, value, more string) {
	line := fmt.Sprintf("  %-20s %*s  %s", name, loadNumber, value, more)
	fmt.Fprintln(t, strings.TrimRight(line, " "))
}

// loadNumber is how wide numbers are.
const loadNumber = 10

// clients is what clients do.
func (l loaded) clients() string {
	text := fmt.Sprintf("%s loop, %s connections a second", l.seen.Loop, result.Digits(l.order.Rate, 0))
	if l.seen.Loop == load.ClosedLoop {
		text = "closed loop, " + counted(l.order.Clients, "client")
	}
	if n := l.order.Requests; n > 1 {
		text += fmt.Sprintf(", %s requests each", result.Thousands(n))
	}
	return text
}

func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return result.Thousands(n) + " " + what
}

// ofAll is of how many requests the failures are, if there are any.
func (l loaded) ofAll() string {
	if l.round().Lost() == 0 {
		return ""
	}
	return "of " + result.Thousands(l.round().Ended())
}

// failures writes the kinds that occurred, most frequent first, with what the first was.
func (l loaded) failures(t *strings.Builder) {
	errors := l.seen.Errors
	for _, kind := range slices.SortedFunc(maps.Keys(errors), func(a, b string) int { return cmp.Or(errors[b]-errors[a], cmp.Compare(a, b)) }) {
		loadRow(t, "", result.Thousands(errors[kind]), load.InWords(kind))
		if first := l.seen.First[kind]; first != "" {
			loadRow(t, "", "", "the first: "+first)
		}
	}
}

// notes are what one has to know to read the table.
func (l loaded) notes(missing bool) (all []string) {
	r := l.seen
	if r.Partial {
		all = append(all, fmt.Sprintf("PARTIAL: %s; what was not yet answered then is not counted.", l.Partial))
	}
	for _, doubt := range l.round().Doubts {
		all = append(all, fmt.Sprintf("DOUBTFUL: %s.", doubt))
	}
	switch r.Loop {
	case load.ClosedLoop:
		all = append(all, "Clients that wait for their answers show what the server can take. How long people would wait at a given load is for --rate.")
	case load.PartlyOpen:
		all = append(all, "A connection's first answer is timed from when the connection was due, the others from when they were asked for.")
	}
	if l.order.TLS != nil {
		all = append(all, "https:// is asked by an ordinary Go client, slower than the generator of http://: the server may be able to do more.")
	}
	if r.Again > 0 {
		all = append(all, fmt.Sprintf("The server closed a connection between two requests %s; the second was made again on another.", counted(r.Again, "time")))
	}
	if missing && !r.Partial {
		all = append(all, fmt.Sprintf("– too few answers to tell: %d must lie beyond it.", stats.Beyond))
	}
	return append(all, fmt.Sprintf("The load generator used %.2f of the %d processors here.", r.CPU.Seconds()/r.Seconds, runtime.NumCPU()))
}

// inTime is microseconds in three digits and the unit that suits them.
func inTime(us float64) string {
	unit := "µs"
	switch {
	case us >= 999_500:
		us, unit = us/1e6, "s"
	case us >= 999.5:
		us, unit = us/1e3, "ms"
	}
	digits := 0
	switch {
	case unit == "µs" || us >= 99.95:
	case us >= 9.995:
		digits = 1
	default:
		digits = 2
	}
	return fmt.Sprintf("%.*f %s", digits, us, unit)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// brief is a time without digits that nobody reads.
func brief(d time.Duration) string {
	unit := time.Microsecond
	if d >= time.Second {
		unit = 10 * time.Millisecond
	}
	return d.Round(unit).String()
}
