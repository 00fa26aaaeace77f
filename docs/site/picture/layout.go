package picture

import "prefork/internal/demo/recording"

// Layout is how a picture's panels stand.
type Layout struct {
	width, lanes float64 // how wide the picture is, and how high its queues are
	columns      int
}

// Wide has the panels side by side. Narrow has them below each other, for a phone.
var (
	Wide   = Layout{width: 960, lanes: 132, columns: 3}
	Narrow = Layout{width: 336, lanes: 96, columns: 1}
)

// Sizes, in the picture's own pixels.
const (
	gap        = 24.0 // between panels
	inset      = 14.0 // within a panel
	head       = 64.0 // a panel's name and numbers
	gateHeight = 20.0
	beside     = 14.0 // how wide a master is that stands beside the way
	cellHeight = 44.0
	between    = 8.0
	pitch      = 9.5 // of rings
	radius     = 3.2
)

type box struct{ x, y, w, h float64 }

func (b box) middle() float64 { return b.x + b.w/2 }
func (b box) bottom() float64 { return b.y + b.h }

type point struct{ x, y float64 }

// room is where the things of one panel are. Its lanes are its queues, in the order of
// a frame.
type room struct {
	name   string
	all    box
	lanes  []box
	cells  []box // workers
	master box
	across bool // the master stands in the way
}

// rooms are those of all panels, and where the last of them ends.
func (l Layout) rooms(names []string, panels []recording.Panel, top float64) (all []room, bottom float64) {
	w := (l.width - float64(l.columns-1)*gap) / float64(l.columns)
	h := head + l.lanes + between + cellHeight + inset
	for i, name := range names {
		at := box{float64(i%l.columns) * (w + gap), top + float64(i/l.columns)*(h+between), w, h}
		all = append(all, newRoom(name, at, l.lanes, len(panels[i].Queues), max(1, len(panels[i].Workers))))
		bottom = at.bottom()
	}
	return all, bottom
}

func newRoom(name string, all box, laneHeight float64, queues, workers int) room {
	r := room{name: name, all: all, across: queues > 1 && queues == workers+1}
	in := box{all.x + inset, all.y + head, all.w - 2*inset, laneHeight}
	if !r.across {
		r.master = box{in.x + in.w - beside, in.y, beside, laneHeight + between + cellHeight}
		in.w -= beside + between
	}
	switch {
	case r.across:
		first := laneHeight * .28
		r.master = box{in.x, in.y + first + 4, in.w, gateHeight}
		rest := box{in.x, r.master.bottom() + 4, in.w, laneHeight - first - gateHeight - 8}
		r.lanes = append([]box{{in.x, in.y, in.w, first}}, row(rest, workers)...)
	case queues > 1:
		r.lanes = row(in, queues)
	default:
		r.lanes = []box{in}
	}
	r.cells = row(box{in.x, in.y + laneHeight + between, in.w, cellHeight}, workers)
	return r
}

// row divides a box into n side by side.
func row(b box, n int) (all []box) {
	g := min(between, 24/float64(n))
	w := (b.w - float64(n-1)*g) / float64(n)
	for i := range n {
		all = append(all, box{b.x + float64(i)*(w+g), b.y, w, b.h})
	}
	return all
}

// lane is where the queue is from which a worker takes.
func (r room) lane(worker int) int {
	switch {
	case len(r.lanes) == 1:
		return 0
	case r.across:
		return worker + 1
	}
	return worker
}

// fits is how many rings there is room for in a lane: columns and rows.
func (b box) fits() (columns, rows int) {
	return max(1, int((b.w-4)/pitch)), max(1, int((b.h-8)/pitch))
}

// spot is the place of the i-th in a lane: the front row first, from its middle.
func (b box) spot(i int) point {
	columns, rows := b.fits()
	i = min(i, columns*rows-1)
	at, side := i%columns, 1.0
	if at%2 == 1 {
		side = -1
	}
	x := b.middle() + side*float64((at+1)/2)*pitch
	if columns%2 == 0 {
		x += pitch / 2
	}
	return point{x, b.bottom() - 8 - float64(i/columns)*pitch}
}

// shown is how many of n that wait are drawn, and how many more there are.
func (b box) shown(n int) (drawn, more int) {
	columns, rows := b.fits()
	if n > columns*rows {
		drawn = columns * max(1, rows-1)
		return drawn, n - drawn
	}
	return n, 0
}
