package picture

import "prefork/internal/demo/recording"

// How long a dot is on its way, in ms.
const (
	falls = 450
	hands = 300
	taken = 400
	leave = 350
	every = 100 // from frame to frame: what happened is spread over it
)

// life is the way of one connection: when it is where. It is seen from the first of
// these stops to the last.
type life []stop

type stop struct {
	at int64 // ms since the recording began
	point
}

// begetter makes the lives that one panel has in some frames: one of so many that
// happened.
type begetter struct {
	room   room
	scale  float64
	before []int              // how many waited, a frame ago
	owed   map[[2]int]float64 // by lane and kind
	lives  []life
	n      int
}

// lives are those of panel i.
func (f *film) lives(i int, r room, from, to int64, scale float64) []life {
	b := &begetter{room: r, scale: scale, before: f.frameAt(from).panels[i].Queues, owed: map[[2]int]float64{}}
	for _, one := range f.between(from, to) {
		b.take(one.at, one.panels[i])
		b.before = one.panels[i].Queues
	}
	return b.lives
}

// Kinds of lives.
const (
	through = iota // it comes, is taken, and leaves
	comes          // it comes, and waits
	goes           // it has waited, and is taken
)

// take makes the lives of one frame. Where somebody waits, who comes and who is taken
// are not the same.
func (b *begetter) take(at int64, p recording.Panel) {
	came := make([]int, len(b.room.lanes))
	took := make([]int, len(b.room.lanes))
	for slot, w := range p.Workers {
		took[b.room.lane(slot)] += w[0]
	}
	handed := 0
	for lane := range came {
		came[lane] = max(0, took[lane]+p.Queues[lane]-b.before[lane])
		handed += came[lane]
	}
	if b.room.across { // what is in the master's queue is what has not been handed on
		came[0] = max(0, p.Queues[0]-b.before[0])
	}
	for slot, w := range p.Workers {
		lane := b.room.lane(slot)
		kind := through
		if b.waits(lane, p) {
			kind = goes
		}
		b.owe(at, w[0], lane, kind, func(at int64) life { return b.way(at, lane, slot, kind, p.Queues[lane]) })
	}
	for lane, n := range came {
		if b.waits(lane, p) {
			b.owe(at, n, lane, comes, func(at int64) life { return b.way(at, lane, -1, comes, p.Queues[lane]) })
		}
	}
}

// waits reports whether there is a queue in a lane.
func (b *begetter) waits(lane int, p recording.Panel) bool {
	return b.before[lane] > 1 || p.Queues[lane] > 1
}

// owe makes a life for every so many of n, spread over the frame.
func (b *begetter) owe(at int64, n, lane, kind int, beget func(int64) life) {
	key := [2]int{lane, kind}
	for i := range n {
		if b.owed[key] += 1 / b.scale; b.owed[key] >= 1 {
			b.owed[key]--
			b.lives = append(b.lives, beget(at-every+every*int64(2*i+1)/int64(2*n)))
		}
	}
}

// way is the way of a connection by a lane to a worker.
func (b *begetter) way(at int64, lane, slot, kind, depth int) (l life) {
	r := b.room
	to := r.lanes[lane].spot(0)
	if kind == comes {
		to = r.lanes[lane].spot(depth)
	}
	if kind != goes {
		b.n++
		drift := float64(b.n*13%24) - 12 // so that they do not all come down the same line
		middle := r.lanes[0].x + (r.lanes[len(r.lanes)-1].x+r.lanes[len(r.lanes)-1].w-r.lanes[0].x)/2
		l = append(l, stop{at, point{middle + drift, r.lanes[0].y - 18}})
		at += falls
		if r.across && lane > 0 {
			gate := point{r.master.middle(), r.master.y + r.master.h/2}
			l = append(l, stop{at, r.lanes[0].spot(0)}, stop{at + hands/3, gate})
			at += hands
		}
	}
	l = append(l, stop{at, to})
	if kind == comes {
		return l
	}
	cell := r.cells[slot]
	return append(l, stop{at + taken, point{cell.middle(), cell.bottom() - 5}}, stop{at + taken + leave, point{cell.middle(), cell.bottom() + 12}})
}
