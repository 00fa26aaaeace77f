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
	takes := map[string]int{"shared": 0, "reuseport": 1}
	findings := []string{"above", "same", "unknown"}
	for _, cheap := range append(findings, "below") {
		for _, uneven := range findings {
			for _, stuck := range findings {
				found := map[string]string{"cheap requests": cheap, "uneven requests, p99": uneven, "one worker stuck": stuck}
				if end, arm := walk(t, chart, nodes, found), choiceWith(found); takes[end] != arm {
					t.Errorf("where reuseport is %v, the chart ends at %s and the command takes arm %d", found, end, arm)
				}
			}
		}
	}
}

// walk follows the chart from its first trial, where so much was found of reuseport against
// shared, to the strategy that it ends at.
func walk(t *testing.T, chart string, nodes, found map[string]string) (end string) {
	t.Helper()
	at, asked := nodes["one worker stuck"], 0
	for ; asked <= len(nodes); asked++ {
		answer := "no"
		for name, node := range nodes {
			worse := name != "cheap requests" && found[name] == "above"
			cheaper := name == "cheap requests" && found[name] == "below"
			if node == at && (worse || cheaper) {
				answer = "yes"
			}
		}
		edge := regexp.MustCompile(`(?m)^ *` + at + ` -- ` + answer + `[^>]*--> (\w+)`).FindStringSubmatch(chart)
		if edge == nil {
			t.Fatalf("no edge %q from %s", answer, at)
		}
		at = edge[1]
		if m := regexp.MustCompile(at + `\[(\w+)\]`).FindStringSubmatch(chart); m != nil {
			return m[1]
		}
	}
	t.Fatalf("the chart does not end after %d trials", asked)
	return ""
}

// choiceWith is the arm that is taken where that was found of reuseport.
func choiceWith(found map[string]string) int {
	var asked []result.Asked
	for _, q := range bench.Questions {
		asked = append(asked, result.Asked{Name: q.Name, Loses: q.Loses, Cells: []result.BriefCell{
			{Known: true, Value: 1}, {Known: true, Value: 2, Finding: found[q.Name]},
		}})
	}
	return result.Choose([]string{"shared", "reuseport"}, asked).Take
}
