package main

import (
	"os"
	"path/filepath"
	"testing"
)

const table = `hello

       closed: 16 clients¹ ──  open²
       fairness³    normal   lost⁴
a      0.5          × 0.5⁵   × 1
a (again)¹⁰         × 12     0
  worse  p50 2 × (1–3)⁵, p99 1 ×⁵

¹ closed: with χ²

Verdict
Take a.
`

const stripped = `hello

       closed: 16 clients  ──  open
       fairness     normal   lost
a      0.5          × 0.5    × 1
a (again)           × 12     0
  worse  p50 2 × (1–3), p99 1 ×`

func page(mark, out string) string {
	return "# P\n\n```sh\ncat table\n```\n\n```text" + mark + "\n" + out + "\n```\n"
}

// Marks do not outlive the notes that they are of, and a block may ask for both.
func TestMarksGoWithTheirNotes(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, c := range []struct{ printed, mark, want string }{
		{table, "", stripped},
		{table, " whole", table[:len(table)-1]},
		{"χ² is 3¹ of 2³²\n", "", "χ² is 3¹ of 2³²"}, // no notes, so these are none of theirs
	} {
		path := filepath.Join(".", "page.md")
		for name, text := range map[string]string{"table": c.printed, path: page(c.mark, "old")} {
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := rerun(path, ""); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(path); string(got) != page(c.mark, c.want) {
			t.Errorf("got\n%s\nwant\n%s", got, page(c.mark, c.want))
		}
	}
}
