package cli

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"prefork/internal/ink"
)

// The help is set for a terminal of 80 columns: names to the left, a column of
// text to the right. It is made from the flags and tables, not written.
const (
	helpWidth  = 80
	flagColumn = 28
	rowColumn  = 15
)

// topic is a table that the help explains row by row.
type topic struct {
	title string
	rows  [][2]string // name and sentence
}

// appHelp is the help of the whole command, which is also that of serve.
func appHelp(app *cli.App) string {
	var h helpText
	h.section(app.Name+" · "+app.Usage, "")
	h.section("Usage", indent(app.UsageText))
	var rows [][2]string
	for _, command := range app.Commands {
		rows = append(rows, [2]string{command.Name, command.Usage})
	}
	h.table("Commands", rows)
	h.flags(app.Flags)
	for _, t := range topics() {
		h.table(t.title, t.rows)
	}
	return h.String()
}

// commandHelp is the help of one command.
func commandHelp(name, sentence, arguments string, flags []cli.Flag, topics []topic) string {
	var h helpText
	h.section("prefork "+name+" · "+sentence, "")
	h.section("Usage", indent("prefork "+name+" "+arguments))
	h.flags(append(flags, cli.HelpFlag))
	for _, t := range topics {
		h.table(t.title, t.rows)
	}
	return h.String()
}

// help prints the help of everything, or of one command.
func help(c *cli.Context) error {
	root := c.Lineage()[1] // the command's context, the root's, and one that only carries c.Context
	name := c.Args().First()
	switch {
	case name == "":
		return cli.ShowAppHelp(root)
	case c.App.Command(name) == nil:
		return usage(fmt.Errorf("no help for %q: there is no such command", name))
	}
	return cli.ShowCommandHelp(root, name)
}

// helpText is help in the making.
type helpText struct{ strings.Builder }

func (h *helpText) section(title, body string) {
	if h.Len() > 0 {
		h.WriteString("\n")
	}
	fmt.Fprintln(h, title)
	h.WriteString(body)
}

func (h *helpText) table(title string, rows [][2]string) {
	h.section(title, "")
	for _, row := range rows {
		h.entry(rowColumn, "  "+row[0], ink.Fold(row[1], helpWidth-rowColumn))
	}
}

// flags writes the flags by category, in the order in which they are defined.
func (h *helpText) flags(flags []cli.Flag) {
	var categories []string
	of := make(map[string][]cli.DocGenerationFlag)
	for _, flag := range flags {
		doc, ok := flag.(cli.DocGenerationFlag)
		category := "Help"
		if f, ok := flag.(cli.CategorizableFlag); ok && f.GetCategory() != "" {
			category = f.GetCategory()
		}
		if !ok {
			continue
		}
		if of[category] == nil {
			categories = append(categories, category)
		}
		of[category] = append(of[category], doc)
	}
	for _, category := range categories {
		h.section(category, "")
		for _, flag := range of[category] {
			h.flag(flag)
		}
	}
}

// flag writes one flag: what it does, and below that what it is by default and
// where else it comes from.
func (h *helpText) flag(f cli.DocGenerationFlag) {
	text, value := placeholder(f.GetUsage())
	lines := ink.Fold(text, helpWidth-flagColumn)
	if origin := origin(f); origin != "" {
		lines = append(lines, ink.Fold(origin, helpWidth-flagColumn)...)
	}
	h.entry(flagColumn, "  "+spelling(f.Names())+value, lines)
}

// entry writes a name and its text beside it, or below it if it is too long.
func (h *helpText) entry(column int, name string, lines []string) {
	if utf8.RuneCountInString(name)+2 > column {
		fmt.Fprintln(h, name)
		name = ""
	}
	for _, line := range lines {
		fmt.Fprintln(h, name+strings.Repeat(" ", column-utf8.RuneCountInString(name))+line)
		name = ""
	}
}

// spelling is a flag's short name, or the room for one, and its long one.
func spelling(names []string) string {
	short, long := "    ", ""
	for _, name := range names {
		if len(name) == 1 {
			short = "-" + name + ", "
		} else {
			long = "--" + name
		}
	}
	return short + long
}

var quoted = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("`([^`]+)`") })

// placeholder takes the `NAME` of a flag's value out of its text.
func placeholder(usage string) (text, value string) {
	if m := quoted().FindStringSubmatch(usage); m != nil {
		value = " " + m[1]
	}
	return quoted().ReplaceAllString(usage, "$1"), value
}

// origin is a flag's default and the names it has in the environment.
func origin(f cli.DocGenerationFlag) string {
	var parts []string
	if text := strings.Trim(f.GetDefaultText(), `"`); text != "" && f.TakesValue() {
		parts = append(parts, "default "+text)
	}
	if names := f.GetEnvVars(); len(names) > 0 {
		parts = append(parts, "$"+strings.Join(names, ", $"))
	}
	if len(parts) == 0 {
		return ""
	}
	return "(" + strings.Join(parts, "; ") + ")"
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(text, "\n", "\n  ") + "\n"
}
