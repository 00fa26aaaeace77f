//go:build linux

package steer

import (
	"math"
	"sync/atomic"
	"time"

	"prefork/internal/scoreboard"
	"prefork/internal/sys"
)

// The program counts what it sends, the workers what they take. The difference
// is what is queued, but for connections that end in between: a handshake that is
// never completed, a queue that was full, a migration. And there are programs as
// workers that count nothing. So the kernel's own count of a queue (TCP_INFO) is
// looked at now and then.
const (
	// watchPause is between two looks while workers count. An idle master wakes
	// up so often.
	watchPause = 250 * time.Millisecond
	// closePause is between two looks while workers are busy that do not count.
	closePause = 10 * time.Millisecond
	// looksBeforeDrift is how often a queue must be found shorter than it is
	// counted before the count is wrong: a handshake takes its time.
	looksBeforeDrift = 4

	// ahead is more than any two clocks differ by; see weigh.h.
	ahead = time.Second
)

// queue is that of one slot's socket.
type queue struct {
	fd     int    // the caller's of Add
	sent   uint64 // at the last look
	taken  uint64
	missed int64 // the fewest connections that were counted and not there
	looks  int
}

// watch keeps the counts true until Close.
func (k *Kernel) watch() {
	defer close(k.ended)
	timer := time.NewTimer(k.pause)
	defer timer.Stop()
	for {
		select {
		case <-k.stopped:
			return
		case <-timer.C:
		}
		pause := k.pause
		if k.look() {
			pause = min(pause, closePause)
		}
		timer.Reset(pause)
	}
}

// look looks at every queue, and reports whether there is reason to do so again
// soon.
func (k *Kernel) look() (soon bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := int64(sys.Monotonic())
	for slot, q := range k.queues {
		if k.counts(slot, now) {
			q.settle(&k.slots[slot], func() uint64 { return k.board.Taken(slot) }, now)
		} else if q.sample(&k.slots[slot], now) {
			soon = true
		}
	}
	return soon
}

// counts reports whether a slot's workers count, and what they say can be.
func (k *Kernel) counts(slot int, now int64) (speaks bool) {
	for seat := range scoreboard.Seats {
		line := k.board.Line(slot, seat)
		if line.Speaks.Load() == 0 {
			continue
		}
		speaks = true
		if !line.Sane() || line.Progress.Load()-now > int64(ahead) {
			return false
		}
	}
	s := &k.slots[slot]
	queued := int64(atomic.LoadUint64(&s.Sent) - k.board.Taken(slot) - atomic.LoadUint64(&s.Drift))
	return speaks && queued >= -scoreboard.Absurd && queued <= scoreboard.Absurd
}

// settle corrects the drift of a slot whose workers count. They and the program
// go on meanwhile: what has drifted lies between missed and over.
//
// A queue that is empty is not stuck, however many handshakes are under way.
func (q *queue) settle(s *kernelSlot, taken func() uint64, now int64) {
	sent, before, drift := atomic.LoadUint64(&s.Sent), taken(), atomic.LoadUint64(&s.Drift)
	if sent == q.sent && before == q.taken && sent-before == drift {
		return // nothing has happened, and nothing is queued
	}
	q.sent, q.taken = sent, before
	depth, _, err := sys.QueueDepth(q.fd)
	if err != nil {
		return // the socket is being closed
	}
	if depth == 0 {
		atomic.StoreInt64(&s.Progress, now)
	}
	missed := int64(sent-taken()-drift) - int64(depth)
	over := int64(atomic.LoadUint64(&s.Sent)-before-drift) - int64(depth)
	if q.looks == 0 {
		q.missed = math.MaxInt64
	}
	q.missed = min(q.missed, missed)
	q.looks++
	switch {
	case over < 0: // the hash sent some
		atomic.StoreUint64(&s.Drift, drift+uint64(over))
		q.looks = 0
	case q.missed <= 0:
		q.looks = 0
	case q.looks == looksBeforeDrift:
		atomic.StoreUint64(&s.Drift, drift+uint64(q.missed))
		q.looks = 0
	}
}

// sample does the counting for a slot whose workers do not, and reports whether
// it is busy.
func (q *queue) sample(s *kernelSlot, now int64) (busy bool) {
	sent := atomic.LoadUint64(&s.Sent)
	depth, _, err := sys.QueueDepth(q.fd)
	if err != nil {
		return false
	}
	passed := sent - uint64(depth)
	if depth == 0 || passed != atomic.LoadUint64(&s.Passed) {
		atomic.StoreInt64(&s.Progress, now)
	}
	atomic.StoreUint64(&s.Passed, passed)
	busy = depth > 0 || sent != q.sent
	q.sent = sent
	return busy
}
