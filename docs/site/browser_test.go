package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"prefork/internal/browsertest"
	"prefork/internal/demo/recording"
)

// browse opens a page of the site, from its file.
func browse(t *testing.T, page string) *browsertest.Tab {
	t.Helper()
	return browsertest.Open(t, "file://"+filepath.Join(dir(t), page), "file://", 1280, 800)
}

func visit(b *browsertest.Tab, page string) {
	b.T.Helper()
	b.Do(chromedp.Navigate("file://" + page))
}

// recordings are those of the site, in their order, the free one last.
func recordings(t *testing.T) []scene {
	t.Helper()
	s, err := newSite(root)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.addScenes(); err != nil {
		t.Fatal(err)
	}
	free, err := s.readScene(firstScreen, "")
	if err != nil {
		t.Fatal(err)
	}
	return append(s.scenes, free)
}

// Every recording plays to its end, many times as fast as it was, and shows what it has.
func TestRecordingsPlay(t *testing.T) {
	b := browse(t, "index.html")
	for _, one := range recordings(t) {
		visit(b, filepath.Join(dir(t), one.Path))
		b.Await(one.Name+" is there", "!!window.lab?.player")
		browsertest.Ask[bool](b, "(lab.player.speed = 40, true)")
		for i, step := range one.Steps {
			b.Await(fmt.Sprintf("%s asks question %d", one.Name, i+1), `[...document.querySelectorAll("#guide .choices button")].some(b => b.ariaDisabled == "false")`)
			b.Click("#guide .choices button")
			b.Await("it tells what came out", `!!document.querySelector("#guide tbody tr")`)
			want := ""
			for _, n := range step.Numbers {
				want += fmt.Sprintf("%s|%s|%s|%v\n", n.Label, n.Want, n.Got, n.OK)
			}
			got := browsertest.Ask[string](b, `[...document.querySelectorAll("#guide tbody tr")].map(r => [...r.children].slice(0, 3).map(c => c.textContent).join("|") + "|" + r.lastChild.classList.contains("ok") + "\n").join("")`)
			if got != want {
				t.Errorf("%s, question %d: the page shows\n%s\nrecorded was\n%s", one.Name, i+1, got, want)
			}
			shows(b, one)
			if last := browsertest.Ask[string](b, `document.querySelector("#tour-next").textContent`) == "To the end"; last != (i+1 == len(one.Steps)) {
				t.Errorf("%s has %d questions recorded, and the page has others: make recordings", one.Name, len(one.Steps))
			}
			b.Click("#tour-next")
		}
		if len(one.Steps) > 0 {
			b.Await("it is over", `!!document.querySelector("#tour-end")`)
			b.Click("#tour-end")
		}
		browsertest.Ask[bool](b, "(lab.player.play(), true)")
		b.Await("it has come to its end", "lab.player.over")
		shows(b, one)
		b.Check()
	}
}

// shows looks whether the panels show what the recording has by now.
func shows(b *browsertest.Tab, one scene) {
	b.T.Helper()
	at := browsertest.Ask[int64](b, "Math.floor(lab.player.t)")
	want := counted(b.T, one.recording, at)
	got := browsertest.Ask[tally](b, `[...document.querySelectorAll(".panel")].map(p => [...p.querySelectorAll(".exit b"), p.querySelectorAll(".numbers dd")[3]].map(e => Number(e.textContent.replaceAll(",", ""))))`)
	if !slices.Equal(got, want) {
		b.T.Errorf("%s, after %d ms: arrived, answered and lost are %v, recorded were %v", one.Name, at, got, want)
	}
}

// tally is what had arrived, been answered and, as of the last second, been lost in each
// panel.
type tally [][3]int

var panels = []string{"shared", "reuseport", "dispatch"}

// counted is the tally of a recording by a time.
func counted(t *testing.T, r *recording.Recording, until int64) tally {
	t.Helper()
	all := make(tally, len(panels))
	takes := map[string]func(recording.Event) error{"frame": all.frame, "second": all.second, "mark": all.mark}
	for _, e := range r.Events {
		if take := takes[e.Kind]; take != nil && e.At <= until {
			if err := take(e); err != nil {
				t.Fatal(err)
			}
		}
	}
	return all
}

func (all tally) frame(e recording.Event) error {
	frame, err := e.Frame()
	for i, p := range frame {
		all[i][0] += p.Arrived
		all[i][1] += p.Answered
	}
	return err
}

// second has the totals.
func (all tally) second(e recording.Event) error {
	var second struct {
		Panels []struct {
			Begun, Done int
			Lost        map[string]int
		}
	}
	err := json.Unmarshal(e.Data, &second)
	for i, p := range second.Panels {
		all[i] = [3]int{p.Begun, p.Done, 0}
		for _, n := range p.Lost {
			all[i][2] += n
		}
	}
	return err
}

// mark may be of something after which counts begin anew.
func (all tally) mark(e recording.Event) error {
	var mark struct{ Do, Panel string }
	err := json.Unmarshal(e.Data, &mark)
	for i, name := range panels {
		if slices.Contains([]string{"set", "reset", "start"}, mark.Do) && (mark.Panel == "" || mark.Panel == name) {
			all[i][0], all[i][1] = 0, 0
		}
	}
	return err
}

// The bar does what it says: back and forth, a frame further, and on.
func TestTransport(t *testing.T) {
	b := browse(t, "scene-"+firstScreen+".html")
	b.Await("it plays", "!!window.lab?.player?.playing")
	b.Click("#play")
	before := browsertest.Ask[int](b, "Math.floor(lab.player.t)")
	b.Click("#step")
	b.Await("it is a frame further", fmt.Sprintf("lab.player.t > %d && lab.player.t < %d && !lab.player.playing", before, before+500))
	last := len(recordings(t)) - 1
	one := recordings(t)[last]
	for _, at := range []int{9000, 5000, 0, 7000} { // ms
		browsertest.Ask[bool](b, fmt.Sprintf(`(s => (s.value = %d, s.dispatchEvent(new Event("input")), true))(document.querySelector("#seek"))`, at))
		shows(b, one)
	}
	if stopped := browsertest.Ask[int](b, `document.querySelectorAll(".worker.asleep").length`); stopped != 3 {
		t.Errorf("at 7 s %d workers are seen to be stopped, want one of each", stopped)
	}
	b.Click("#back")
	b.Await("it is two seconds back", "lab.player.t == 5000")
	if text := browsertest.Ask[string](b, `document.querySelector("#seek").getAttribute("aria-valuetext")`); !strings.HasPrefix(text, "5.0 of ") {
		t.Errorf("the time is read out as %q", text)
	}
	browsertest.Ask[bool](b, "(document.activeElement.blur(), true)")
	b.Do(chromedp.KeyEvent(kb.ArrowLeft))
	b.Await("a key leads back", "lab.player.t == 3000")
	b.Do(chromedp.KeyEvent(" "))
	b.Await("a key has it go on", "lab.player.playing && lab.player.t > 3000")
	b.Do(chromedp.KeyEvent(" "))
	b.Await("and stand still", "!lab.player.playing")
	b.Check()
}

// What is not whole, or not as it was recorded, is not played, and the page says why.
func TestBadRecordings(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(dir(t), "scene-hello.html"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	lastFrame := strings.LastIndex(text, `,"frame",`)
	b := browse(t, "index.html")
	for name, c := range map[string]struct{ page, why string }{
		"another version":  {strings.Replace(text, `"prefork.recording/v1"`, `"prefork.recording/v2"`, 1), "is of another version"},
		"a line lost":      {text[:strings.LastIndex(text[:lastFrame], "\n")] + text[lastFrame+strings.Index(text[lastFrame:], "\n"):], "is cut short"},
		"the file cut off": {text[:lastFrame], "is cut short"},
		"edited":           {text[:lastFrame] + strings.Replace(text[lastFrame:], "1", "2", 1), "was changed after it was made"},
		"another tour":     {recorded(t, text, `"tour":"hello"`, `"tour":"hullo"`), "a tour that this page does not have"},
		"something else":   {text[:strings.Index(text, `id="recording">`)] + `id="recording">{"rate":3}` + "\n</script></body></html>", "is no recording"},
	} {
		file := filepath.Join(dir(t), "bad.html")
		if err := os.WriteFile(file, []byte(c.page), 0o644); err != nil {
			t.Fatal(err)
		}
		visit(b, file)
		b.Await(name+" is noticed", fmt.Sprintf(`document.querySelector("#notice-text").textContent.includes(%q)`, c.why))
		if browsertest.Ask[bool](b, `!!lab.player || !!document.querySelector(".panel") || !document.querySelector("#transport").hidden || document.querySelector("#choose").hidden`) {
			t.Errorf("%s: something plays all the same, or no other one can be chosen", name)
		}
		b.Check()
		_ = os.Remove(file)
	}
}

// recorded is a page with a recording in which something else stands, and all is well
// otherwise.
func recorded(t *testing.T, page, before, after string) string {
	t.Helper()
	head, rest, _ := strings.Cut(page, `id="recording">`)
	text, tail, _ := strings.Cut(rest, "</script>")
	r, err := recording.Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range r.Events {
		r.Events[i].Data = json.RawMessage(strings.ReplaceAll(string(e.Data), before, after))
	}
	var out strings.Builder
	if err := r.Write(&out); err != nil {
		t.Fatal(err)
	}
	return head + `id="recording">` + out.String() + "</script>" + tail
}

// Without JavaScript a scene is a picture, and the numbers that came out.
func TestWithoutScript(t *testing.T) {
	b := browse(t, "index.html")
	if _, err := chromedp.Call(b.Ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	one := recordings(t)[0]
	visit(b, filepath.Join(dir(t), one.Path))
	if !browsertest.Ask[bool](b, `(i => i.complete && i.naturalWidth > 0 && i.offsetWidth > 300)(document.querySelector("noscript img"))`) {
		t.Error("the picture is not seen")
	}
	for _, step := range one.Steps {
		for _, n := range step.Numbers {
			if !browsertest.Ask[bool](b, fmt.Sprintf(`document.querySelector("noscript").innerText.includes(%q)`, n.Got)) {
				t.Errorf("the number of %s is not there: %s", n.Label, n.Got)
			}
		}
	}
	if browsertest.Ask[bool](b, `[...document.querySelectorAll("#transport, #below, #choose")].some(e => e.offsetParent)`) {
		t.Error("what needs a script is seen")
	}
	b.Check()
}

// looked are the pages that are looked at closely: all, and of the sources one.
func looked(t *testing.T) (names []string) {
	t.Helper()
	sources := 0
	for name := range pages(t) {
		if strings.HasPrefix(name, "source/") {
			if sources++; sources > 1 {
				continue
			}
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Nothing is wider than the page, from a phone to a wall, nor on paper.
func TestNothingOverflows(t *testing.T) {
	b := browse(t, "index.html")
	for _, name := range looked(t) {
		visit(b, filepath.Join(dir(t), name))
		for _, width := range []int64{360, 700, 1280, 3840} {
			b.Do(chromedp.EmulateViewport(width, 900))
			if got := browsertest.Ask[int64](b, `document.documentElement.scrollWidth`); got > width {
				t.Errorf("%s: at %d px it is %d px wide", name, width, got)
			}
		}
		media(b, "print")
		b.Do(chromedp.EmulateViewport(700, 900))
		if got := browsertest.Ask[int64](b, `document.documentElement.scrollWidth`); got > 700 {
			t.Errorf("%s: printed it is %d px wide, of 700", name, got)
		}
		if seen := browsertest.Ask[string](b, `[...document.querySelectorAll("body > nav, header.bar, .transport")].filter(e => getComputedStyle(e).display !== "none").map(e => e.className).join()`); seen != "" {
			t.Errorf("%s: printed are also %s", name, seen)
		}
		media(b, "")
	}
	b.Check()
}

// media emulates a printer, or nothing.
func media(b *browsertest.Tab, kind string) {
	b.T.Helper()
	if _, err := chromedp.Call(b.Ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: kind}); err != nil {
		b.T.Fatal(err)
	}
}

// Headings lead down one step at a time, and whatever can be used has a name: as a screen
// reader has it.
func TestIsReadAloud(t *testing.T) {
	b := browse(t, "index.html")
	for _, name := range looked(t) {
		visit(b, filepath.Join(dir(t), name))
		tree, err := chromedp.Call(b.Ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
		if err != nil {
			t.Fatal(err)
		}
		last := 0
		for _, node := range tree.Nodes {
			if node.Ignored {
				continue
			}
			switch role := words(node.Role); role {
			case "heading":
				level := levelOf(node)
				if level > last+1 || level == 1 && last > 0 {
					t.Errorf("%s: the heading %q is of level %d, after one of %d", name, words(node.Name), level, last)
				}
				last = level
			case "button", "link", "slider", "combobox", "image", "navigation":
				if words(node.Name) == "" {
					t.Errorf("%s: a %s has no name", name, role)
				}
			}
		}
		if last == 0 {
			t.Errorf("%s has no heading", name)
		}
	}
	b.Check()
}

func words(v *accessibility.Value) string {
	if v == nil {
		return ""
	}
	var s string
	_ = json.Unmarshal(v.Value, &s)
	return s
}

func levelOf(node *accessibility.Node) (level int) {
	for _, p := range node.Properties {
		if p.Name == accessibility.PropertyNameLevel {
			_ = json.Unmarshal(p.Value.Value, &level)
		}
	}
	return level
}

// faint are the texts that stand out too little from what is behind them (WCAG AA).
const faint = `(() => {
	const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
	const rgba = colour => { probe.clearRect(0, 0, 1, 1); probe.fillStyle = colour; probe.fillRect(0, 0, 1, 1); const [r, g, b, a] = probe.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255]; };
	const light = ([r, g, b]) => { const [x, y, z] = [r, g, b].map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * x + .7152 * y + .0722 * z; };
	const behind = e => { for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] > .5) return c; } return [255, 255, 255, 1]; };
	const off = new Set(), walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) {
		const e = walk.currentNode.parentElement;
		if (!walk.currentNode.data.trim() || !e.checkVisibility({ opacityProperty: true }) || e.closest("script, style, noscript, .sr, .skip, .aside, [aria-disabled=true]")) continue;
		const style = getComputedStyle(e), size = parseFloat(style.fontSize), large = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
		const [a, b] = [light(rgba(style.color)), light(behind(e))].sort((x, y) => y - x), ratio = (a + .05) / (b + .05);
		if (ratio < (large ? 3 : 4.5)) off.add(e.tagName + "." + e.className + " " + walk.currentNode.data.trim().slice(0, 30) + ": " + ratio.toFixed(2));
	}
	return [...off].join("\n");
})()`

// Text can be read, on light and on dark.
func TestContrast(t *testing.T) {
	b := browse(t, "index.html")
	for _, scheme := range []string{"light", "dark"} {
		b.Prefer("prefers-color-scheme", scheme)
		for _, name := range looked(t) {
			visit(b, filepath.Join(dir(t), name))
			if off := browsertest.Ask[string](b, faint); off != "" {
				t.Errorf("%s, %s: these have too little contrast:\n%s", name, scheme, off)
			}
		}
	}
	b.Check()
}
