//go:build linux

package lab_test

import (
	"flag"
	"fmt"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/chromedp/chromedp"

	"prefork/internal/servertest"
)

var screenshots = flag.String("screenshots", "", "write pictures of the lab to this `directory`")

// TestScreenshots makes the pictures of the documentation: make screenshots.
func TestScreenshots(t *testing.T) {
	if *screenshots == "" {
		t.Skip("-screenshots says where to")
	}
	b := browse(t, open(t), 1280, 800)
	b.settle(`{"rate":400,"service":"exp:5ms"}`, 12)
	b.Click(`#all [data-do=stop]`)
	b.Await("many wait", number("#reuseport dd")+" > 150")
	b.Shoot(filepath.Join(*screenshots, "lab-light.png"))
	b.Prefer("prefers-color-scheme", "dark")
	b.Await("it is dark", `matchMedia("(prefers-color-scheme: dark)").matches`)
	b.settle(`{}`, 1) // all is drawn anew
	b.Shoot(filepath.Join(*screenshots, "lab-dark.png"))
	b.Click(`#all [data-do=continue]`)
	b.Prefer("prefers-color-scheme", "light")
	b.settle(`{"rate":200,"workers":3}`, 4)
	b.Do(chromedp.EmulateViewport(360, 780, chromedp.EmulateScale(2)))
	b.settle(`{"rate":300}`, 3)
	b.Shoot(filepath.Join(*screenshots, "lab-phone.png"))
	b.Do(chromedp.EmulateViewport(1280, 800))
	b.tour("stuck-worker")
	b.guess(2)
	b.Await("the numbers are there", revealed)
	b.Shoot(filepath.Join(*screenshots, "lab-tour.png"))
	b.Check()
}

// TestReportScreenshots measures for a minute and a half, and takes pictures of what
// is written of it.
func TestReportScreenshots(t *testing.T) {
	if *screenshots == "" {
		t.Skip("-screenshots says where to")
	}
	page := filepath.Join(t.TempDir(), "report.html")
	bench := servertest.Command("bench", "--quiet", "--workload", "work", "--scenario", "stuck-worker", "--rounds", "6", "--length", "2s", "--html", page)
	if text, err := bench.CombinedOutput(); err != nil {
		t.Logf("%v: %s", err, text) // what was measured may not be much, and can be shown all the same
	}
	b := browse(t, "file://"+page, 1280, 900)
	b.Await("there is a report", `!!document.querySelector("h1")`)
	b.Shoot(filepath.Join(*screenshots, "report-light.png"))
	ask[bool](b, `(document.querySelector("#timeline, figure").scrollIntoView(), true)`)
	b.Prefer("prefers-color-scheme", "dark")
	b.Await("it is dark", `matchMedia("(prefers-color-scheme: dark)").matches`)
	b.Shoot(filepath.Join(*screenshots, "report-dark.png"))
}

// settle changes settings and waits for so many seconds of results.
func (b *tab) settle(settings string, seconds int) {
	b.T.Helper()
	ask[bool](b, `(window.seen = 0, fetch("settings", {method: "POST", body: `+"`"+settings+"`"+`}), import("/live.js").then(m => window.off = m.on("second", () => window.seen++)), true)`)
	b.Await("there are results", fmt.Sprintf("window.seen >= %d", seconds))
	ask[bool](b, `(window.off(), true)`)
}

var tours = flag.String("tours", "", "take the tours whose names match this `expression`, and print what they measure")

// TestEveryTour takes tours to their end; all of them in two minutes.
func TestEveryTour(t *testing.T) {
	if *tours == "" {
		t.Skip("-tours . takes them")
	}
	chosen := regexp.MustCompile(*tours)
	b := browse(t, open(t), 1280, 800)
	b.Await("there are tours", `document.querySelectorAll("#tours option").length > 1`)
	ids := ask[[]string](b, `[...document.querySelectorAll("#tours option")].map(o => o.value)`)
	for _, id := range ids {
		if !chosen.MatchString(id) {
			continue
		}
		b.tour(id)
		for over := false; !over; over = ask[bool](b, `!!document.querySelector("#tour-end")`) {
			room := func() {
				if ask[bool](b, guideCut) {
					t.Errorf("%s: something is cut off", id)
				}
			}
			b.Await("a guess can be made", guessable)
			room()
			b.guess(1)
			b.Await("the numbers are there", revealed)
			room()
			fmt.Println(id, "·", ask[string](b, `[".came", ".status"].map(s => document.querySelector("#guide " + s).textContent).join(" ") + "\n" + [...document.querySelectorAll("#guide tbody tr")].map(r => "    " + [...r.children].map(c => c.firstChild.data).join(" | ")).join("\n")`))
			if *screenshots != "" {
				b.Shoot(filepath.Join(*screenshots, "tour-"+id+".png"))
			}
			b.Click("#tour-next")
			b.Await("there is a next step", `!!document.querySelector("#tour-end") || !document.querySelector("#guide table")`)
		}
	}
	b.Check()
}
