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

// UnknownError says that a name is not among those that there are.
type UnknownError struct {
	What  string // what it should be the name of
	Name  string
	Names []string // those that there are
}

// Error lists the names that there are, and says which may have been meant.
func (e *UnknownError) Error() string {
	hint := e.near()
	if hint != "" {
		hint = fmt.Sprintf(" (did you mean %q?)", hint)
	}
	return fmt.Sprintf("unknown %s %q%s; there are: %s", e.What, e.Name, hint, strings.Join(e.Names, ", "))
}

// near is the name that may have been meant: but for a slip of a letter or two, or the only
// one of which this is a part.
func (e *UnknownError) near() (name string) {
	const close = 0.8 // of 1
	best, having := close, []string(nil)
	for _, n := range e.Names {
		if score := smetrics.JaroWinkler(n, e.Name, 0.7, 4); score >= best {
			name, best = n, score
		}
		if e.Name != "" && strings.Contains(n, e.Name) {
			having = append(having, n)
		}
	}
	if name == "" && len(having) == 1 {
		return having[0]
	}
	return name
}

// Unknown is an *UnknownError.
func Unknown(what, name string, names []string) error { return &UnknownError{what, name, names} }
