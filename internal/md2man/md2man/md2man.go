// Package md2man stands in for the library of that name (a replace in go.mod), by
// which the command line's library makes manual pages. Nobody makes any here, and the
// real one brings a Markdown parser, whose tables every worker would fill at its start:
// a third of all that a worker allocates there.
package md2man

// Render is not to be called.
func Render([]byte) []byte { panic("prefork makes no manual pages from its command line") }
