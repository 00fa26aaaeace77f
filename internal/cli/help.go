package cli

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"prefork/internal/ink"
	"prefork/internal/lookup"
)

// The help is made from the flags and tables, not written: names to the left, a column
// of text to the right.
const (
	flagColumn = 28
	rowColumn  = 15
)

// helpWidth is how wide help is for what it is written to.
func helpWidth(w io.Writer) int { return helpColumns(columns(w)) }

// helpColumns is how wide help is on a terminal: as that, within what can be read well.
// 0 stands for what is no terminal.
func helpColumns(terminal int) int {
	if terminal == 0 {
		return 80
	}
	return min(max(terminal, 60), 100)
}

// topic is a table that the help explains row by row.
type topic struct {
	title string
	rows  [][2]string // name and sentence
}

// setHelp gives the app and its commands their help.
func setHelp(app *cli.App, width int) {
	h := helpText{width: width}
	h.section(app.Name + " · " + app.Usage)
	h.table(topic{"Usage", usages})
	h.table(topic{"Commands", rows(visible(app.Commands), commandName, func(c *cli.Command) string { return c.Usage })})
	h.flags(app.Flags)
	h.topics(app.Name)
	app.CustomAppHelpTemplate = h.String()
	for _, command := range app.Commands {
		command.CustomHelpTemplate = helpOf(command.Name, command, width)
		for _, sub := range command.Subcommands {
			sub.CustomHelpTemplate = helpOf(command.Name+" "+sub.Name, sub, width)
		}
	}
}

// helpOf is that of a command with such a name.
func helpOf(name string, command *cli.Command, width int) string {
	h := helpText{width: width}
	h.section("prefork " + name + " · " + command.Usage)
	h.table(topic{"Usage", [][2]string{{command.UsageText}}})
	if len(command.Subcommands) > 0 {
		h.table(topic{"Commands", rows(command.Subcommands, func(c *cli.Command) string { return "prefork " + name + " " + c.Name }, func(c *cli.Command) string { return c.Usage })})
	}
	h.flags(append(slices.Clip(command.Flags), cli.HelpFlag))
	h.topics(name)
	return h.String()
}

// help prints the help of everything, or of one command.
func help(c *cli.Context) error {
	root := c.Lineage()[1] // the command's context, the root's, and one that only carries c.Context
	all := visible(c.App.Commands)
	name := c.Args().First()
	switch {
	case name == "":
		return cli.ShowAppHelp(root)
	case c.NArg() > 1:
		return usage(fmt.Errorf("help takes one command, and %q is another word", c.Args().Get(1)))
	case slices.ContainsFunc(all, func(c *cli.Command) bool { return c.Name == name }):
		return cli.ShowCommandHelp(root, name)
	}
	return usage(lookup.Unknown("command", name, names(all, commandName)))
}

// helpText is help in the making.
type helpText struct {
	strings.Builder
	width int
}

func (h *helpText) section(title string) {
	if h.Len() > 0 {
		h.WriteString("\n")
	}
	fmt.Fprintln(h, strings.Join(ink.Fold(title, h.width), "\n"))
}

func (h *helpText) topics(command string) {
	for _, t := range topicsOf(command) {
		h.table(t)
	}
}

// table writes rows. The names have a column that the longest of them fits in, but for
// names that are sentences themselves.
func (h *helpText) table(t topic) {
	h.section(t.title)
	column := rowColumn
	for _, row := range t.rows {
		if needs := utf8.RuneCountInString(row[0]) + 4; needs <= h.width/2 {
			column = max(column, needs)
		}
	}
	for _, row := range t.rows {
		h.entry(column, "  "+row[0], ink.Fold(row[1], h.width-column))
	}
}

// flags writes the flags by category, in the order in which they are defined.
func (h *helpText) flags(flags []cli.Flag) {
	var categories []string
	of := make(map[string][]cli.DocGenerationFlag)
	for _, flag := range flags {
		doc, ok := flag.(cli.DocGenerationFlag)
		category := category(flag)
		if !ok {
			continue
		}
		if of[category] == nil {
			categories = append(categories, category)
		}
		of[category] = append(of[category], doc)
	}
	for _, category := range categories {
		h.section(category)
		for _, flag := range of[category] {
			h.flag(flag)
		}
	}
}

// category is the heading that a flag comes under.
func category(flag cli.Flag) string {
	if f, ok := flag.(cli.CategorizableFlag); ok && f.GetCategory() != "" {
		return f.GetCategory()
	}
	return "Help"
}

// flag writes one flag: what it does, and below that what it is by default and
// where else it comes from.
func (h *helpText) flag(f cli.DocGenerationFlag) {
	text, value := placeholder(f.GetUsage())
	lines := ink.Fold(text, h.width-flagColumn)
	if origin := origin(f); origin != "" {
		lines = append(lines, ink.Fold(origin, h.width-flagColumn)...)
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
		line = name + strings.Repeat(" ", column-utf8.RuneCountInString(name)) + line
		fmt.Fprintln(h, strings.TrimRight(line, " "))
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
