package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"prefork/internal/ink"
)

// manualCommand prints prefork(1) for make install: prefork manual | man -l -
func manualCommand() *cli.Command {
	return &cli.Command{
		Name: "manual", Hidden: true, HideHelpCommand: true, OnUsageError: plainly,
		Usage: "print the manual page: prefork manual | man -l -", UsageText: "prefork manual",
		Action: func(c *cli.Context) error {
			_, err := io.WriteString(c.App.Writer, manual(spellings()))
			return err
		},
	}
}

// signalRows are what a master does at a signal.
var signalRows = [][2]string{
	{"TERM, QUIT", "stop: workers finish what they have taken and what waits for them, for --graceful-timeout at most"},
	{"INT", "the same; a second one stops at once"},
	{"HUP", "reload: a new worker is ready before the old one of its place is told to stop"},
	{"USR2", "upgrade: the binary that is now at the same path goes on in this process, and reloads"},
	{"TTIN, TTOU", "one worker more, one less"},
}

// exitRows are what the exit code says.
var exitRows = [][2]string{
	{"0", "done"},
	{"1", "failed"},
	{"2", "not called as it is meant to be"},
	{"3", "the workers could not start; the last error is printed"},
	{"77", "not permitted"},
	{"98", "bench and compare: what was to be judged could not be measured"},
	{"99", "bench, compare and load: a condition of --fail-if holds"},
}

// manual is the page in mdoc(7).
func manual(commands []spelled) string {
	var m page
	m.macro("Dd", day().Format("January 2, 2006"))
	m.macro("Dt", "PREFORK", "1")
	m.macro("Os")
	m.macro("Sh", "NAME")
	m.macro("Nm", "prefork")
	m.macro("Nd", appSentence)
	m.macro("Sh", "SYNOPSIS")
	for _, c := range commands {
		if c.Name != "serve" { // which is the same as the first
			m.macro("Nm", strings.TrimSpace("prefork "+c.Name))
			if c.Usage != "" {
				m.text(c.Usage)
			}
		}
	}
	m.macro("Sh", "DESCRIPTION")
	m.text("A master starts worker processes, which take connections from one address.")
	m.text("A strategy is the way in which the connections reach them.")
	m.text("Workers are built in, or any program that follows --.")
	for _, c := range commands[1:] {
		m.macro("Sh", strings.ToUpper(c.Name))
		m.text(asSentence(c.Sentence))
		m.flags(c.Flags)
		for _, t := range topicsOf(c.Name) {
			m.macro("Ss", t.title)
			m.list(t.rows)
		}
	}
	m.macro("Sh", "SIGNALS")
	m.text("They are sent to the master.")
	m.list(signalRows)
	m.macro("Sh", "ENVIRONMENT")
	m.text("A flag that has a name in the environment takes its value from there, unless it is given.")
	m.text("An empty one counts as none.")
	m.macro("Sh", "EXIT STATUS")
	m.list(exitRows)
	m.macro("Sh", "SEE ALSO")
	m.WriteString(".Xr accept 2 ,\n.Xr systemd.socket 5 ,\n.Xr epoll 7 ,\n.Xr socket 7 ,\n.Xr unix 7\n")
	return m.String()
}

// asSentence is a text as a sentence.
func asSentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] + "." }

// day is when this was committed, if that is known, and else today.
func day() time.Time {
	if at := builtFrom().at; !at.IsZero() {
		return at
	}
	return time.Now()
}

// page is a page of mdoc in the making.
type page struct{ strings.Builder }

func (m *page) macro(name string, args ...string) {
	fmt.Fprintln(m, strings.Join(append([]string{"." + name}, args...), " "))
}

// text writes lines of less than 80 characters, none of which begins as a macro does.
func (m *page) text(text string) {
	for _, line := range ink.Fold(text, 76) {
		line = roff(line)
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			line = `\&` + line
		}
		fmt.Fprintln(m, line)
	}
}

func (m *page) list(rows [][2]string) {
	m.macro("Bl", "-tag", "-width", "reuseport")
	for _, row := range rows {
		m.macro("It", "Cm", quotedMacro(row[0]))
		m.text(row[1])
	}
	m.macro("El")
}

func (m *page) flags(flags []spelledFlag) {
	var categories []string
	for _, f := range flags {
		if !slices.Contains(categories, f.Category) {
			categories = append(categories, f.Category)
		}
	}
	for _, category := range categories {
		m.macro("Ss", category)
		m.macro("Bl", "-tag", "-width", "Ds")
		for _, f := range flags {
			if f.Category == category {
				m.flag(f)
			}
		}
		m.macro("El")
	}
}

func (m *page) flag(f spelledFlag) {
	item := []string{"Fl", "-" + f.Long}
	if f.Short != "" {
		item = append([]string{"Fl", f.Short, ","}, item...)
	}
	if f.Value != "" {
		item = append(item, "Ar", quotedMacro(f.Value))
	}
	m.macro("It", item...)
	m.text(f.Text)
	if f.Origin != "" {
		m.text(f.Origin)
	}
}

// quotedMacro is one argument of a macro, whatever is in it.
func quotedMacro(text string) string {
	return `"\&` + strings.ReplaceAll(roff(text), `"`, `\(dq`) + `"`
}

// roff escapes what is not a plain character.
func roff(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\\':
			b.WriteString(`\e`)
		case r >= utf8.RuneSelf:
			fmt.Fprintf(&b, `\[u%04X]`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
