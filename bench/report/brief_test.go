package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"prefork/bench/result"
)

func briefOf(t *testing.T, r *result.Result, o BriefOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := Brief(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// tables are results that a brief has to fit.
func tables() map[string]*result.Result {
	disturbed := made(10, sharedArm, reuseportArm, dispatchArm, controlArm)
	for i := range disturbed.Rounds {
		disturbed.Rounds[i].Doubts = []result.Doubt{{Reason: "steal", Size: 18, Spoils: []string{"throughput", "p50", "p99"}}}
	}
	disturbed.Summarise()
	return map[string]*result.Result{
		"usual":     made(10, sharedArm, reuseportArm, dispatchArm, controlArm),
		"quick":     made(3, sharedArm, reuseportArm, dispatchArm),
		"disturbed": disturbed,
	}
}

// Three arms take a screen of 24 lines and 80 columns, and whatever is narrower still
// reads: no word is lost.
func TestBriefFits(t *testing.T) {
	for name, r := range tables() {
		wide := briefOf(t, r, BriefOptions{})
		if n := strings.Count(wide, "\n"); n > 24 {
			t.Errorf("%s: %d lines:\n%s", name, n, wide)
		}
		for _, width := range []int{36, 50, 80, 200} {
			for _, line := range strings.Split(briefOf(t, r, BriefOptions{Width: width}), "\n") {
				if n := utf8.RuneCountInString(line); n > min(width, 106) {
					t.Errorf("%s, %d columns: %d in %q", name, width, n, line)
				}
			}
		}
		plain := briefOf(t, r, BriefOptions{ASCII: true})
		for _, c := range plain {
			if c > 126 {
				t.Errorf("%s: %q in ASCII", name, c)
			}
		}
		bold := regexp.MustCompile("\x1b\\[[0-9;]*m")
		if got := bold.ReplaceAllString(briefOf(t, r, BriefOptions{Color: true}), ""); got != wide {
			t.Errorf("%s: with colours it says\n%s\nwithout\n%s", name, got, wide)
		}
	}
}

// Where the terminal is wide enough the first number has a bar beside it, and nothing else
// changes.
func TestBriefHasBarsWhereThereIsRoom(t *testing.T) {
	r := made(10, sharedArm, reuseportArm, dispatchArm, controlArm)
	bar := regexp.MustCompile(` +[█▏▎▍▌▋▊▉]+$`)
	var lengths []int
	var without []string
	for _, line := range strings.Split(briefOf(t, r, BriefOptions{Width: 120}), "\n") {
		if m := bar.FindString(line); m != "" {
			lengths = append(lengths, utf8.RuneCountInString(strings.TrimSpace(m)))
		}
		without = append(without, strings.TrimRight(bar.ReplaceAllString(line, ""), " "))
	}
	if len(lengths) != 3 || lengths[2] != longestBar || lengths[0] < longestBar/3 || lengths[0] > 2*longestBar/3 {
		t.Errorf("bars of %v, want one for each arm, the longest of %d", lengths, longestBar)
	}
	narrow := strings.Split(briefOf(t, r, BriefOptions{Width: 80}), "\n")
	for i := range narrow {
		if !strings.HasPrefix(without[i], narrow[i]) {
			t.Errorf("with bars it says\n%s\nwithout\n%s", without[i], narrow[i])
		}
	}
}

func TestNoiseText(t *testing.T) {
	for noise, want := range map[float64]string{0: "", 1.05: "± 5 %", 2.5: "± 150 %", 4: "× ÷ 4.0", 958: "", math.Inf(1): ""} {
		if got := noiseText(noise); got != want {
			t.Errorf("%v: got %q, want %q", noise, got, want)
		}
	}
}

func TestBriefSays(t *testing.T) {
	text := briefOf(t, made(10, sharedArm, reuseportArm, dispatchArm, controlArm), BriefOptions{})
	for _, want := range []string{
		`(?m)^hello · 4 workers · 10 rounds`,
		`(?m)^shared/blocking +\d\S* µs +\d\d,\d00 +\d\S* µs +\d\S* µs$`,
		`(?m)^reuseport/hash +(\S ?\d+ %| +0 %) = +`,
		`(?m)^dispatch/round-robin +\+\d\d % ▲ +−\d\d % ▼`,
		`(?m)^the same server twice +± +\d+ %`,
		`▲▼ different   = same within 10 %`,
		`(?m)^reuseport: the same, within 10 %, in all that is judged\.`,
		`(?m)^dispatch costs \d+ % more processor time for each connection \(\d+–\d+ %\),`,
	} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	disturbed := briefOf(t, tables()["disturbed"], BriefOptions{})
	for _, want := range []string{"DISTURBED: 18 % of the processors", `~ rough, not judged`, "dispatch costs"} {
		if !strings.Contains(disturbed, want) {
			t.Errorf("no %q in:\n%s", want, disturbed)
		}
	}
}

// What is printed is what the JSON has: each percentage is the quotient of its value and
// that of the baseline.
func TestBriefAgreesWithJSON(t *testing.T) {
	r := made(10, sharedArm, reuseportArm, dispatchArm, controlArm)
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var read struct {
		Comparisons []struct {
			Metric, Arm, Phase string
			Value, Base, Ratio float64
		}
	}
	if err := json.Unmarshal(b.Bytes(), &read); err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^dispatch/round-robin +([+−]) *(\d+) %`).FindStringSubmatch(briefOf(t, r, BriefOptions{}))
	if line == nil {
		t.Fatal("no line of dispatch")
	}
	percent, _ := strconv.ParseFloat(line[2], 64)
	found := false
	for _, c := range read.Comparisons {
		if math.Abs(c.Value/c.Base-c.Ratio) > 1e-9 {
			t.Errorf("%s of %s: %v of %v is not %v", c.Metric, c.Arm, c.Value, c.Base, c.Ratio)
		}
		if c.Metric == "cpu_server" && c.Arm == dispatchArm.Name && c.Phase == result.Closed {
			found = true
			if printed, want := line[1]+fmt.Sprint(percent), fmt.Sprintf("+%.0f", 100*(c.Value/c.Base-1)); printed != want {
				t.Errorf("printed %s, in the JSON it is %s", printed, want)
			}
		}
	}
	if !found {
		t.Error("nothing of dispatch in the JSON")
	}
}
