package result

import (
	"slices"
	"strings"
	"testing"
)

// asked makes three trials of what was found of reuseport and dispatch: "" is not known,
// and ~ is rough.
func asked(cheap, uneven, stuck [2]string) []Asked {
	all := []Asked{
		{Name: "cheap requests", Loses: "costs {} more"},
		{Name: "uneven requests, p99", Loses: "waits {} longer"},
		{Name: "one worker stuck", Loses: "has {} wait", Waiting: true},
	}
	values := map[string]float64{"above": 140, "below": 70, "likely above": 110, "same": 101, "unknown": 105}
	for i, found := range [][2]string{cheap, uneven, stuck} {
		base := BriefCell{Known: true, Value: 100}
		if all[i].Waiting {
			base.Value = 0
		}
		all[i].Cells = []BriefCell{base}
		for _, f := range found {
			cell := BriefCell{Known: f != "", Value: values[f], Finding: f, Rough: f == "~"}
			if all[i].Waiting {
				cell.Value = 0.25
			}
			all[i].Cells = append(all[i].Cells, cell)
		}
	}
	return all
}

func TestChoose(t *testing.T) {
	arms := []string{"shared", "reuseport", "dispatch"}
	nothing, rough := [2]string{}, [2]string{"~", "~"}
	for _, c := range []struct {
		name                 string
		cheap, uneven, stuck [2]string
		take                 string
		sure                 bool
		why                  string
		costs                string
	}{
		{"as usual", [2]string{"same", "above"}, [2]string{"above", "likely above"}, [2]string{"above", "above"}, "shared", true,
			"dispatch costs 40 % more. reuseport waits 40 % longer. reuseport has 1 in 4 wait, dispatch 1 in 4.", ""},
		{"all equal", [2]string{"same", "same"}, [2]string{"same", "same"}, nothing, "shared", false, "They are the same in all", ""},
		{"all unknown", [2]string{"unknown", "unknown"}, [2]string{"unknown", "likely above"}, nothing, "shared", false, "No difference is sure", ""},
		{"disturbed", rough, rough, nothing, "shared", false, "too busy", ""},
		{"nothing at all", nothing, nothing, nothing, "shared", false, "Too few requests were answered", ""},
		{"one is better and loses nothing", [2]string{"below", "above"}, [2]string{"same", "same"}, [2]string{"", "above"}, "reuseport", true,
			"shared costs 43 % more, dispatch 40 %.", ""},
		{"one is better, and worse", [2]string{"below", "same"}, [2]string{"above", "same"}, nothing, "shared", true,
			"reuseport waits 40 % longer.", "shared costs 43 % more than reuseport"},
	} {
		got := Choose(arms, asked(c.cheap, c.uneven, c.stuck))
		if arms[got.Take] != c.take || got.Sure != c.sure || !strings.Contains(strings.Join(got.Why, " "), c.why) || strings.Join(got.Costs, " ") != c.costs {
			t.Errorf("%s: got %s, %+v", c.name, arms[got.Take], got)
		}
	}
	if got := Choose(arms[:1], asked(nothing, nothing, nothing)); got.Take != 0 || got.Sure || !strings.Contains(got.Why[0], "the only one") {
		t.Errorf("of one arm: %+v", got)
	}
}

func TestInShare(t *testing.T) {
	for share, want := range map[float64]string{0: "none", 0.25: "1 in 4", 0.02: "1 in 50", 0.0004: "1 in 2,500", 1: "100 in 100", 0.7: "70 in 100"} {
		if got := InShare(share); got != want {
			t.Errorf("%v: got %s, want %s", share, got, want)
		}
	}
}

// What is asked of a run is in the order that is asked for, and an arm that it lacks is
// not known.
func TestAsk(t *testing.T) {
	r := simulated(steadyTruths(), 10, 1)
	cells := r.Ask("cpu_server", []string{robin, "nobody", r.Plan.Baseline})
	if len(cells) != 3 || cells[0].Finding != "above" || cells[1].Known || !cells[2].Known {
		t.Errorf("got %+v", cells)
	}
	stuck := stuck(4, 1).Ask("stalled", []string{"shared/blocking", hash})
	if !slices.Equal([]bool{stuck[0].Known, stuck[1].Known}, []bool{true, true}) || stuck[0].Value > 0.01 || stuck[1].Value < 0.1 || stuck[1].Finding != "above" {
		t.Errorf("got %+v", stuck)
	}
}
