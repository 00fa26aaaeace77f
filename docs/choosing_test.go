//go:build linux

package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"prefork/bench"
	"prefork/bench/result"
)

// The chart asks what prefork choose asks, and ends where that does.
func TestChartAndCommandAgree(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs/choosing.md"))
	if err != nil {
		t.Fatal(err)
	}
	chart := strings.Join(blocks(string(page), "mermaid")[0].lines, "\n")
	var inChart, inCommand []string
	nodes := map[string]string{} // by what they ask
	for _, m := range regexp.MustCompile(`(\w+)\{([a-z0-9 ,]+):<br>`).FindAllStringSubmatch(chart, -1) {
		inChart, nodes[m[2]] = append(inChart, m[2]), m[1]
	}
	for _, q := range bench.Questions {
		inCommand = append(inCommand, q.Name)
	}
	slices.Sort(inChart)
	if want := slices.Sorted(slices.Values(inCommand)); !slices.Equal(inChart, want) {
		t.Fatalf("the chart asks %q, the command %q", inChart, want)
	}
	for i, q := range bench.Questions {
		worse, better := choiceWith(i, "above"), choiceWith(i, "below")
		if worse != 0 || better != 1 {
			t.Errorf("%s: where reuseport is worse the command takes arm %d, where it is better %d", q.Name, worse, better)
		}
		toShared := regexp.MustCompile(`(?m)^ *(?:\w+ -- .* --> )?` + nodes[q.Name] + `(?:\{[^}]*\})? -- .* --> S(\[shared\])?$`)
		if !toShared.MatchString(chart) {
			t.Errorf("%s: no way from %s to shared in the chart", q.Name, nodes[q.Name])
		}
	}
	if !regexp.MustCompile(`(?m)^ *` + nodes["cheap requests"] + ` -- yes --> Q\[reuseport\]$`).MatchString(chart) {
		t.Error("no way from cheap requests to reuseport in the chart")
	}
}

// choiceWith is the arm that is taken where one question has a finding on reuseport, and
// it is the same in the others.
func choiceWith(question int, finding string) int {
	var asked []result.Asked
	for i, q := range bench.Questions {
		found := "same"
		if i == question {
			found = finding
		}
		asked = append(asked, result.Asked{Name: q.Name, Loses: q.Loses, Cells: []result.BriefCell{
			{Known: true, Value: 1}, {Known: true, Value: 2, Finding: found},
		}})
	}
	return result.Choose([]string{"shared", "reuseport"}, asked).Take
}
