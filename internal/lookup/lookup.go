// Package lookup finds a row of a table by the name that a user gave.
package lookup

import (
	"fmt"
	"strings"

	"github.com/xrash/smetrics"
)

// ByName finds a row of a table. The error lists what there is and suggests what was
// meant.
func ByName[Row any](what, name string, rows []Row, nameOf func(Row) string) (Row, error) {
	var names []string
	for _, row := range rows {
		if nameOf(row) == name {
			return row, nil
		}
		names = append(names, nameOf(row))
	}
	var none Row
	return none, Unknown(what, name, names)
}

// OrFirst is ByName where "" stands for the first row.
func OrFirst[Row any](what, name string, rows []Row, nameOf func(Row) string) (Row, error) {
	if name == "" {
		return rows[0], nil
	}
	return ByName(what, name, rows, nameOf)
}

// Unknown is the error for a name that is not among those that there are: it lists
// them, and says which may have been meant.
func Unknown(what, name string, names []string) error {
	const close = 0.8 // of 1; a slip of a letter or two
	hint, best := "", close
	for _, n := range names {
		if score := smetrics.JaroWinkler(n, name, 0.7, 4); score >= best {
			hint, best = fmt.Sprintf(" (did you mean %q?)", n), score
		}
	}
	return fmt.Errorf("unknown %s %q%s; there are: %s", what, name, hint, strings.Join(names, ", "))
}
