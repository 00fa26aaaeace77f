package cli

import (
	"strings"

	"github.com/urfave/cli/v2"
)

func commandName(c *cli.Command) string { return c.Name }

// or lists names: a, b or c.
func or(names []string) string {
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

func names[Row any](table []Row, name func(Row) string) (all []string) {
	for _, row := range table {
		all = append(all, name(row))
	}
	return all
}

func rows[Row any](table []Row, name, sentence func(Row) string) (all [][2]string) {
	for _, row := range table {
		all = append(all, [2]string{name(row), sentence(row)})
	}
	return all
}
