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

func answered(panel string) string { return number("#" + panel + " .exit b") }

// TestLab does in a browser what a reader does first.
func TestLab(t *testing.T) {
	b := browse(t, open(t), 1280, 800)
	for _, panel := range []string{"shared", "reuseport", "dispatch"} {
		b.await("connections are seen in "+panel, answered(panel)+" > 20")
		b.await("dots are drawn in "+panel, inked(panel))
	}
	if gates := ask[string](b, `[...document.querySelectorAll(".gate")].map(g => g.closest(".panel").id).join()`); gates != "dispatch" {
		t.Errorf("there is a gate in %q, want it in dispatch alone", gates)
	}

	b.click(`#all [data-do=stop]`)
	b.await("connections wait in reuseport", figure("reuseport", "waiting")+" > 60")
	from := ask[int](b, answered("shared"))
	b.await("shared goes on", fmt.Sprintf("%s > %d", answered("shared"), from+60))
	if n := ask[int](b, figure("shared", "waiting")); n > 20 {
		t.Errorf("%d wait in shared, want none or few", n)
	}
	b.await("the stopped worker is marked", `document.querySelectorAll(".worker.asleep").length == 3`)
	b.click(`#all [data-do=continue]`)
	b.await("nobody is stopped", `document.querySelectorAll(".worker.asleep").length == 0`)

	b.click(`#all [data-do=kill-master]`)
	b.await("the gate is dead", `!!document.querySelector(".gate.dead")`)
	b.await("dispatch loses connections", figure("dispatch", "lost")+" > 50")
	silent := ask[int](b, answered("dispatch"))
	for _, panel := range []string{"shared", "reuseport"} {
		from := ask[int](b, answered(panel))
		b.await(panel+" goes on", fmt.Sprintf("%s > %d", answered(panel), from+60))
	}
	if n := ask[int](b, answered("dispatch")); n > silent {
		t.Errorf("dispatch has answered %d without a master", n-silent)
	}
	b.click(`#all [data-do=start]`)
	b.await("dispatch speaks again", answered("dispatch")+" > 20 && !document.querySelector('.gate.dead')")
	b.check()
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
		b.await("a guess can be made", `document.querySelectorAll("#guide .choices button:enabled").length == 3`)
		b.click(fmt.Sprintf("#guide .choices button:nth-child(%d)", choice))
		b.await("the number is there", `document.querySelectorAll("#guide tbody tr").length == 3 && !document.querySelector("#tour-next").disabled`)
		b.click("#tour-next")
	}
	b.await("the tour is over", `!!document.querySelector("#tour-end")`)
	b.click("#tour-end")
	b.await("the lab is free", `document.querySelector("#guide").hidden && !document.querySelector(".aside")`)
	b.check()
}

// TestPagesFit looks at the page on several screens, and without a mouse.
func TestPagesFit(t *testing.T) {
	b := browse(t, open(t), 1280, 800)
	b.await("there are results", answered("dispatch")+" > 20")
	for _, width := range []int64{360, 768, 1280, 1920} {
		b.do(chromedp.EmulateViewport(width, 800))
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
	b.do(chromedp.Focus("#rate"), chromedp.KeyEvent(kb.ArrowRight))
	b.await("an arrow key has changed the rate", `document.querySelector("#rate-out").textContent == "300 a second"`)
	b.check()
}

// TestReducedMotion has dots fly, and then the reader ask the system for less motion:
// from then on a canvas is empty while nobody waits, and all numbers go on.
func TestReducedMotion(t *testing.T) {
	b := browse(t, open(t), 1280, 800)
	ask[bool](b, `(fetch("settings", {method: "POST", body: '{"rate":300,"service":"fixed:100us"}'}), true)`)
	b.await("dots are drawn", answered("shared")+" > 100 && "+inked("shared"))
	b.media("prefers-reduced-motion", "reduce")
	b.await("none is", "!"+inked("shared"))
	from := ask[int](b, answered("shared"))
	b.await("the numbers go on", fmt.Sprintf("%s > %d", answered("shared"), from+100))
	b.await("and still none is", "!"+inked("shared"))
	b.check()
}

// TestReconnect has the lab end and another begin at the same address: the page goes
// on with what that one says.
func TestReconnect(t *testing.T) {
	first := openAt(t, "127.0.0.1:0")
	b := browse(t, first.url, 1280, 800)
	b.await("there are results", answered("shared")+" > 20")
	ask[bool](b, `(fetch("settings", {method: "POST", body: '{"rate":100}'}), true)`)
	b.await("the rate is shown", `document.querySelector("#rate-out").textContent == "100 a second"`)
	first.end()
	b.await("the page says that it is alone", `document.querySelector("#link").classList.contains("off")`)
	openAt(t, strings.TrimPrefix(first.url, "http://"))
	b.await("it shows the new lab's state", `document.querySelector("#rate-out").textContent == "200 a second" && !document.querySelector("#link").classList.contains("off")`)
	from := ask[int](b, answered("shared"))
	b.await("it goes on", fmt.Sprintf("%s > %d", answered("shared"), from+20))
}
