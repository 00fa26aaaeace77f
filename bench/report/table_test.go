package report

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"prefork/bench/result"
)

var update = flag.Bool("update", false, "write the golden files of this package anew")

func tableOf(t *testing.T, r *result.Result, o TableOptions) string {
	t.Helper()
	var out strings.Builder
	if err := Table(&out, r, o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// The whole as it looks. To see what a change does: go test ./bench/report -update
// and git diff.
func TestTableLooksAsItDid(t *testing.T) {
	path := filepath.Join("testdata", "table.txt")
	got := tableOf(t, made(10, sharedArm, reuseportArm, dispatchArm, peerArm, controlArm), TableOptions{})
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTableFitsItsWidth(t *testing.T) {
	results := map[string]*result.Result{
		"usual": made(10, sharedArm, reuseportArm, dispatchArm, controlArm),
		"short": made(3, sharedArm, reuseportArm),
		"many":  made(6, manyArms()...),
		"peers": made(6, peerArm, sharedArm),
		"all":   everything(),
	}
	for name, r := range results {
		for _, width := range []int{0, 40, 80, 90, 500} {
			o := TableOptions{Width: width}
			for line := range strings.Lines(tableOf(t, r, o)) {
				if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > o.width() && !strings.Contains(line, "long-name") {
					t.Errorf("%s, %d wide: a line of %d: %s", name, width, n, line)
				}
			}
		}
	}
}

// everything has all columns that there are.
func everything() *result.Result {
	r := made(6, sharedArm, reuseportArm, dispatchArm)
	r.Plan.Scenario, r.Plan.Service = "stuck-worker", "exp:5ms"
	moment := 0.5
	for i := range r.Rounds {
		round := &r.Rounds[i]
		round.Moment, round.Stalled = &moment, 3
		round.Timeline = []result.Slice{{At: 0.6, Answered: 10, Failed: 3}}
		round.Cheap = &round.Latency
		round.Workers = []result.Worker{{MaxOpen: 5}, {MaxOpen: 9}}
		if round.Round > 1 {
			round.NormalAfter = &moment
		}
	}
	r.Summarise()
	return r
}

// Points of one column are below each other, and so are those without one.
func TestNumbersAlign(t *testing.T) {
	rows := gridOf(tableOf(t, made(10, sharedArm, reuseportArm, dispatchArm, peerArm), TableOptions{}), "shared/", "reuseport/", "dispatch/", "nginx")
	if len(rows) != 4 {
		t.Fatalf("got %q", rows)
	}
	for _, row := range rows {
		if utf8.RuneCountInString(row) > 100 {
			t.Errorf("too wide: %s", row)
		}
	}
	if got := aligned([]string{"1,234", "5.67", "—", "0.1"}); !slices.Equal(got, []string{"1,234   ", "    5.67", "    —   ", "    0.1 "}) {
		t.Errorf("got %q", got)
	}
}

// gridOf are the lines of a table, without what follows it, that begin with a name.
func gridOf(text string, names ...string) (rows []string) {
	grid, _, _ := strings.Cut(text, "\nagainst ")
	for line := range strings.Lines(grid) {
		if slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(line, name) }) {
			rows = append(rows, strings.TrimRight(line, "\n"))
		}
	}
	return rows
}

func TestWhatIsNotMeasuredIsADash(t *testing.T) {
	rows := gridOf(tableOf(t, made(10, sharedArm, peerArm), TableOptions{}), "nginx")
	if len(rows) != 1 || strings.Count(rows[0], "—") != 3 {
		t.Errorf("got %q, want no CPU, fairness and wakeups", rows)
	}
}

// Bold is a claim.
func TestBestNeedsProof(t *testing.T) {
	column := func(t *table, metric string) tableColumn {
		for _, c := range t.columns() {
			if c.metric.Name == metric {
				return c
			}
		}
		return tableColumn{}
	}
	for _, c := range []struct {
		name    string
		r       *result.Result
		metric  string
		verdict map[string]string
		ratios  map[string]result.Interval
		want    string
	}{
		{"all others worse", made(10, sharedArm, reuseportArm, dispatchArm), "p99",
			map[string]string{"reuseport/hash": result.Worse, "dispatch/round-robin": result.Worse}, nil, "shared/blocking"},
		{"one no different", made(10, sharedArm, reuseportArm, dispatchArm), "p99",
			map[string]string{"reuseport/hash": result.NoDifference, "dispatch/round-robin": result.Worse}, nil, ""},
		{"one better, apart", made(10, sharedArm, reuseportArm, dispatchArm), "p99",
			map[string]string{"reuseport/hash": result.Better, "dispatch/round-robin": result.NoDifference},
			map[string]result.Interval{"reuseport/hash": {0.5, 0.6}, "dispatch/round-robin": {0.9, 1.1}}, "reuseport/hash"},
		{"one better, not apart", made(10, sharedArm, reuseportArm, dispatchArm), "p99",
			map[string]string{"reuseport/hash": result.Better, "dispatch/round-robin": result.NoDifference},
			map[string]result.Interval{"reuseport/hash": {0.5, 0.95}, "dispatch/round-robin": {0.9, 1.1}}, ""},
		{"more is better", made(10, sharedArm, reuseportArm, dispatchArm), "throughput",
			map[string]string{"reuseport/hash": result.Better, "dispatch/round-robin": result.Worse},
			map[string]result.Interval{"reuseport/hash": {1.2, 1.3}, "dispatch/round-robin": {0.9, 1.1}}, "reuseport/hash"},
		{"too few rounds", made(5, sharedArm, dispatchArm), "p99", nil, nil, ""},
		{"alone", made(10, sharedArm), "p99", nil, nil, ""},
	} {
		for i := range c.r.Comparisons {
			comparison := &c.r.Comparisons[i]
			if verdict, ok := c.verdict[comparison.Arm]; ok {
				comparison.Verdict = verdict
			}
			if interval, ok := c.ratios[comparison.Arm]; ok {
				comparison.CI95 = interval
			}
		}
		table := &table{Result: c.r, notes: &notes{}}
		if got := table.best(column(table, c.metric)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

var escape = regexp.MustCompile("\x1b\\[[0-9;]*m")

// Colours change nothing but colours, and are only there when asked for.
func TestColoursAreOnlyColours(t *testing.T) {
	r := made(10, sharedArm, reuseportArm, dispatchArm, controlArm)
	plain, coloured := tableOf(t, r, TableOptions{}), tableOf(t, r, TableOptions{Color: true})
	if strings.Contains(plain, "\x1b") {
		t.Error("colours that nobody asked for")
	}
	// Trailing blanks stay behind where a colour ends after them.
	trailing := regexp.MustCompile(`(?m) +$`)
	if got := trailing.ReplaceAllString(escape.ReplaceAllString(coloured, ""), ""); got != plain {
		t.Errorf("got\n%s\nwant\n%s", got, plain)
	}
	for _, code := range []string{"38;2;0;114;178", "38;2;184;127;0", "38;2;170;68;153"} {
		if !strings.Contains(coloured, "\x1b["+code+"m") {
			t.Errorf("no colour %s", code)
		}
	}
}

// What speaks against a number stands below it.
func TestDoubtsAreTold(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*result.Result)
		want   string
	}{
		"doubtful rounds": {func(r *result.Result) {
			r.Rounds[0].Doubts = spoilt("the generator was busy")
			r.Rounds[1].Doubts = spoilt("the generator was busy")
		}, "2 of 40 parts of the closed loop disturbed; what was spoilt there is not counted: in round 1, under shared/blocking, the generator was busy ·"},
		"all disturbed": {func(r *result.Result) {
			each(r, func(x *result.Round) { x.Doubts = result.Doubts(map[string]float64{"steal": 18}) })
			r.Summarise()
		}, "DISTURBED: 18 % of the processors went to other machines; rates and latencies are rough, CPU per connection is sound"},
		"short": {func(r *result.Result) {
			r.Plan.Budget, r.Short = 90*time.Second, []result.Short{{Phase: result.Open, Rounds: 7}}
		}, "the open loop has 7 of 10 rounds: the budget of 1m30s was spent"},
		"again": {func(r *result.Result) { r.Repeats = make([]result.Repeat, 3) }, "3 parts disturbed from outside and done again"},
		"noise": {func(r *result.Result) { r.AANoise["open/p99"] = [2]float64{0.03, 33.7} }, "p99 a factor of 34,"},
		"dice":  {func(*result.Result) {}, "would be as uneven as reuseport/hash or more with a probability of 0.99 (χ² test over all rounds)"},
		"loaded dice": {func(r *result.Result) {
			each(r, func(x *result.Round) {
				if x.Round == 1 && x.Arm == reuseportArm.Name {
					x.Workers = []result.Worker{{Conns: 8_500}, {Conns: 6_500}, {Conns: 7_500}, {Conns: 7_500}}
				}
			})
		}, "with a probability of 2.6e-42 (χ²"},
		"busiest":    {func(*result.Result) {}, "The busiest worker had, under shared/blocking 25.2 %, reuseport/hash 25.2 %, dispatch/round-robin 25.2 % (even: 25 %)"},
		"partly":     {func(r *result.Result) { r.Plan.Workload, r.Plan.Requests = "http", 5 }, "partly open loop: connections come at random times"},
		"partial":    {func(r *result.Result) { r.Partial = "interrupted" }, "partial, since it was cut short: interrupted"},
		"steal":      {func(r *result.Result) { r.Environment.StealPct = 3.25 }, "3.2 % of the processors' time went to other machines"},
		"no control": {func(r *result.Result) { r.Arms = r.Arms[:3] }, "same is where the whole"},
		"control":    {func(*result.Result) {}, "shared/blocking a second time: whatever differs between the two is noise (throughput ±"},
		"no ratio":   {func(r *result.Result) { r.Comparisons[0].NoRatio = 2 }, "2 rounds gave no ratio"},
		"rate":       {func(*result.Result) {}, "The rate is 50 % of what the weakest arm reached"},
		"closing":    {func(r *result.Result) { r.Plan.FIN = true }, "clients close in the usual way (FIN)"},
		"reset":      {func(*result.Result) {}, "clients close by reset (RST)"},
		"few clients": {func(r *result.Result) {
			r.Plan.Clients = 10_000
			each(r, func(x *result.Round) { x.MaxOpen = 1424 })
		}, "Of the clients no more than 1,424 were connected at once"},
		"losses": {func(r *result.Result) { r.Rounds[0].Errors = map[string]int{"reset": 12} }, "✗ 12"},
	} {
		r := made(10, sharedArm, reuseportArm, dispatchArm, controlArm)
		c.change(r)
		text := strings.Join(strings.Fields(tableOf(t, r, TableOptions{})), " ")
		if !strings.Contains(text, c.want) {
			t.Errorf("%s: no %q in\n%s", name, c.want, text)
		}
	}
	few := tableOf(t, made(3, sharedArm, reuseportArm), TableOptions{})
	if !strings.Contains(few, "needs 3 more rounds") || !strings.Contains(few, "too few rounds for a claim") {
		t.Errorf("of 3 rounds:\n%s", few)
	}
}

func each(r *result.Result, do func(*result.Round)) {
	for i := range r.Rounds {
		do(&r.Rounds[i])
	}
}

// A mark stands at its number, and numbers stay aligned.
func TestMarksStandAtTheirNumbers(t *testing.T) {
	r := everything()
	soon, late := 0.03, 0.5
	each(r, func(x *result.Round) {
		if x.NormalAfter != nil {
			x.NormalAfter = &late
		}
		if x.Arm == sharedArm.Name {
			x.NormalAfter = &soon
		}
	})
	text := tableOf(t, r, TableOptions{})
	for _, want := range []string{"✗ 0.5⁵ ", "normal again after 0.03 s"} {
		if !strings.Contains(strings.ReplaceAll(text, "\n", " "), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// A column that there is no room for is named.
func TestLeftOutColumnsAreNamed(t *testing.T) {
	text := tableOf(t, everything(), TableOptions{Width: 80})
	if !strings.Contains(text, "too narrow for sd") {
		t.Errorf("got\n%s", text)
	}
}

func TestNeverNormal(t *testing.T) {
	text := tableOf(t, everything(), TableOptions{})
	if !strings.Contains(text, "not normal again by the end in 1 of 6 rounds") {
		t.Errorf("got\n%s", text)
	}
}
