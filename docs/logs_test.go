//go:build linux

package docs_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// loggers are the packages that write to the log of a server.
var loggers = []string{"internal/supervisor", "internal/cli", "internal/worker", "internal/steer", "dispatch", "strategies", "strategies/accept", "internal/control", "internal/metrics"}

// logLine is a kind of line: as the code has it, and as the page does.
type logLine struct {
	level, message string
	args           []string // what always comes along, sorted
	used           bool
}

// TestLogsPage holds the page to the table of package entry, and to what the code says
// with each kind of line.
func TestLogsPage(t *testing.T) {
	kinds, names := kindsOfLines(t)
	for _, dir := range loggers {
		readCalls(t, filepath.Join(root, dir), kinds)
	}
	page := pageOfLines(t)
	for variable, name := range names {
		kind, row := kinds[variable], page[name]
		switch {
		case row == nil:
			t.Errorf("logs.md does not have %s (entry.%s)", name, variable)
			continue
		case !kind.used:
			t.Errorf("nobody says entry.%s", variable)
		}
		if kind.args == nil { // it is said by way of a variable, which this test does not follow
			kind.args = row.args
		}
		if row.level != kind.level || row.message != kind.message || !slices.Equal(row.args, kind.args) {
			t.Errorf("%s: the page has %q %q %q, the code %q %q %q", name, row.level, row.message, row.args, kind.level, kind.message, kind.args)
		}
		row.used = true
	}
	for name, row := range page {
		if !row.used {
			t.Errorf("logs.md has %s, which the code does not", name)
		}
	}
}

// kindsOfLines reads the table of package entry: the kinds by variable, and their names.
func kindsOfLines(t *testing.T) (kinds map[string]*logLine, names map[string]string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, "internal/entry/entry.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	kinds, names = map[string]*logLine{}, map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if row, ok := spec.Values[0].(*ast.CompositeLit); ok && len(row.Elts) == 3 {
			variable := spec.Names[0].Name
			names[variable] = text(row.Elts[0])
			level := strings.ToLower(strings.TrimPrefix(row.Elts[1].(*ast.SelectorExpr).Sel.Name, "Level"))
			kinds[variable] = &logLine{level: level, message: text(row.Elts[2])}
		}
		return true
	})
	return kinds, names
}

// text is a string in the code, "" for what is none.
func text(e ast.Expr) string {
	literal, ok := e.(*ast.BasicLit)
	if !ok {
		return ""
	}
	value, _ := strconv.Unquote(literal.Value)
	return value
}

// readCalls finds what is said with each kind, and who logs without one.
func readCalls(t *testing.T, dir string, kinds map[string]*logLine) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if selector, ok := n.(*ast.SelectorExpr); ok && isEntry(selector.X) && kinds[selector.Sel.Name] != nil {
				kinds[selector.Sel.Name].used = true
			}
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			kind, args := said(call, kinds)
			switch {
			case kind != nil && call.Ellipsis == token.NoPos: // else what comes along is made elsewhere
				kind.args = both(kind, args)
			case kind == nil && logs(call):
				t.Errorf("%s logs without a kind of package entry", set.Position(call.Pos()))
			}
			return true
		})
	}
}

func isEntry(e ast.Expr) bool {
	name, ok := e.(*ast.Ident)
	return ok && name.Name == "entry"
}

// said is the kind that a call says something of, and what with: entry.X.Log(log, …) or
// m.note(entry.X, …).
func said(call *ast.CallExpr, kinds map[string]*logLine) (kind *logLine, args []string) {
	function, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return nil, nil
	}
	of, from := function.X, call.Args
	switch {
	case function.Sel.Name == "note" && len(call.Args) > 0:
		of = call.Args[0]
	case function.Sel.Name == "complain":
		if selector, ok := call.Args[0].(*ast.SelectorExpr); ok {
			return kinds[selector.Sel.Name], []string{"error", "slot"}
		}
		return nil, nil
	case function.Sel.Name != "Log":
		return nil, nil
	}
	selector, ok := of.(*ast.SelectorExpr)
	if !ok || !isEntry(selector.X) {
		return nil, nil
	}
	for i := 1; i < len(from); i += 2 {
		if name := text(from[i]); name != "" {
			args = append(args, name)
		}
	}
	slices.Sort(args)
	return kinds[selector.Sel.Name], args
}

// both is what comes along wherever something of this kind is said.
func both(kind *logLine, args []string) []string {
	if kind.args == nil {
		return append([]string{}, args...)
	}
	return slices.DeleteFunc(kind.args, func(a string) bool { return !slices.Contains(args, a) })
}

// logs reports whether a call writes to a log by itself.
func logs(call *ast.CallExpr) bool {
	function, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || !slices.Contains([]string{"Debug", "Info", "Warn", "Error"}, function.Sel.Name) {
		return false
	}
	return strings.HasSuffix(strings.ToLower(fmt.Sprint(lastName(function.X))), "log")
}

func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

var rowOfLine = regexp.MustCompile("^\\| `([a-z.-]+)` \\| (\\w+) \\| (.*?) \\| (.*?) \\|$")

// pageOfLines are the rows of the page.
func pageOfLines(t *testing.T) map[string]*logLine {
	t.Helper()
	page, err := os.ReadFile("operate/logs.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]*logLine{}
	for line := range strings.Lines(string(page)) {
		m := rowOfLine.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			continue
		}
		if rows[m[1]] != nil {
			t.Errorf("logs.md has %s twice", m[1])
		}
		row := &logLine{level: m[2], message: m[3], args: []string{}}
		for _, arg := range strings.Split(m[4], ",") {
			if arg = strings.Trim(arg, " `"); arg != "" {
				row.args = append(row.args, arg)
			}
		}
		slices.Sort(row.args)
		rows[m[1]] = row
	}
	return rows
}
