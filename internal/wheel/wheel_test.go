package wheel

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// naive is what a wheel is to do, done by looking at all timers.
type naive map[int]time.Duration

// tick rounds up to a tick.
func tick(at time.Duration) time.Duration { return (at + 1<<tickBits - 1) >> tickBits << tickBits }

// due removes those that have gone off by now.
func (n naive) due(now time.Duration) map[int]bool {
	gone := make(map[int]bool)
	for i, at := range n {
		if tick(at) <= now {
			gone[i] = true
			delete(n, i)
		}
	}
	return gone
}

func (n naive) next() (first time.Duration, ok bool) {
	first = math.MaxInt64
	for _, at := range n {
		first, ok = min(first, tick(at)), true
	}
	return first, ok
}

// Whatever is set, set again and stopped, in whatever steps time goes: the same timers go
// off as if all were looked at, none too early and none too late, and Next is never after
// the first of them.
func TestAWheelDoesAsAListDoes(t *testing.T) {
	scales := []time.Duration{time.Microsecond, 40 * time.Microsecond, time.Millisecond, 100 * time.Millisecond, 10 * time.Second, time.Hour, 1000 * time.Hour}
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		draw := func() time.Duration {
			return time.Duration(random.Int64N(1 + int64(scales[random.IntN(len(scales))])))
		}
		var w Wheel[int]
		list := make(naive)
		timers := make([]Timer[int], 1+random.IntN(50))
		for i := range timers {
			timers[i].Owner = i
		}
		now := time.Duration(0)
		for range 400 {
			i := random.IntN(len(timers))
			switch random.IntN(8) {
			case 0:
				w.Stop(&timers[i])
				delete(list, i)
			case 1, 2, 3, 4:
				at := max(0, now+draw()-draw()/8) // now and then it is over already
				w.Set(&timers[i], at)
				list[i] = at
			case 5:
				at, ok := w.Next()
				first, any := list.next()
				if ok != any || ok && at > first {
					t.Fatalf("seed %d: next %v, %t; the first is %v, %t", seed, at, ok, first, any)
				}
				if ok {
					now = max(now, at) // as who waits does
				}
			default:
				now += draw()
			}
			same(t, seed, now, &w, list)
		}
	}
}

func same(t *testing.T, seed uint64, now time.Duration, w *Wheel[int], list naive) {
	t.Helper()
	want := list.due(now)
	for i, ok := w.Due(now); ok; i, ok = w.Due(now) {
		if !want[i] {
			t.Fatalf("seed %d: at %v, timer %d went off and was not due", seed, now, i)
		}
		delete(want, i)
	}
	if len(want) > 0 {
		t.Fatalf("seed %d: at %v, timers %v did not go off", seed, now, want)
	}
}

// Who sleeps until Next and looks has little to do: each timer moves down a few levels.
func TestWakeupsOfATimer(t *testing.T) {
	for _, after := range []time.Duration{0, time.Millisecond, time.Minute, 24 * time.Hour, math.MaxInt64 >> 1} {
		var w Wheel[int]
		w.Due(12345 * time.Second)
		timer := Timer[int]{Owner: 7}
		w.Set(&timer, 12345*time.Second+after)
		wakeups := 0
		for {
			at, ok := w.Next()
			if !ok {
				t.Fatalf("after %v: lost", after)
			}
			wakeups++
			if owner, ok := w.Due(at); ok {
				if owner != 7 || at < 12345*time.Second+after && at != 0 {
					t.Errorf("after %v: %d went off at %v", after, owner, at)
				}
				break
			}
		}
		if wakeups > levels+1 {
			t.Errorf("after %v: %d wakeups", after, wakeups)
		}
	}
}

// A timer that is put off again and again, as with every request of a busy connection, is
// not moved for it.
func TestPuttingOffIsCheap(t *testing.T) {
	var w Wheel[int]
	var timer Timer[int]
	w.Set(&timer, time.Minute)
	in := timer.in
	for now := time.Duration(0); now < 50*time.Second; now += time.Millisecond {
		if _, ok := w.Due(now); ok {
			t.Fatal("it went off")
		}
		w.Set(&timer, now+time.Minute)
		if moved := timer.in != in; moved && now < 30*time.Second {
			t.Fatalf("moved at %v", now)
		}
	}
}

func BenchmarkPutOff(b *testing.B) {
	var w Wheel[int]
	var timer Timer[int]
	for i := range b.N {
		w.Set(&timer, time.Minute+time.Duration(i))
	}
}

func BenchmarkSetAndStop(b *testing.B) {
	var w Wheel[int]
	var timer Timer[int]
	for range b.N {
		w.Set(&timer, time.Minute)
		w.Stop(&timer)
	}
}
