//go:build linux

package demo

import (
	"errors"
	"fmt"
	"time"

	"prefork/bench/load"
	"prefork/bench/stats"
	"prefork/internal/scoreboard"
)

// The stall of this scene, and the load on both sides of it.
const (
	stallWorkers = 4
	stallService = "fixed:2ms"
	stallRate    = 400. // open loop, a second
	stallClients = 4    // closed loop
	stallFrom    = 600 * time.Millisecond
	stallFor     = 500 * time.Millisecond
	stallLength  = 2 * time.Second
	stallSlice   = 50 * time.Millisecond
)

func playLyingStopwatch(s *Stage) error {
	s.say("We measure the same server twice, for two seconds each, and each time we stop all its workers for half a second. The first stopwatch waits for an answer before it sends the next request, as most load tools do. The second sends 400 requests a second whatever happens, as the public does, and times each from when it was due.")
	s.ask("Nobody answers for half a second of the two. Which 99th percentile of answer times will the first stopwatch show, in milliseconds?", Asked{Unit: "ms"})

	closed, err := s.stall("closed loop: ask, wait, ask again", load.Order{Clients: stallClients})
	if err != nil {
		return err
	}
	open, err := s.stall("open loop: ask when it is due", load.Order{Rate: stallRate})
	if err != nil {
		return err
	}
	s.check(Number{
		Label: "p99 in ms, by the first (closed loop)", Got: closed.p99(), Want: 2, Low: 2, High: closed.stall() / 5,
		Claim: "2 or so",
		From:  fmt.Sprintf("the time of a usual answer: of some thousand only 4 waited, one for each client; at most a fifth of the stall, %.0f", closed.stall()), Answers: true,
	})
	want := openP99(open.stall())
	s.check(Number{
		Label: "p99 in ms, by the second (open loop)", Got: open.p99(), Want: want,
		Low: 0.8 * openP99(1e3*open.shortest.Seconds()), High: 1e3 * stallLength.Seconds(), Claim: fmt.Sprintf("from %.0f", want),
		From: fmt.Sprintf("the stall, %.0f, less what comes in 1 %% of the time: 20 x (1 - load); more if the machine is slow to catch up, and a fifth less at most", open.stall()),
	})
	s.why("A client that waits for its answer asks nothing during the stall. So the requests that would have waited longest were never sent, and are in no statistic. That is called coordinated omission. In the open loop a quarter of all requests were due while nobody answered.")
	s.read("Gil Tene, How NOT to Measure Latency; bench/load/load.go; prefork bench prints both, by --phase closed and open")
	return nil
}

// stalled is what a stopwatch said of a server that stood still.
type stalled struct {
	*load.Result
	began, ended time.Duration // since the measurement began, from the first signal to the first connection taken
	shortest     time.Duration // from when all stood still to when they were let go
}

// p99 is that of its answer times, in milliseconds.
func (s stalled) p99() float64 { return float64(s.Response.ValueAtQuantile(99)) / 1e3 }

// stall is how long it took, in milliseconds, to within what cannot be known.
func (s stalled) stall() float64 { return 1e3 * (s.shortest + s.ended - s.began).Seconds() / 2 }

// openP99 is p99 of an open loop after a stall, in milliseconds. Who was due at t
// into the stall waits for the rest of it and for those before him: stall - t(1-ρ).
// The worst 1 % are those due in its first moments, so many as come in 1 % of the
// whole time.
func openP99(stall float64) float64 {
	service, _ := stats.ParseService(stallService)
	ρ := stats.Utilisation(stallRate, service.Mean(), stallWorkers)
	return stall - 0.01*1e3*stallLength.Seconds()*(1-ρ)
}

// upset is in how many slices somebody waited for longer than this, but for the
// stall. That is the machine's own doing, as a busy one does.
func (s stalled) upset(longer time.Duration) (n int) {
	const before, drained = stallSlice, 300 * time.Millisecond
	for _, slice := range s.Timeline {
		at := time.Duration(slice.At * float64(time.Second))
		ours := at > s.began-before && at < s.ended+drained
		if !ours && time.Duration(slice.P99)*time.Microsecond > longer {
			n++
		}
	}
	return n
}

// calm reports whether those who waited for long can be no more than 1 % of a
// closed loop: each client once in the stall, and whenever the machine was upset.
func (s stalled) calm() bool { return (1+s.upset(stallFor/5))*stallClients < s.Requests/100 }

// stall measures a server that stands still for a while, and draws what the
// stopwatch saw.
func (s *Stage) stall(title string, o load.Order) (found stalled, err error) {
	note, err := s.untilCalm(func() (bool, error) {
		found, err = s.tryStall(o)
		return err == nil && (o.Rate > 0 || found.calm()), err
	})
	if err != nil {
		return found, err
	}
	picture := stopwatch(title, found.Result)
	picture.Note = note
	s.show(picture)
	return found, nil
}

// tryStall measures it once.
func (s *Stage) tryStall(o load.Order) (found stalled, err error) {
	v, err := s.start("shared", stallWorkers, "--app", "work")
	if err != nil {
		return found, err
	}
	defer v.Stop()
	o.Address, o.Service, o.Length, o.Slice, o.Seed = v.Address, stallService, stallLength, stallSlice, 1
	g := s.load(o)
	found, failed := v.standStill(g.measuring)
	found.Result, err = g.result()
	return found, errors.Join(err, failed)
}

// standStill stops all workers for a while, and says when.
func (v *server) standStill(measuring <-chan struct{}) (found stalled, err error) {
	scores, err := v.Scores()
	if err != nil {
		return found, err
	}
	<-measuring
	start := time.Now()
	if err := v.stage.pause(stallFrom); err != nil {
		return found, err
	}
	found.began = time.Since(start)
	if err := v.freeze(v.slots()...); err != nil {
		return found, err
	}
	stood, before := time.Now(), taken(scores)
	err = v.stage.pause(stallFor)
	found.shortest = time.Since(stood)
	for _, slot := range v.slots() {
		err = errors.Join(err, v.thaw(slot))
	}
	if err != nil {
		return found, err
	}
	// On a busy machine it takes them a while to come to.
	err = v.stage.await("connections are taken again", func() bool { return taken(scores) > before })
	found.ended = time.Since(start)
	return found, err
}

// taken is how many connections all workers have accepted.
func taken(scores *scoreboard.Scores) (n uint64) {
	for slot := range stallWorkers {
		n += scores.Slot(slot).Accepted
	}
	return n
}

// stopwatch draws a result over time: when clients asked, and what the slowest 1 %
// of those waited.
func stopwatch(title string, r *load.Result) Picture {
	var asked []rune
	var waited []float64
	top := 0.
	for _, slice := range r.Timeline {
		glyph := Served
		if slice.Answered == 0 {
			glyph = Nothing
		}
		asked = append(asked, glyph)
		waited = append(waited, slice.P99)
		top = max(top, slice.P99)
	}
	return Picture{Title: title, Strategy: "shared", Time: true, Lanes: []Lane{
		{What: ClientLane, Label: "asked", Dots: string(asked), Note: fmt.Sprintf("%d requests", r.Requests)},
		{What: ClientLane, Label: "waited", Dots: bars(waited, top), Note: fmt.Sprintf("at most %.0f ms", top/1e3)},
	}}
}
