package report

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"prefork/bench/result"
	"prefork/internal/browsertest"
)

func TestReportInABrowser(t *testing.T) {
	url := saved(t, simulate(8, result.Closed, result.Open))
	b := browsertest.Open(t, url, "file:", 1280, 800)
	for _, width := range []int64{1280, 360} {
		b.Do(chromedp.EmulateViewport(width, 800), chromedp.Navigate(url), chromedp.WaitVisible("#timeline canvas"))
		if got := browsertest.Ask[int64](b, `document.documentElement.scrollWidth`); got > width {
			t.Errorf("at %d px the page is %d px wide", width, got)
		}
		for _, chart := range []string{"throughput", "latency", "workers", "cpu"} {
			if n := browsertest.Ask[int](b, `[...document.querySelectorAll("#`+chart+` .still svg")].filter(s => s.getBoundingClientRect().height > 100 && s.getAttribute("aria-label")).length`); n != 1 {
				t.Errorf("at %d px %d pictures of %s are shown, want 1", width, n, chart)
			}
		}
		rows := map[int64]int{1280: 1, 360: 3}[width] // three pictures beside each other, or one below the other
		if got := browsertest.Ask[[]int](b, `[...document.querySelectorAll(".sights svg")].filter(s => s.getBoundingClientRect().height > 60).map(s => s.closest("section").offsetTop)`); len(got) != 3 || len(slices.Compact(got)) != rows {
			t.Errorf("at %d px the pictures at first sight are at %v, want three in %d rows", width, got, rows)
		}
		if n := browsertest.Ask[int](b, `[...document.querySelectorAll(".live canvas")].filter(c => c.getBoundingClientRect().width > 200).length`); n != 2 {
			t.Errorf("at %d px %d live charts are shown, want 2", width, n)
		}
	}
	checkColumns(t, b)
	checkMoment(t, b)
	checkPrint(t, b)
	checkKeys(t, b)
	b.Check()
}

// checkColumns wants more than two columns beside the arms on a phone, which is what
// the page is shown on.
func checkColumns(t *testing.T, b *browsertest.Tab) {
	t.Helper()
	const seen = `[...document.querySelectorAll(".summary tbody tr:first-child td")].filter(c => c.getBoundingClientRect().right <= innerWidth).length`
	if n := browsertest.Ask[int](b, seen); n < 3 {
		t.Errorf("on a phone %d columns are shown whole, want 3", n)
	}
}

// checkMoment looks for the line's ink on the canvas, above the plot where nothing
// else is drawn.
func checkMoment(t *testing.T, b *browsertest.Tab) {
	t.Helper()
	inked := browsertest.Ask[[]int](b, `(() => {
		const c = document.querySelector("#timeline canvas"), d = c.getContext("2d").getImageData(0, 2, c.width, 1).data;
		return [...Array(c.width).keys()].filter(x => d[4 * x + 3] > 100);
	})()`)
	at := browsertest.Ask[float64](b, `(() => { // the plot's left end, and half of its 4 s
		const over = document.querySelector("#timeline .u-over");
		return (over.offsetLeft + over.offsetWidth / 2) * devicePixelRatio;
	})()`)
	if len(inked) == 0 || float64(inked[0]) < at-3 || float64(inked[0]) > at+3 {
		t.Errorf("the moment is drawn at %v, want about %.0f", inked, at)
	}
}

// checkPrint wants the pictures on paper, on white whatever the screen is like.
func checkPrint(t *testing.T, b *browsertest.Tab) {
	t.Helper()
	dark := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}
	emulate(t, b, emulation.SetEmulatedMediaParams{Media: "print", Features: dark})
	if got := browsertest.Ask[string](b, `getComputedStyle(document.body).backgroundColor`); got != "rgb(255, 255, 255)" {
		t.Errorf("paper is %s", got)
	}
	if n := browsertest.Ask[int](b, `[...document.querySelectorAll(".still .wide svg")].filter(s => s.getBoundingClientRect().height > 50).length`); n != 5 {
		t.Errorf("%d pictures are printed, want 5", n)
	}
	if n := browsertest.Ask[int](b, `[...document.querySelectorAll(".live")].filter(s => s.offsetHeight > 0).length`); n != 0 {
		t.Errorf("%d live charts are printed, want none", n)
	}
	emulate(t, b, emulation.SetEmulatedMediaParams{})
}

func emulate(t *testing.T, b *browsertest.Tab, media emulation.SetEmulatedMediaParams) {
	t.Helper()
	if _, err := chromedp.Call(b.Ctx, emulation.SetEmulatedMedia, media); err != nil {
		t.Fatal(err)
	}
}

// checkKeys reads a chart without a pointer.
func checkKeys(t *testing.T, b *browsertest.Tab) {
	t.Helper()
	const reading = `document.querySelector("#timeline .reading").textContent`
	b.Do(chromedp.Focus("#timeline .plot"), chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.ArrowRight))
	if _, err := chromedp.Run(b.Ctx, chromedp.Poll[bool](reading+` == "0.10 s"`, chromedp.WithPollingTimeout(5*time.Second))); err != nil {
		t.Errorf("two arrow keys lead to %q, want 0.10 s", browsertest.Ask[string](b, reading))
	}
	if got := browsertest.Ask[string](b, `document.querySelector("#timeline output").textContent`); !strings.HasSuffix(got, "µs") {
		t.Errorf("the first arm reads %q there, want microseconds", got)
	}
	b.Do(chromedp.Click("#timeline button"))
	if got := browsertest.Ask[string](b, `document.querySelector("#timeline button").getAttribute("aria-pressed")`); got != "false" {
		t.Errorf("a click on an arm leaves it %q", got)
	}
}

// The load curve draws itself, with a line for each arm that one can read and put out, and has
// the other charts beside it as ever.
func TestCurveInABrowser(t *testing.T) {
	url := saved(t, madeCurve(8, []float64{.2, .4, .6, .8, 1.3}, curveArms...))
	b := browsertest.Open(t, url, "file:", 1280, 800)
	for _, width := range []int64{1280, 360} {
		b.Do(chromedp.EmulateViewport(width, 800), chromedp.Navigate(url), chromedp.WaitVisible("#curve canvas"))
		if got := browsertest.Ask[int64](b, `document.documentElement.scrollWidth`); got > width {
			t.Errorf("at %d px the page is %d px wide", width, got)
		}
		if n := browsertest.Ask[int](b, `document.querySelectorAll("#curve .key button").length`); n != 3 {
			t.Errorf("the key has %d arms, want 3", n)
		}
		for class, name := range map[string]string{"shared": "shared/blocking", "reuseport": "reuseport/hash", "dispatch": "dispatch/round-robin", "lost": "an overload"} {
			if n := inked(t, b, class); n < 20 {
				t.Errorf("at %d px %s has %d dots of ink", width, name, n)
			}
		}
	}
	const reading = `document.querySelector("#curve .reading").textContent`
	b.Do(chromedp.Focus("#curve .plot"), chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.ArrowRight))
	if _, err := chromedp.Run(b.Ctx, chromedp.Poll[bool](reading+` == "40 %: 280/s"`, chromedp.WithPollingTimeout(5*time.Second))); err != nil {
		t.Errorf("two arrow keys lead to %q", browsertest.Ask[string](b, reading))
	}
	if got := browsertest.Ask[string](b, `document.querySelector("#curve output").textContent`); strings.Count(got, " ms") != 2 {
		t.Errorf("the first arm reads %q there, want two times", got)
	}
	b.Do(chromedp.KeyEvent(kb.End))
	if got := browsertest.Ask[string](b, reading); !strings.Contains(got, "reuseport/hash × overload") {
		t.Errorf("at the end it reads %q", got)
	}
	b.Do(chromedp.Click(`#curve button[data-arm="1"]`))
	if n := inked(t, b, "reuseport"); n != 0 {
		t.Errorf("put out, an arm has %d dots of ink", n)
	}
	b.Check()
}

// inked counts the dots of the load curve that have one of the page's colours.
func inked(t *testing.T, b *browsertest.Tab, name string) int {
	t.Helper()
	return browsertest.Ask[int](b, `(() => {
		const [r, g, b] = getComputedStyle(document.documentElement).getPropertyValue("--`+name+`").trim().match(/[0-9a-f]{2}/gi).map(x => parseInt(x, 16));
		const c = document.querySelector("#curve canvas"), copy = new OffscreenCanvas(c.width, c.height).getContext("2d", { willReadFrequently: true });
		copy.drawImage(c, 0, 0);
		const d = copy.getImageData(0, 0, c.width, c.height).data;
		let n = 0;
		for (let i = 0; i < d.length; i += 4) n += d[i + 3] == 255 && Math.abs(d[i] - r) + Math.abs(d[i + 1] - g) + Math.abs(d[i + 2] - b) < 12;
		return n;
	})()`)
}

// TestReportWithoutScripts is of where JavaScript is off: the pictures stand in.
func TestReportWithoutScripts(t *testing.T) {
	text := strings.Replace(rendered(t, simulate(2, result.Open)), `classList.add("js")`, `classList.remove("js")`, 1)
	path := t.TempDir() + "/report.html"
	if err := os.WriteFile(path, []byte(text[:strings.Index(text, `<script type="application/json"`)]), 0o644); err != nil {
		t.Fatal(err)
	}
	b := browsertest.Open(t, "file://"+path, "file:", 1280, 800)
	if h := browsertest.Ask[float64](b, `document.querySelector("#timeline .still svg").getBoundingClientRect().height`); h < 100 {
		t.Errorf("without scripts the timeline is %.0f px high", h)
	}
	b.Check()
}
