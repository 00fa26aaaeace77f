//go:build linux

package subject

import (
	"fmt"
	"strings"
	"testing"
)

// Of a prefork, the end of the log is why it has failed; of its workers, and of
// others, their own last words are.
func TestQuoted(t *testing.T) {
	const (
		info   = `{"time":"t","level":"INFO","msg":"listening","address":"127.0.0.1:1"}` + "\n"
		worse  = `{"time":"t","level":"ERROR","msg":"worker ended before it was ready","slot":2}` + "\n"
		failed = `{"time":"t","level":"ERROR","msg":"failed","error":"workers could not start:\nno such thing","exit":3}` + "\n"
	)
	var long strings.Builder
	for n := range 30 {
		fmt.Fprintf(&long, "line %d\n", n)
	}
	for _, c := range []struct {
		name    string
		foreign bool
		said    string
		want    string
	}{
		{"nothing", false, "", "; it said nothing"},
		{"log", false, info + worse, "; it said nothing"},
		{"failure", false, info + "Traceback\n" + worse + failed, "; it said:\n  workers could not start:\n  no such thing"},
		{"words", false, info + "Traceback\n" + worse + "in part", "; it said:\n  Traceback\n  in part"},
		{"records of others", true, worse, "; it said:\n  " + strings.TrimSpace(worse)},
		{"much", true, long.String(), "; it said:\n  line 20\n  line 21\n  line 22\n  line 23\n  line 24\n  line 25\n  line 26\n  line 27\n  line 28\n  line 29"},
	} {
		w := newWords(c.foreign)
		for i := range c.said { // however it comes
			_, _ = w.Write([]byte(c.said[i : i+1]))
		}
		if got := w.quoted(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
