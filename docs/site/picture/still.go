package picture

import (
	"fmt"
	"strings"

	"prefork/internal/demo/recording"
)

// Still draws one moment of a recording (ms since it began).
func Still(r *recording.Recording, at int64, title string) (string, error) {
	f, err := read(r)
	if err != nil {
		return "", err
	}
	d, now, seconds := &drawing{width: Wide.width}, f.frameAt(at), f.secondAt(at)
	all, bottom := Wide.rooms(f.names, now.panels, .5)
	for i, room := range all {
		p := now.panels[i]
		d.open(room)
		d.numbers(room, waiting(p), seconds.p99[i])
		d.master(room, seconds.master[i])
		for lane, b := range room.lanes {
			d.rings(b, p.Queues[lane])
		}
		for slot, b := range room.cells {
			if slot < len(p.Workers) {
				d.cell(b, slot, p.Workers[slot][3])
			}
		}
		d.close()
	}
	return d.svg(bottom+.5, title, describe(f, now, seconds)), nil
}

func waiting(p recording.Panel) (n int) {
	for _, q := range p.Queues {
		n += q
	}
	return n
}

// describe says what is seen, for who does not see it.
func describe(f *film, now frame, s second) string {
	var all []string
	for i, name := range f.names {
		p, words := now.panels[i], ""
		for slot, w := range p.Workers {
			switch w[3] {
			case recording.Asleep:
				words += fmt.Sprintf(", worker %d is stopped", slot)
			case recording.Gone:
				words += fmt.Sprintf(", worker %d is gone", slot)
			}
		}
		if !s.master[i] {
			words += ", the master is dead"
		}
		all = append(all, fmt.Sprintf("%s: %d wait, 99th percentile %s%s.", name, waiting(p), duration(s.p99[i]), words))
	}
	return strings.Join(all, " ")
}

// duration is a time in µs as the lab writes it.
func duration(us int64) string {
	switch {
	case us <= 0:
		return "–"
	case us < 1000:
		return fmt.Sprintf("%d µs", us)
	case us < 9950:
		return fmt.Sprintf("%.1f ms", float64(us)/1e3)
	case us < 1e6:
		return fmt.Sprintf("%.0f ms", float64(us)/1e3)
	}
	return fmt.Sprintf("%.1f s", float64(us)/1e6)
}

// open begins a panel: its frame, its name, its empty queues.
func (d *drawing) open(r room) {
	d.f(`<g class="%v">`, r.name)
	d.rect("panel", r.all, 6)
	d.f(`<rect class="arm" x="%v" y="%v" width="%v" height="3"/>`, r.all.x, r.all.y, r.all.w)
	d.f(`<circle class="arm" cx="%v" cy="%v" r="5.5"/>`, r.all.x+inset+6, r.all.y+32)
	d.text("name", "start", r.all.x+inset+18, r.all.y+38, r.name)
	for _, lane := range r.lanes {
		d.rect("lane", lane, 4)
	}
}

func (d *drawing) close() { d.out.WriteString("</g>") }

// Where a panel's two numbers stand: right of its name.
func (r room) right() float64 { return r.all.x + r.all.w - inset }

const numberColumn = 82.0

func (d *drawing) numbers(r room, waits int, p99 int64) {
	d.labels(r)
	d.text("big", "end", r.right()-numberColumn, r.all.y+46, fmt.Sprint(waits))
	d.text("big", "end", r.right(), r.all.y+46, duration(p99))
}

// labels are what the numbers are.
func (d *drawing) labels(r room) {
	d.text("quiet", "end", r.right()-numberColumn, r.all.y+25, "waiting")
	d.text("quiet", "end", r.right(), r.all.y+25, "p99")
}

// master is a gate across the way, or a wall beside it; dead, it is an outline.
func (d *drawing) master(r room, lives bool) {
	class, words, said := "arm", "gate", "master"
	if !lives {
		class, words, said = "asleep", "off", "× master dead"
	}
	b := r.master
	if !r.across {
		d.rect(class, b, 3)
		d.f(`<text class="%v" transform="translate(%v %v) rotate(90)" text-anchor="middle">%v</text>`, words, b.x+3, b.y+b.h/2, said)
		return
	}
	wing := b.w/2 - 18
	d.rect(class, box{b.x, b.y, wing, b.h}, 3)
	d.rect(class, box{b.x + b.w - wing, b.y, wing, b.h}, 3)
	d.text(words, "start", b.x+8, b.y+14.5, said)
}

// rings are those who wait in a lane.
func (d *drawing) rings(lane box, n int) {
	drawn, more := lane.shown(n)
	for i := range drawn {
		at := lane.spot(i)
		d.f(`<circle class="ring" cx="%v" cy="%v" r="%v"/>`, at.x, at.y, radius)
	}
	if more > 0 {
		d.text("", "middle", lane.middle(), lane.y+12, fmt.Sprintf("+%d", more))
	}
}

// cell is a worker.
func (d *drawing) cell(b box, slot, state int) {
	switch state {
	case recording.Asleep:
		d.rect("hatch", b, 5)
		d.rect("asleep", b, 5)
		d.text("off", "middle", b.middle(), b.y+b.h/2+5, "‖ "+fmt.Sprint(slot))
	case recording.Gone:
		d.rect("gone", b, 5)
		d.text("off", "middle", b.middle(), b.y+b.h/2+5, "× "+fmt.Sprint(slot))
	default:
		d.rect("cell", b, 5)
		d.text("quiet", "middle", b.middle(), b.y+b.h/2+5, fmt.Sprint(slot))
	}
}
