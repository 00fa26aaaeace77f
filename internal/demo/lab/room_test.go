//go:build linux

package lab_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// feed shows the longest numbers that there may be, and returns what does not fit
// where it stands. It is one piece of script, so that the lab's own numbers do not
// come between.
const feed = `(() => {
	const { lab, hear } = live, n = lab.settings.workers, many = Array(n).fill(4096);
	const time = { n: 1, p50: 999_400, p99: 59_990_000 };
	for (let twice = 0; twice < 2; twice++) hear("frame", lab.facts.map((f, i) => ({ a: 0, d: 0, l: 0, q: [many.slice(0, 1), many, [4096, ...many]][i], w: many.map((_, slot) => [0, 0, 1, [1, 2, 0][slot % 3]]) })));
	hear("second", { at: Date.now(), machine: 1, panels: lab.facts.map(f => ({ begun: 12345678, done: 12345678, lost: { late: 123456, refused: 123456, reset: 12345 }, local: 12345,
		second: time, recent: time, taken: many, lately: many.map((_, slot) => slot ? 0 : 1), cpu: many.map(() => 1), master: 1, cost: [106_200, 1], wakes: 1, pids: many, phase: lab.panels[f.name].phase })) });
	return spilt();
})()`

// spilt finds text that leaves what it stands in, or lies over other text.
const spilt = `window.spilt = () => {
	const found = new Set(), name = e => e.id || e.className || e.tagName;
	const boxes = ".panel, .worker, .lane, .gate.across span, .numbers > div, .field, .story, .time > header, .top, .notice, button, #guide";
	if (document.documentElement.scrollWidth > innerWidth) found.add("the page: " + document.documentElement.scrollWidth);
	const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	const range = document.createRange();
	while (words.nextNode()) {
		const node = words.currentNode, box = node.parentElement.closest(boxes);
		if (!node.data.trim() || !box || node.parentElement.closest("option, select, .sr, .link")) continue;
		range.selectNodeContents(node);
		const text = range.getBoundingClientRect(), room = box.getBoundingClientRect();
		if (text.width && (text.right > room.right + 1 || text.left < room.left - 1)) found.add(name(box) + ": " + node.data + " at " + [text.left, text.right, room.left, room.right].map(Math.round) + " in " + box.closest(".panel")?.id);
	}
	const apart = (a, b) => a.right <= b.left + 1 || b.right <= a.left + 1 || a.bottom <= b.top + 1 || b.bottom <= a.top + 1;
	for (const [all, one] of [[".lane", ".name, .waits"], [".numbers", "dd"], [".who", "span"], [".exit", ".count"]]) for (const e of document.querySelectorAll(all)) {
		const rects = [...e.querySelectorAll(one)].filter(x => getComputedStyle(x).visibility !== "hidden" && !x.querySelector(one)).map(x => { range.selectNodeContents(x); return range.getBoundingClientRect(); }).filter(r => r.width);
		rects.forEach((a, i) => rects.slice(i + 1).forEach(b => { if (!apart(a, b)) found.add(name(e) + ": one thing over another, in " + e.closest(".panel")?.id); }));
	}
	for (const e of document.querySelectorAll("dt, .gate span")) if (e.offsetParent && (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 3)) found.add("cut off: " + e.textContent);
	return [...found].join("; ");
}`

// TestThereIsRoom looks on screens of all sizes, and at twice the size, whether
// anything leaves the place where it stands, however long the numbers are.
func TestThereIsRoom(t *testing.T) {
	b := browse(t, open(t), 1280, 800)
	b.Await("there are results", answered("dispatch")+" > 20")
	ask[bool](b, `(import("/live.js").then(m => { window.live = m; }), `+spilt+`, true)`)
	b.Await("there is code", "!!window.live")
	for _, workers := range []int{4, 8} {
		post204(t, url(b), "/settings", fmt.Sprintf(`{"workers":%d,"ways":{"reuseport":{"accept":"exclusive"}}}`, workers))
		b.Await("so many workers are shown", fmt.Sprintf(`document.querySelectorAll("#dispatch .worker").length === %d`, workers))
		for _, screen := range [][3]int64{{360, 780, 1}, {480, 800, 1}, {640, 400, 2}, {768, 1024, 1}, {821, 700, 1}, {960, 540, 2}, {1024, 768, 1}, {1280, 720, 1}, {1920, 1080, 1}, {3840, 2160, 1}} {
			b.Do(chromedp.EmulateViewport(screen[0], screen[1], chromedp.EmulateScale(float64(screen[2]))))
			if found := ask[string](b, feed); found != "" {
				t.Errorf("%d workers at %d × %d: %s", workers, screen[0], screen[1], found)
			}
		}
	}
	b.Click("#present")
	for _, screen := range [][2]int64{{1280, 720}, {1280, 800}, {1920, 1080}, {3840, 2160}} {
		b.Do(chromedp.EmulateViewport(screen[0], screen[1]))
		if found := ask[string](b, feed); found != "" {
			t.Errorf("presented at %d × %d: %s", screen[0], screen[1], found)
		}
		if high := ask[int64](b, `document.documentElement.scrollHeight`); high > screen[1] {
			t.Errorf("presented at %d × %d the page is %d high", screen[0], screen[1], high)
		}
	}
	b.Check()
}

// url is where a tab is.
func url(b *tab) string { return ask[string](b, "location.origin") }
