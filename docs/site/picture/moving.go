package picture

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"prefork/internal/demo/recording"
)

// Seconds are those of a recording (ms since it began) that a picture shows over and over.
type Seconds struct {
	From, To int64
	Still    int64  // what is shown where the reader wants no motion
	Title    string // what is seen, in a sentence
	Begin    string // what is said until something is done
	Scale    int    // how many connections a dot is
	Layout   Layout
}

// said is what a picture says once something was done, by what was done.
var said = map[string]string{
	"stop": "Worker 2 is stopped. Who waits?", "continue": "It goes on, and works off its queue.",
	"kill-master": "The masters are killed.", "reload": "Every worker is replaced.",
}

// Moving draws some seconds of a recording.
func Moving(r *recording.Recording, s Seconds) (string, error) {
	f, err := read(r)
	if err != nil {
		return "", err
	}
	if len(f.between(s.From, s.To)) < 2 {
		return "", fmt.Errorf("the recording has nothing from %d to %d ms", s.From, s.To)
	}
	const top = 44.0
	now := f.frameAt(s.Still)
	all, bottom := s.Layout.rooms(f.names, now.panels, top)
	m := &mover{drawing: drawing{width: s.Layout.width}, film: f, Seconds: s}
	m.captions()
	for i, room := range all {
		m.panel(i, room)
	}
	m.css.WriteString(fmt.Sprintf("[style*=animation]{animation:%ss step-end infinite}.dot,.run{animation-timing-function:linear!important}.dot{opacity:0}@keyframes run{0%%{scale:0 1}}@media(prefers-reduced-motion:reduce){*{animation:none!important}}", short(float64(s.To-s.From)/1000)))
	m.f(`<rect class="run edge" style="animation-name:run" y="%v" width="%v" height="2"/>`, bottom+12, m.width)
	key := fmt.Sprintf("a dot is %d connections, a ring one that waits", s.Scale)
	if s.Layout.columns > 1 {
		key = "recorded from real servers · " + key
	}
	m.text("quiet", "end", m.width, bottom+34, key)
	return m.svg(bottom+42, s.Title, s.Title+" As of "+short(float64(s.Still)/1000)+" s: "+describe(f, now, f.secondAt(s.Still))), nil
}

// mover draws what changes: each thing that does has its keyframes.
type mover struct {
	drawing
	*film
	Seconds
	moving int // how many do
}

// percent is a time as a keyframe has it.
func (m *mover) percent(at int64) string {
	x := 100 * float64(at-m.From) / float64(m.To-m.From)
	text := strings.TrimRight(fmt.Sprintf("%.2f", min(100, max(0, x))), "0")
	return strings.TrimSuffix(text, ".") + "%"
}

// keyframes gives a name to some.
func (m *mover) keyframes(frames string) string {
	m.moving++
	name := fmt.Sprintf("k%d", m.moving)
	fmt.Fprintf(&m.css, "@keyframes %s{%s}", name, frames)
	return name
}

// change is a value from some time on.
type change[T any] struct {
	at    int64
	value T
}

// changes are those of a value that is looked at in every frame, and late ms later.
func changes[T comparable](m *mover, late int64, value func(frame) T) (all []change[T]) {
	all = append(all, change[T]{m.From, value(m.frameAt(m.From - late))})
	for _, f := range m.between(m.From-late, m.To-late) {
		if v := value(f); v != all[len(all)-1].value {
			all = append(all, change[T]{f.at + late, v})
		}
	}
	return all
}

// at is the value at a time.
func at[T any](all []change[T], when int64) (value T) {
	for _, c := range all {
		if c.at <= when {
			value = c.value
		}
	}
	return value
}

// blink draws what is there at some times: what draw writes has to have the style.
func (m *mover) blink(all []change[bool], draw func(style string)) {
	shown := map[bool]int{false: 0, true: 1}
	if len(all) == 1 {
		if all[0].value {
			draw("")
		}
		return
	}
	var frames strings.Builder
	for _, c := range all {
		fmt.Fprintf(&frames, "%s{opacity:%d}", m.percent(c.at), shown[c.value])
	}
	draw(fmt.Sprintf(` style="animation-name:%s;opacity:%d"`, m.keyframes(frames.String()), shown[at(all, m.Still)]))
}

// tape draws words of which others are seen at other times: all below each other, moved
// behind a window.
func (m *mover) tape(class, anchor string, window box, all []change[string]) {
	const line = 24.0
	x := map[string]float64{"start": 0, "end": window.w}[anchor]
	var frames, words strings.Builder
	rows := map[string]int{}
	for _, c := range all {
		row, known := rows[c.value]
		if !known {
			row = len(rows)
			rows[c.value] = row
			fmt.Fprintf(&words, `<text class="%s" text-anchor="%s" x="%s" y="%s">%s</text>`, class, anchor, short(x), short(float64(row)*line+18), escaped(c.value))
		}
		fmt.Fprintf(&frames, "%s{translate:0 %spx}", m.percent(c.at), short(-line*float64(row)))
	}
	m.f(`<svg x="%v" y="%v" width="%v" height="%v"><g style="animation-name:%v;translate:0 %vpx">%v</g></svg>`,
		window.x, window.y, window.w, line, m.keyframes(frames.String()), -line*float64(rows[at(all, m.Still)]), words.String())
}

// captions say what is done.
func (m *mover) captions() {
	all := []change[string]{{m.From, m.Begin}}
	for _, mark := range m.marks {
		if text, known := said[mark.do]; known && mark.at >= m.From && mark.at < m.To {
			all = append(all, change[string]{mark.at, text})
		}
	}
	m.tape("said", "start", box{x: 0, y: 6, w: m.width}, all)
}

func (m *mover) panel(i int, r room) {
	m.open(r)
	m.labels(r)
	m.master(r, m.secondAt(m.Still).master[i])
	const slow = 4 // frames a number stands still at least
	last, n := "", 0
	m.tape("big", "end", box{r.all.x + inset, r.all.y + 28, r.all.w - 2*inset - numberColumn, 0}, changes(m, falls, func(f frame) string {
		if n%slow == 0 {
			last = fmt.Sprint(waiting(f.panels[i]))
		}
		n++
		return last
	}))
	m.tape("big", "end", box{r.right() - numberColumn + 4, r.all.y + 28, numberColumn - 4, 0}, changes(m, 0, func(f frame) string { return duration(m.secondAt(f.at).p99[i]) }))
	for slot, b := range r.cells {
		for _, state := range []int{recording.Awake, recording.Asleep, recording.Gone} {
			m.blink(changes(m, 0, func(f frame) bool { return f.panels[i].Workers[slot][3] == state }), func(style string) {
				m.f(`<g%v>`, style)
				m.cell(b, slot, state)
				m.f(`</g>`)
			})
		}
	}
	for lane, b := range r.lanes {
		m.waiting(i, lane, b)
	}
	m.dots(m.lives(i, r, m.From, m.To, float64(m.Scale)))
	m.close()
}

// waiting are the rings of a lane, and how many more there are.
func (m *mover) waiting(i, lane int, b box) {
	depth := func(f frame) int { drawn, _ := b.shown(f.panels[i].Queues[lane]); return drawn }
	most := 0
	for _, f := range m.between(m.From, m.To) {
		most = max(most, depth(f))
	}
	for n := range most {
		spot := b.spot(n)
		m.blink(changes(m, falls, func(f frame) bool { return depth(f) > n }), func(style string) {
			m.f(`<circle class="ring"%v cx="%v" cy="%v" r="%v"/>`, style, spot.x, spot.y, radius)
		})
	}
	more := changes(m, falls, func(f frame) string {
		if _, n := b.shown(f.panels[i].Queues[lane]); n > 0 {
			return fmt.Sprintf("+%d", n)
		}
		return ""
	})
	if len(more) > 1 {
		m.tape("", "end", box{b.x, b.y - 4, b.w/2 + 14, 0}, more)
	}
}

// css is a point, to a pixel: more is not seen of what moves.
func (p point) css() string { return fmt.Sprintf("%.0fpx %.0fpx", p.x, p.y) }

// dots draws lives, each by one of as few dots as there are at a time.
func (m *mover) dots(lives []life) {
	slices.SortFunc(lives, func(a, b life) int { return cmp.Compare(a[0].at, b[0].at) })
	const pause = 5 // ms, between two lives of a dot
	var actors [][]life
	for _, l := range lives {
		if l[0].at < m.From+pause || l[len(l)-1].at > m.To-pause {
			continue
		}
		free := slices.IndexFunc(actors, func(played []life) bool {
			last := played[len(played)-1]
			return last[len(last)-1].at+pause < l[0].at
		})
		if free < 0 {
			actors = append(actors, nil)
			free = len(actors) - 1
		}
		actors[free] = append(actors[free], l)
	}
	for _, played := range actors {
		var frames strings.Builder
		for _, l := range played {
			begin, end := l[0], l[len(l)-1]
			fmt.Fprintf(&frames, "%s{translate:%s;opacity:0}%s{opacity:1}", m.percent(begin.at-2), begin.css(), m.percent(begin.at))
			for _, s := range l[1 : len(l)-1] {
				fmt.Fprintf(&frames, "%s{translate:%s}", m.percent(s.at), s.css())
			}
			fmt.Fprintf(&frames, "%s{translate:%s;opacity:1}%s{opacity:0}", m.percent(end.at), end.css(), m.percent(end.at+2))
		}
		m.f(`<circle class="dot arm" style="animation-name:%v" r="%v"/>`, m.keyframes(frames.String()), radius)
	}
}

// Whole is all of a recording from its first full second on, a dot being so many
// connections. What is shown without motion is what was there before the last thing that
// was done.
func Whole(r *recording.Recording, l Layout, scale int, title, begin string) Seconds {
	s := Seconds{From: 1000, To: r.Events[len(r.Events)-1].At, Scale: scale, Title: title, Begin: begin, Layout: l}
	s.Still = s.To - 1
	if f, err := read(r); err == nil && len(f.marks) > 0 {
		s.Still = f.marks[len(f.marks)-1].at - 1
	}
	return s
}
