package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"html"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"prefork/bench/result"
)

func rendered(t *testing.T, r *result.Result) string {
	t.Helper()
	var out bytes.Buffer
	if err := HTML(&out, r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// between cuts out what stands between two pieces of text.
func between(t *testing.T, text, from, to string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, from)
	inside, _, ended := strings.Cut(rest, to)
	if !found || !ended {
		t.Fatalf("no %q … %q", from, to)
	}
	return inside
}

func TestHTMLHasEverything(t *testing.T) {
	r := simulate(8, result.Closed, result.Open)
	void(r, 3, "the load generator was late")
	text := rendered(t, r)
	for _, want := range []string{
		`id="throughput"`, `id="latency"`, `id="timeline"`, `id="workers"`, `id="cpu"`,
		"In numbers", "Against shared/blocking", "A/A noise", "the load generator was late",
		"Simulated", "somaxconn", `<span class="flag">--seed</span> 7 <span class="flag">--workload</span> hello`, "stuck-worker, 2 s",
		"The MIT License", // uPlot's, which its copies must carry
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, verdict := range paragraphs(r.Verdict()) {
		if start, _, _ := strings.Cut(verdict, ","); !strings.Contains(text, start) {
			t.Errorf("the page lacks the verdict %q", start)
		}
	}
}

// A page opens with what the terminal prints, number for number, and three pictures of what
// decides in that run.
func TestHTMLOpensWithTheBrief(t *testing.T) {
	steady := made(10, sharedArm, reuseportArm, dispatchArm, controlArm)
	long := made(10, sharedArm, reuseportArm)
	long.Plan.Workload, long.Plan.Requests = "long-lived", -1
	each(long, func(x *result.Round) {
		for i := range x.Workers {
			x.Workers[i].MaxOpen = 100 + i*x.Round
		}
	})
	long.Summarise()
	for name, c := range map[string]struct {
		r        *result.Result
		pictures string
	}{
		"steady":     {steady, "cost capacity answers"},
		"stuck":      {simulate(8, result.Closed, result.Open), "harm moments capacity"}, // it is too old to tell who answered
		"stuck, new": {after(simulate(8, result.Open)), "harm aftermath moments"},
		"long-lived": {long, "held cost capacity"},
	} {
		text := rendered(t, c.r)
		var pictures []string
		sights := between(t, text, `<div class="sights">`, `<section aria-labelledby="verdict"`)
		for _, m := range regexp.MustCompile(`<figure id="(\w+)">`).FindAllStringSubmatch(sights, -1) {
			pictures = append(pictures, m[1])
		}
		if got := strings.Join(pictures, " "); got != c.pictures {
			t.Errorf("%s opens with %q, want %q", name, got, c.pictures)
		}
		opening, _, _ := strings.Cut(text, `<div class="sights">`)
		seen := html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(opening, ""))
		words := strings.Join(strings.Fields(seen), " ")
		for line := range strings.Lines(briefOf(t, c.r, BriefOptions{})) {
			for _, word := range strings.Fields(line) {
				if !strings.Contains(words, word) && !strings.HasPrefix(line, "more:") && word != "PARTIAL:" && word != "DISTURBED:" {
					t.Errorf("%s: the terminal says %q, and the page does not open with it:\n%s", name, word, words)
				}
			}
		}
	}
}

// after has it known who answered after one worker was stopped.
func after(r *result.Result) *result.Result {
	each(r, func(x *result.Round) {
		for i := range x.Workers {
			x.Workers[i].After, x.Workers[i].Struck = 100, i == 1
			if i == 1 {
				x.Workers[i].AfterStalled = 100
			}
		}
	})
	return r
}

// Where one worker is stopped, what it answered too late is seen, and whose it was.
func TestWorkersAfterTheMoment(t *testing.T) {
	v := newView(after(simulate(8, result.Open)))
	all, _ := v.deals()
	for _, s := range all[0].shares {
		if want := map[bool]float64{true: s.mean, false: 0}[s.slot == 1]; math.Abs(s.stalled-want) > 1e-9 || s.struck != (s.slot == 1) {
			t.Errorf("slot %d: %+v", s.slot, s)
		}
	}
	f, _ := workersFigure(v)
	if f.Title != "Who answered after one worker was stopped" || !strings.Contains(f.Words, "too late") {
		t.Errorf("got %q, %q", f.Title, f.Words)
	}
	picture := f.draw(wide).body
	for _, want := range []string{`class="bar harmed"`, `class="lost"`, ">stopped<"} {
		if !strings.Contains(picture, want) {
			t.Errorf("the picture lacks %q", want)
		}
	}
}

// A round of which some does not count says why.
func TestHTMLOnDoubtfulRounds(t *testing.T) {
	r := simulate(6, result.Open)
	each(r, func(x *result.Round) {
		if x.Round == 3 && x.Arm == "nginx" {
			x.Doubts = spoilt("too late")
		}
	})
	text := rendered(t, r)
	for _, want := range []string{"In 1 of 6 rounds something was disturbed and does not count.", "round 3, open loop<br>nginx: too late</li>"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// The page has room for what a terminal has not.
func TestHTMLHasMoreNumbers(t *testing.T) {
	r := made(8, sharedArm, reuseportArm)
	peak := 7
	each(r, func(x *result.Round) { x.QueuePeak, x.Connect = &peak, result.Latency{N: 1000, P99: 123} })
	r.Summarise()
	text := rendered(t, r)
	for _, want := range []string{">connect p99<small>µs", ">queue<small>peak", "<td>123</td><td>7</td>"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if text := tableOf(t, r, TableOptions{}); strings.Contains(text, "connect p99") || strings.Contains(text, "queue ") {
		t.Errorf("the table has them too:\n%s", text)
	}
}

func void(r *result.Result, round int, reason string) {
	for i := range r.Rounds {
		if r.Rounds[i].Round == round && r.Rounds[i].Phase == result.Open {
			r.Rounds[i].Doubts = spoilt(reason)
		}
	}
}

func TestHTMLEscapesNames(t *testing.T) {
	text := rendered(t, simulate(2, result.Closed, result.Open))
	if strings.Contains(text, "<script>alert") {
		t.Error("an arm's name became a script")
	}
	if scripts := strings.Count(text, "</script>"); scripts != 4 {
		t.Errorf("%d scripts end, want 4", scripts)
	}
	var data liveData
	if err := json.Unmarshal([]byte(between(t, text, `<script type="application/json" id="data">`, "</script>")), &data); err != nil {
		t.Fatalf("the data is not JSON: %v", err)
	}
	if got := data.Arms[5].Name; got != hostile {
		t.Errorf("the arm came out as %q, want %q", got, hostile)
	}
}

func TestSVGsAreXML(t *testing.T) {
	pictures := SVGs(simulate(8, result.Closed, result.Open))
	var names []string
	for _, p := range pictures {
		names = append(names, p.Name)
		checkXML(t, p.Name, p.SVG)
		for _, want := range []string{"prefers-color-scheme: dark", "<title", "<desc", "over the rounds"} { // the last is of the caption
			if !bytes.Contains(p.SVG, []byte(want)) {
				t.Errorf("%s lacks %q", p.Name, want)
			}
		}
		if bytes.Contains(p.SVG, []byte("<script")) {
			t.Errorf("%s holds a script", p.Name)
		}
	}
	if got := strings.Join(names, " "); got != "throughput.svg latency.svg timeline.svg workers.svg cpu.svg" {
		t.Errorf("pictures are %s", got)
	}
}

func checkXML(t *testing.T, name string, text []byte) {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(text))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Errorf("%s is not XML: %v", name, err)
			return
		}
	}
}

// TestFewData is of results that were cut short, or hold little to begin with.
func TestFewData(t *testing.T) {
	one := simulate(3, result.Open)
	one.Arms, one.Rounds = one.Arms[:1], one.Rounds[:1]
	invalid := simulate(2, result.Open)
	void(invalid, 1, "late")
	void(invalid, 2, "late")
	invalid.Summarise()
	unsummed := simulate(3, result.Closed)
	unsummed.Partial, unsummed.Summary, unsummed.Comparisons = "interrupted", nil, nil
	infinite := simulate(3, result.Closed)
	for i := range infinite.Summary {
		infinite.Summary[i].CI95 = [2]float64{0, math.Inf(1)}
	}
	infinite.AANoise = map[string][2]float64{"closed/throughput": {0, math.Inf(1)}}
	zero := simulate(3, result.Open)
	for i := range zero.Rounds {
		zero.Rounds[i].Throughput, zero.Rounds[i].Latency, zero.Rounds[i].Workers = 0, result.Latency{}, nil
	}
	zero.Summary = nil
	bare := simulate(2, result.Open)
	bare.Rounds, bare.Summary, bare.Comparisons = nil, nil, nil

	for name, r := range map[string]*result.Result{
		"one arm": one, "all doubtful": invalid, "no summary": unsummed, "no interval": infinite, "zeros": zero,
		"no rounds": bare, "empty": {}, "closed only": simulate(8, result.Closed), "one round": simulate(1, result.Closed, result.Open),
	} {
		t.Run(name, func(t *testing.T) {
			text := rendered(t, r)
			for _, bad := range []string{"NaN", "Inf", "%!", "<no value>"} {
				if body := between(t, text, "<body>", `<script type="application/json"`); strings.Contains(body, bad) {
					t.Errorf("the page shows %s", bad)
				}
			}
			for _, p := range SVGs(r) {
				checkXML(t, p.Name, p.SVG)
			}
		})
	}
}

func TestCommand(t *testing.T) {
	r := simulate(8, result.Closed, result.Open)
	r.Plan.Rate, r.Plan.Share, r.Environment.Namespace = 0, .5, true
	r.Arms = []result.Arm{
		{Name: "shared/blocking@4", Strategy: "shared", Workers: 4},
		{Name: "shared/blocking@32", Strategy: "shared", Workers: 32},
		{Name: "shared/blocking@4#2", Strategy: "shared", Workers: 4, Control: true},
		{Name: "mine@4", Strategy: "peer", Workers: 4, Command: "./mine -p {port} 'x'"},
	}
	want := `prefork bench --seed 7 --workload hello --scenario stuck-worker --phase closed,open --arm shared/blocking --peer 'mine=./mine -p {port} '\''x'\''' --workers 4,32 --baseline shared/blocking --rounds 8 --length 4s --clients 16 --rate 50% --stall 1s --netns`
	if got := command(r); got != want {
		t.Errorf("command is\n%s, want\n%s", got, want)
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{rounded(estimate{mid: 30633, low: 29053, high: 33377}, count), "30,600"},
		{rounded(estimate{mid: 30633, low: 22000, high: 38000}, count), "31,000"},
		{rounded(estimate{mid: 94.42, low: 93.9, high: 95.1}, duration), "94.4 µs"},
		{rounded(estimate{mid: 999960, low: 990000, high: 1010000}, duration), "1.000 s"},
		{rounded(estimate{mid: 5, low: math.NaN(), high: math.NaN()}, count), "5.00"},
		{tick(duration)(2500), "2.5 ms"}, {tick(count)(0), "0"}, {result.Percent(.015), "1.5 %"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

// saved writes the page where a browser can open it.
func saved(t *testing.T, r *result.Result) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, []byte(rendered(t, r)), 0o644); err != nil {
		t.Fatal(err)
	}
	return "file://" + path
}

// Between the first tick and the last there is room for all.
func TestTicksFrameTheValues(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      []float64
	}{
		{95, 380, []float64{50, 100, 200, 500}},
		{100, 1000, []float64{100, 200, 500, 1000}},
		{113, 137189, []float64{100, 300, 1000, 3000, 1e4, 3e4, 1e5, 3e5}},
		{0.3, 1e7, []float64{0.1, 1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7}},
	} {
		got := framed(c.low, c.high, 10)
		if !slices.EqualFunc(got, c.want, func(a, b float64) bool { return math.Abs(a/b-1) < 1e-9 }) {
			t.Errorf("around %v and %v: got %v, want %v", c.low, c.high, got, c.want)
		}
	}
}

func TestFlagsStayWhole(t *testing.T) {
	got := flags(`<b> --fail-if x, dispatch/round-robin --arm`)
	if want := `&lt;b&gt; <span class="flag">--fail-if</span> x, dispatch/round-robin <span class="flag">--arm</span>`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := string(breakable("<a>/b")), "&lt;a&gt;/<wbr>b"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
