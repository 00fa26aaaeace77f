//go:build linux

package lab_test

import (
	"flag"
	"fmt"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/chromedp/cdproto/emulation"
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
	b.click(`#all [data-do=stop]`)
	b.await("many wait", number("#reuseport dd")+" > 150")
	b.shoot(filepath.Join(*screenshots, "lab-light.png"))
	b.media("prefers-color-scheme", "dark")
	b.await("it is dark", `matchMedia("(prefers-color-scheme: dark)").matches`)
	b.settle(`{}`, 1) // all is drawn anew
	b.shoot(filepath.Join(*screenshots, "lab-dark.png"))
	b.click(`#all [data-do=continue]`)
	b.media("prefers-color-scheme", "light")
	b.settle(`{"rate":200,"workers":3}`, 4)
	b.do(chromedp.EmulateViewport(360, 780, chromedp.EmulateScale(2)))
	b.settle(`{"rate":300}`, 3)
	b.shoot(filepath.Join(*screenshots, "lab-phone.png"))
	b.do(chromedp.EmulateViewport(1280, 800))
	b.tour("stuck-worker")
	b.guess(2)
	b.await("the numbers are there", revealed)
	b.shoot(filepath.Join(*screenshots, "lab-tour.png"))
	b.check()
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
	b.await("there is a report", `!!document.querySelector("h1")`)
	b.shoot(filepath.Join(*screenshots, "report-light.png"))
	ask[bool](b, `(document.querySelector("#timeline, figure").scrollIntoView(), true)`)
	b.media("prefers-color-scheme", "dark")
	b.await("it is dark", `matchMedia("(prefers-color-scheme: dark)").matches`)
	b.shoot(filepath.Join(*screenshots, "report-dark.png"))
}

// settle changes settings and waits for so many seconds of results.
func (b *tab) settle(settings string, seconds int) {
	b.t.Helper()
	ask[bool](b, `(window.seen = 0, fetch("settings", {method: "POST", body: `+"`"+settings+"`"+`}), import("/live.js").then(m => window.off = m.on("second", () => window.seen++)), true)`)
	b.await("there are results", fmt.Sprintf("window.seen >= %d", seconds))
	ask[bool](b, `(window.off(), true)`)
}

// media emulates a preference of the reader's.
func (b *tab) media(feature, value string) {
	b.t.Helper()
	params := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: feature, Value: value}}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, params); err != nil {
		b.t.Fatal(err)
	}
}

var tours = flag.String("tours", "", "take the tours whose names match this `expression`, and print what they measure")

// TestEveryTour takes tours to their end; all of them in two minutes.
func TestEveryTour(t *testing.T) {
	if *tours == "" {
		t.Skip("-tours . takes them")
	}
	chosen := regexp.MustCompile(*tours)
	b := browse(t, open(t), 1280, 800)
	b.await("there are tours", `document.querySelectorAll("#tours option").length > 1`)
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
			b.await("a guess can be made", guessable)
			room()
			b.guess(1)
			b.await("the numbers are there", revealed)
			room()
			fmt.Println(id, "·", ask[string](b, `[".came", ".status"].map(s => document.querySelector("#guide " + s).textContent).join(" ") + "\n" + [...document.querySelectorAll("#guide tbody tr")].map(r => "    " + [...r.children].map(c => c.firstChild.data).join(" | ")).join("\n")`))
			if *screenshots != "" {
				b.shoot(filepath.Join(*screenshots, "tour-"+id+".png"))
			}
			b.click("#tour-next")
			b.await("there is a next step", `!!document.querySelector("#tour-end") || !document.querySelector("#guide table")`)
		}
	}
	b.check()
}
