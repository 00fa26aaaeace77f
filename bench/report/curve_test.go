package report

import (
	"encoding/csv"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"prefork/bench/result"
	"prefork/internal/ink"
)

var curveArms = []result.Arm{sharedArm, reuseportArm, dispatchArm, controlArm}

// A load curve has an arm a row and a load a column, says who differs, who has fallen behind
// and what a share is of, and fits into a terminal.
func TestBriefOfACurve(t *testing.T) {
	r := madeCurve(10, []float64{.2, .4, .6, .8, 1.3}, curveArms...)
	var out strings.Builder
	if err := Brief(&out, r, BriefOptions{}); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, want := range []string{
		"20 %       40 %       60 %       80 %      130 %",
		"typical answer   140/s      280/s      420/s      560/s      910/s",
		"\nslowest 1 % waits over\n", "\nreuseport      4.", "▲", "overload", "×\n",
		"▲▼ different from shared", "overload: it fell behind",
		"100 % is 700/s, which the weakest arm reached in a closed loop.",
		"Times are judged at 80 %:",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, not := range []string{"NaN", "Inf", "again", "too few"} {
		if strings.Contains(text, not) {
			t.Errorf("%q in\n%s", not, text)
		}
	}
	within(t, text, briefWidth)
}

func within(t *testing.T, text string, width int) {
	t.Helper()
	for line := range strings.Lines(text) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

// As many loads as there may be, and as many arms of long names, take several blocks.
func TestCurveOfManyLoads(t *testing.T) {
	var shares []float64
	for n := range 20 {
		shares = append(shares, float64(n+1)/20)
	}
	r := madeCurve(2, shares, append(manyArms(), dispatchArm)...)
	lines := curveLines(r, ink.Paint(false), 80)
	within(t, strings.Join(lines, "\n"), 80)
	if n := strings.Count(strings.Join(lines, "\n"), "100 %"); n != 1 {
		t.Errorf("the last load is there %d times", n)
	}
	if lines := curveLines(r, ink.Paint(false), 10); len(lines) == 0 {
		t.Error("nothing in a narrow terminal")
	}
	if text := strings.Join(curveLines(r, ink.Paint(true), 80), "\n"); !strings.Contains(text, "\x1b[") {
		t.Error("no colours")
	}
}

// What there were too few answers for is not shown, and what would do is said.
func TestCurveOfFewAnswers(t *testing.T) {
	r := madeCurve(2, []float64{.2, .8}, curveArms...)
	var out strings.Builder
	if err := Brief(&out, r, BriefOptions{}); err != nil {
		t.Fatal(err)
	}
	if want := "--length 4s would do at 140/s"; !strings.Contains(strings.ReplaceAll(out.String(), "\n", " "), want) {
		t.Errorf("no %q in\n%s", want, out.String())
	}
	r = madeCurve(1, []float64{.2, .8}, curveArms...)
	for _, b := range curveBlocks(r) {
		if b.metric != "p50" {
			t.Errorf("140 and 560 answers tell %s", b.metric)
		}
	}
}

// What a busy machine has spoilt is drawn, and marked as such.
func TestRoughCurve(t *testing.T) {
	r := madeCurve(6, []float64{.2, .8}, curveArms...)
	for i := range r.Rounds {
		if x := &r.Rounds[i]; x.Load == "80%" {
			x.Doubts = result.Doubts(map[string]float64{"neighbours": 60})
		}
	}
	r.Summarise()
	for _, row := range curveBlocks(r)[0].rows {
		if row.cells[0].mark == "~" || row.cells[1].mark != "~" {
			t.Errorf("%+v", row)
		}
	}
	text := svgOf(t, r, "curve.svg")
	if n := strings.Count(text, `class="mark hollow`); n != 6 {
		t.Errorf("%d hollow marks, want those of three arms in two panels", n)
	}
	v := newView(r)
	if caption := v.curveCaption(v.panels()); !strings.Contains(caption, "hollow mark is rough") {
		t.Error(caption)
	}
}

// One lost request does not hide what is known.
func TestMarksBesideEachOther(t *testing.T) {
	for _, c := range []struct{ finding, loss, want string }{
		{"▲", "", "▲"}, {"▲", "×", "▲×"}, {"▲?", "", "▲?"}, {"▲?", "×", "×"}, {"", "×", "×"}, {"", "", ""},
	} {
		if got := beside(c.finding, c.loss); got != c.want {
			t.Errorf("%q and %q: %q, want %q", c.finding, c.loss, got, c.want)
		}
	}
}

// Where nothing was measured at all it says why.
func TestCurveOfNothing(t *testing.T) {
	r := madeCurve(6, []float64{.2, .8}, curveArms...)
	for i := range r.Rounds {
		if x := &r.Rounds[i]; x.Phase == result.Open {
			x.Latency, x.Requests = result.Latency{}, 0
			x.Doubts = result.Doubts(map[string]float64{"late": 100})
		}
	}
	r.Summarise()
	var out strings.Builder
	if err := Brief(&out, r, BriefOptions{}); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), " missed"); n != 6 || !strings.Contains(out.String(), "missed: the load generator") {
		t.Errorf("%d times missed in\n%s", n, out.String())
	}
	if err := HTML(io.Discard, r); err != nil {
		t.Error(err)
	}
	if text := svgOf(t, r, "curve.svg"); strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
		t.Error(text)
	}
}

// What was lost has a mark besides its colour.
func TestCurveOfLosses(t *testing.T) {
	r := madeCurve(6, []float64{.2, .8}, curveArms...)
	for i := range r.Rounds {
		if x := &r.Rounds[i]; x.Load == "80%" && x.Arm == "dispatch/round-robin" {
			x.Errors = map[string]int{"reset": 7}
		}
	}
	r.Summarise()
	row := curveBlocks(r)[0].rows[2]
	if got := row.cells[1]; got.mark != "▲×" || !got.alarm || strings.Contains(row.cells[0].mark, "×") {
		t.Errorf("%+v", row)
	}
	if picture := svgOf(t, r, "curve.svg"); !strings.Contains(picture, "42 lost") || !strings.Contains(picture, `class="lost"`) {
		t.Error("the picture has no sign of it")
	}
}

func svgOf(t *testing.T, r *result.Result, name string) string {
	t.Helper()
	for _, picture := range SVGs(r) {
		if picture.Name == name {
			return string(picture.SVG)
		}
	}
	t.Fatalf("no %s", name)
	return ""
}

// The picture is well-formed, has each arm's line and marks but for the twin's, and the
// overloads; without a curve there is none.
func TestCurvePicture(t *testing.T) {
	r := madeCurve(8, []float64{.2, .5, .9, 1.3}, curveArms...)
	text := svgOf(t, r, "curve.svg")
	for parser := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := parser.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for what, want := range map[string]int{
		`class="band shared"`: 2, `class="band reuseport"`: 2, `class="band dispatch"`: 2,
		"shared/blocking: overload at 910/s": 2, "shared/blocking#2": 0, "NaN": 0, "work exp:5ms · 4 workers · 2 CPUs": 1,
	} {
		if got := strings.Count(text, what); got != want {
			t.Errorf("%d × %s, want %d", got, what, want)
		}
	}
	for _, picture := range SVGs(made(6, sharedArm, dispatchArm)) {
		if picture.Name == "curve.svg" {
			t.Error("a run with one rate has a load curve")
		}
	}
}

func TestMarkdownOfACurve(t *testing.T) {
	var out strings.Builder
	if err := Markdown(&out, madeCurve(10, []float64{.2, .9, 1.3}, curveArms...)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| typical answer | 20 % 140/s | 90 % 630/s | 130 % 910/s |\n| --- | ---: | ---: | ---: |\n",
		"\n| slowest 1 % waits over |", "| overload |\n", "ms ▲ (", "▲▼ different from shared; ",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

// A line of CSV, a benchmark and a file of percentiles say of which load they are.
func TestCurveInOtherForms(t *testing.T) {
	r := madeCurve(2, []float64{.2, .9}, sharedArm, dispatchArm)
	var out strings.Builder
	if err := CSV(&out, r); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at, loads := slices.Index(lines[0], "load"), map[string]int{}
	for _, line := range lines[1:] {
		loads[line[at]]++
	}
	if loads[""] != 4 || loads["20%"] != 4 || loads["90%"] != 4 {
		t.Errorf("lines by load: %v", loads)
	}
	out.Reset()
	if err := GoBench(&out, r); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "BenchmarkWork/phase=open/load=20%/arm=") + strings.Count(out.String(), "/load=90%/"); n != 8 {
		t.Errorf("%d benchmarks of the open loop in\n%s", n, out.String())
	}
	dir := t.TempDir()
	if err := Hgrm(dir, r); err != nil {
		t.Fatal(err)
	}
	if name := hgrmName(result.Open, "20%", "shared/blocking"); name != "open-20%-shared-blocking.hgrm" {
		t.Errorf("a file would be called %s", name)
	}
	if found, _ := os.ReadDir(filepath.Clean(dir)); len(found) != 0 {
		t.Errorf("files of rounds without histograms: %v", found)
	}
}

// What measures it again says all the rates.
func TestCommandOfACurve(t *testing.T) {
	r := madeCurve(2, []float64{.2, .55, 1.2}, sharedArm)
	if got := command(r); !strings.Contains(got, " --rate 20%,55%,120% ") {
		t.Error(got)
	}
}
