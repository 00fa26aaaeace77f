//go:build linux

package lab_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// figure is what stands in a panel under a label.
func figure(panel, label string) string {
	return fmt.Sprintf(`(() => { const d = [...document.querySelectorAll("#%s .numbers > div")].find(d => d.textContent.startsWith(%q)); return Number(d.querySelector("dd").firstChild.data.replaceAll(",", "")); })()`, panel, label)
}

func answered(panel string) string { return number("#" + panel + " .exit .count:last-child b") }

// TestLab does in a browser what a reader does first.
func TestLab(t *testing.T) {
	b := browse(t, open(t), 1280, 800)
	for _, panel := range []string{"shared", "reuseport", "dispatch"} {
		b.Await("connections are seen in "+panel, answered(panel)+" > 20")
		b.Await("dots are drawn in "+panel, inked(panel))
	}
	if gates := ask[string](b, `[...document.querySelectorAll(".gate.across")].map(g => g.closest(".panel").id).join()`); gates != "dispatch" {
		t.Errorf("there is a gate in %q, want it in dispatch alone", gates)
	}

	b.Click(`#all [data-do=stop]`)
	b.Await("connections wait in reuseport", figure("reuseport", "waiting")+" > 60")
	from := ask[int](b, answered("shared"))
	b.Await("shared goes on", fmt.Sprintf("%s > %d", answered("shared"), from+60))
	b.Await("few wait in shared, or none", figure("shared", "waiting")+" < 20")
	b.Await("the stopped worker is marked", `document.querySelectorAll(".worker.asleep").length == 3`)
	b.Click(`#all [data-do=continue]`)
	b.Await("nobody is stopped", `document.querySelectorAll(".worker.asleep").length == 0`)

	b.Click(`#all [data-do=kill-master]`)
	b.Await("the gate is dead", `document.querySelectorAll(".gate.dead").length === 3`)
	b.Await("dispatch loses connections", figure("dispatch", "lost")+" > 50")
	for _, panel := range []string{"shared", "reuseport"} {
		from := ask[int](b, answered(panel))
		b.Await(panel+" goes on", fmt.Sprintf("%s > %d", answered(panel), from+60))
	}
	b.Await("dispatch answers nobody while shared answers sixty", fmt.Sprintf(`((shared, dispatch) => {
		if (window.silent?.dispatch !== dispatch) window.silent = { shared, dispatch };
		return shared > silent.shared + 60;
	})(%s, %s)`, answered("shared"), answered("dispatch")))
	b.Click(`#all [data-do=start]`)
	b.Await("dispatch speaks again", answered("dispatch")+" > 20 && !document.querySelector('.gate.dead')")
	b.Check()
}

// inked says whether a canvas has something on it. It looks at a copy: the browser
// complains of a canvas that is read again and again.
func inked(panel string) string {
	return fmt.Sprintf(`(c => {
		if (!c || !c.width) return false;
		const copy = new OffscreenCanvas(c.width, c.height).getContext("2d", {willReadFrequently: true});
		copy.drawImage(c, 0, 0);
		return copy.getImageData(0, 0, c.width, c.height).data.some(v => v);
	})(document.querySelector("#%s canvas"))`, panel)
}

// TestTour takes the first tour to its end.
func TestTour(t *testing.T) {
	b := browse(t, open(t)+"/?tour=hello", 1280, 800)
	for _, choice := range []int{1, 2} {
		b.guess(choice)
		b.Await("the numbers are there", revealed)
		if n := ask[int](b, `document.querySelectorAll("#guide tbody tr").length`); n != 3 {
			t.Errorf("there are %d numbers, want one for each strategy", n)
		}
		b.Click("#tour-next")
		b.Await("the focus is on the new heading", `document.activeElement.matches("#guide h2")`)
	}
	b.Await("the tour is over", `!!document.querySelector("#tour-end")`)
	b.Click("#tour-end")
	b.Await("the lab is free", `document.querySelector("#guide").hidden && !document.querySelector(".aside")`)
	b.Check()
}

// TestPagesFit looks at the page on several screens, and without a mouse.
func TestPagesFit(t *testing.T) {
	b := browse(t, open(t), 1280, 800)
	b.Await("there are results", answered("dispatch")+" > 20")
	for _, width := range []int64{360, 768, 1280, 1920} {
		b.Do(chromedp.EmulateViewport(width, 800))
		if got := ask[int64](b, `document.documentElement.scrollWidth`); got > width {
			t.Errorf("at %d px the page is %d px wide", width, got)
		}
		if spilt := ask[string](b, `[...document.querySelectorAll(".panel, .controls, .numbers, .worker")].filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.className).join()`); spilt != "" {
			t.Errorf("at %d px something is cut off: %s", width, spilt)
		}
	}
	if nameless := ask[string](b, `[...document.querySelectorAll("button, select, input")].filter(e => e.offsetParent && !(e.textContent.trim() || e.getAttribute("aria-label") || e.labels?.length)).map(e => e.outerHTML).join()`); nameless != "" {
		t.Errorf("controls without a name: %s", nameless)
	}
	b.Do(chromedp.Focus("#rate"), chromedp.KeyEvent(kb.ArrowRight))
	b.Await("an arrow key has changed the rate", `document.querySelector("#rate-out").textContent == "300 a second"`)
	b.Check()
}

// TestReducedMotion has dots fly, and then the reader ask the system for less motion:
// from then on a canvas is empty while nobody waits, and all numbers go on.
func TestReducedMotion(t *testing.T) {
	b := browse(t, open(t), 1280, 800)
	ask[bool](b, `(fetch("settings", {method: "POST", body: '{"rate":300,"service":"fixed:100us"}'}), true)`)
	b.Await("dots are drawn", answered("shared")+" > 100 && "+inked("shared"))
	b.Prefer("prefers-reduced-motion", "reduce")
	b.Await("none is", "!"+inked("shared"))
	from := ask[int](b, answered("shared"))
	b.Await("the numbers go on", fmt.Sprintf("%s > %d", answered("shared"), from+100))
	b.Await("and still none is", "!"+inked("shared"))
	b.Check()
}

// TestReconnect has the lab end and another begin at the same address: the page goes
// on with what that one says.
func TestReconnect(t *testing.T) {
	first := openAt(t, "127.0.0.1:0")
	b := browse(t, first.url, 1280, 800)
	b.Await("there are results", answered("shared")+" > 20")
	ask[bool](b, `(fetch("settings", {method: "POST", body: '{"rate":100}'}), true)`)
	b.Await("the rate is shown", `document.querySelector("#rate-out").textContent == "100 a second"`)
	first.end()
	b.Await("the page says that it is alone", `document.querySelector("#link").classList.contains("off")`)
	openAt(t, strings.TrimPrefix(first.url, "http://"))
	b.Await("it shows the new lab's state", `document.querySelector("#rate-out").textContent == "200 a second" && !document.querySelector("#link").classList.contains("off")`)
	from := ask[int](b, answered("shared"))
	b.Await("it goes on", fmt.Sprintf("%s > %d", answered("shared"), from+20))
}

// TestTourIsBrokenOff has somebody else do something while a tour asks, and while it
// waits, and then the lab die: the guide says so, and one can go on.
func TestTourIsBrokenOff(t *testing.T) {
	first := openAt(t, "127.0.0.1:0")
	b := browse(t, first.url, 1280, 800)
	b.Await("there are results", answered("shared")+" > 20")
	const goesOn = ` && !document.querySelector("#tour-again").hidden && document.querySelector("#tour-next").ariaDisabled == "false"`
	says := func(words string) string {
		return fmt.Sprintf(`document.querySelector("#guide .status.off")?.textContent.includes(%q)`, words) + goesOn
	}
	b.tour("killed")
	b.Await("a guess can be made", guessable)
	post204(t, first.url, "/act", `{"do":"start"}`)
	b.Await("the guide says what was done", says("started again"))
	b.Click("#tour-again")
	b.guess(1)
	b.Await("a worker is stopped", `!!document.querySelector(".worker.asleep")`)
	post204(t, first.url, "/settings", `{"rate":151}`)
	b.Await("the guide says what has changed", says("151/s"))
	b.Click("#tour-again")
	b.Await("a guess can be made", guessable)
	first.end()
	b.Await("the guide says that nobody answers", says("does not answer"))
	openAt(t, strings.TrimPrefix(first.url, "http://"))
	b.Await("there is a lab again", `!document.querySelector("#link").classList.contains("off")`)
	b.Click("#tour-again")
	b.guess(1)
	b.Await("a worker is stopped", `!!document.querySelector(".worker.asleep")`)
	b.Click("#tour-leave")
	b.Await("nobody is left stopped", answered("shared")+` > 20 && !document.querySelector(".worker.asleep")`)
}

// TestGuideStandsStill looks whether what a tour is about is to be seen beside it, and
// stays where it is.
func TestGuideStandsStill(t *testing.T) {
	b := browse(t, open(t)+"/?tour=hello", 1280, 800)
	const where = `["#guide", "#panels", "#chart"].map(s => document.querySelector(s).getBoundingClientRect()).map(r => [r.top, r.bottom].map(Math.round).join("-")).join(" ")`
	b.Await("a guess can be made", guessable)
	asked := ask[string](b, where)
	b.guess(2)
	b.Await("the numbers are there", revealed)
	if told := ask[string](b, where); told != asked {
		t.Errorf("with the numbers things are at %s, before at %s", told, asked)
	}
	if ask[bool](b, guideCut) {
		t.Error("the guide has not room for its numbers")
	}
	if bottom := ask[float64](b, `document.querySelector("#chart").getBoundingClientRect().bottom`); bottom > 800 {
		t.Errorf("the chart ends at %g px, below the screen", bottom)
	}
	b.Do(chromedp.EmulateViewport(390, 844))
	b.Click("#tour-next")
	b.guess(2)
	b.Await("the guide is folded, and its panel seen", `document.querySelector("#guide").offsetHeight < 100 && (r => r.top > 0 && r.bottom <= 844)(document.querySelector("#dispatch").getBoundingClientRect())`)
	b.Await("the numbers are there", revealed)
	b.Click("#tour-show")
	b.Await("the numbers are seen", `document.querySelector("#guide table").getBoundingClientRect().bottom < 844`)
	b.Click("#tour-next")
	b.Await("the tour is over", `!!document.querySelector("#tour-end")`)
	b.Click("#tour-end")
	b.Await("the lab is not left without load", answered("shared")+" > 20")
	b.Check()
}

// TestWithoutAMouse uses the keyboard, and what is read out.
func TestWithoutAMouse(t *testing.T) {
	b := browse(t, open(t), 1280, 800)
	b.Await("there are results", answered("dispatch")+" > 20")
	b.Do(chromedp.Focus("#tours"), chromedp.KeyEvent(kb.ArrowDown))
	b.Await("another tour is chosen", `document.querySelector("#tours").value == "deal-or-pile"`)
	b.Do(chromedp.Focus("#shared [data-way=accept]"), chromedp.KeyEvent(kb.ArrowDown))
	b.Await("a way is chosen", `document.querySelector("#shared [data-way=accept]").dataset.pending == ""`)
	b.Do(chromedp.KeyEvent(kb.Enter))
	b.Await("it is applied", `document.querySelector("#shared [data-way=accept]").dataset.pending === undefined && `+answered("shared")+" > 20")
	if !ask[bool](b, `document.querySelector("#guide").hidden`) {
		t.Error("to choose a tour has started it")
	}
	b.Click(`#all [data-do=stop]`)
	b.Await("what is not possible is not offered", `document.querySelector("#all [data-do=stop]").ariaDisabled == "true" && document.querySelector("#all [data-do=continue]").ariaDisabled == "false"`)
	b.Do(chromedp.Focus("#more"))
	for n := 5; n <= 8; n++ {
		b.Do(chromedp.KeyEvent(kb.Enter))
		b.Await("there is one worker more", fmt.Sprintf(`document.querySelectorAll("#shared .worker").length == %d`, n))
	}
	if ask[string](b, `document.activeElement.id`) != "more" {
		t.Error("with the last worker the focus is lost")
	}
	names := `[...document.querySelectorAll("button, [role=group]")].filter(e => e.offsetParent).map(e => e.ariaLabel || e.textContent)`
	if twice := ask[string](b, `(all => all.filter((n, i) => n && all.indexOf(n) < i).join())(`+names+`)`); twice != "" {
		t.Errorf("the same name twice: %s", twice)
	}
	if n := ask[int](b, `document.querySelectorAll("output, [role=status], [aria-live]").length`); n != 1 {
		t.Errorf("%d places speak, want one", n)
	}
	if text := ask[string](b, `document.querySelector("#rate").getAttribute("aria-valuetext")`); text != "200 a second" {
		t.Errorf("the rate is read out as %q", text)
	}
	b.Check()
}

// TestWhatIsDrawn asks the page's own code: no line leads through times in which nothing
// was measured, and a lane has no more rings than there is room for.
func TestWhatIsDrawn(t *testing.T) {
	b := browse(t, open(t), 1280, 800)
	b.Await("there are results", answered("dispatch")+" > 20")
	ask[bool](b, `(Promise.all([import("/chart.js"), import("/flow.js")]).then(([chart, flow]) => { window.chart = chart; window.flow = flow; }), true)`)
	b.Await("there is code", `!!window.flow`)
	if got := ask[string](b, `JSON.stringify(chart.withGaps([[1000, 5], [2000, 6], [9000, 7]]))`); got != "[[1000,5],[2000,6],[3000],[9000,7]]" {
		t.Errorf("points with a gap are drawn as %s", got)
	}
	if got := ask[string](b, `JSON.stringify([chart.bounds(4200, 4e6), chart.bounds(5e3, 6e3), chart.bounds(null, null), chart.ticks(2000, 5e6, 20), chart.ticks(2000, 5e6, 8), chart.ticks(2000, 5e6, 4), chart.ticks(2000, 5e6, 1)])`); got != "[[2000,5000000],[5000,50000],[1000,100000],[2000,5000,10000,20000,50000,100000,200000,500000,1000000,2000000,5000000],[3000,10000,30000,100000,300000,1000000,3000000],[10000,100000,1000000],[10000,1000000]]" {
		t.Errorf("axes and their lines are %s", got)
	}
	if got := ask[string](b, `[0, 90, 91, 364].map(n => flow.rings(n, {columns: 9, rows: 10})).join()`); got != "0,90,81,81" {
		t.Errorf("%s rings, want as many as there is room for, less a row if there is not", got)
	}
}

// TestGenerations has workers replaced, and looks which is the second in its place.
func TestGenerations(t *testing.T) {
	b := browse(t, open(t), 1280, 800)
	b.Await("there are results", answered("dispatch")+" > 20")
	const all = `[...document.querySelectorAll(".worker .generation")].map(e => e.textContent).join()`
	const one, two = ",,,,,,,,,,,", "2nd,2nd,2nd,2nd,2nd,2nd,2nd,2nd,2nd,2nd,2nd,2nd"
	b.Await("all are the first", fmt.Sprintf("%s == %q", all, one))
	ask[bool](b, `(import("/live.js").then(m => { window.live = m; }), true)`)
	b.Await("it is known who they are", `!!window.live && Object.values(live.lab.panels).every(p => p.pids.length == 4)`)
	post204(t, url(b), "/act", `{"do":"reset"}`)
	b.Click(`#all [data-do=reload]`)
	b.Await("all are the second", fmt.Sprintf("%s == %q", all, two))
	b.Click(`#all [data-do=start]`)
	b.Await("all are the first again", fmt.Sprintf("%s == %q", all, one))
	b.Check()
}
