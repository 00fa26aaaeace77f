package report

import (
	"strings"

	"prefork/bench/load"
	"prefork/bench/result"
)

// harm is what became of the requests that came after something happened to the servers.
type harm struct{ due, stalled, failed, both int }

// harmOf is that of an arm, all its rounds together.
func (v view) harmOf(arm, phase string) (h harm) {
	for _, round := range v.In(phase) {
		if round.Arm != arm || round.Moment == nil {
			continue
		}
		stalled, failed := 0, 0
		for _, s := range round.Timeline {
			if s.At >= *round.Moment {
				h.due += s.Answered + s.Failed
				stalled, failed = stalled+s.Stalled, failed+s.Failed
			}
		}
		h.stalled, h.failed = h.stalled+stalled, h.failed+failed
		h.both += min(stalled, failed, round.Errors[load.Late]) // given up after too long
	}
	return h
}

// share is that of the requests that waited too long or in vain.
func (h harm) share() float64 {
	return float64(h.stalled+h.failed-h.both) / float64(max(h.due, 1))
}

// said is it in words.
func (h harm) said(p result.Plan) string {
	var parts []string
	if waited := h.stalled - h.both; waited > 0 {
		parts = append(parts, smallShare(waited, h.due)+" waited over "+result.InTime(p.Stall))
	}
	if h.failed > 0 {
		parts = append(parts, smallShare(h.failed, h.due)+" got no answer")
	}
	if len(parts) == 0 {
		return "all answered in time"
	}
	return strings.Join(parts, ", ")
}

// smallShare is a share in per cent, or where that says too little, as one in so many.
func smallShare(n, of int) string {
	share := float64(n) / float64(max(of, 1))
	if share < 0.002 {
		return result.InShare(share)
	}
	return result.Percent(share)
}

// harmFigure is how many waited too long or in vain.
func harmFigure(v view) (figure, bool) {
	phase := v.timelinePhase()
	f := figure{
		Name: "harm", Title: "Who waits " + v.after(),
		Caption: "Of the " + v.Plan.Counted() + " that came after it, those that took longer than " + result.InTime(v.Plan.Stall) + " or got no answer. Shorter is better.",
	}
	var all []harm
	var words []string
	for i, arm := range v.Arms {
		h := v.harmOf(arm.Name, phase)
		all = append(all, h)
		words = append(words, v.looks[i].label()+": "+h.said(v.Plan))
	}
	f.Words = strings.Join(words, "; ") + "."
	f.draw = func(width float64) drawing {
		r := newStrips(width, fromZero(farthestHarm(all), 0, 0))
		for i, h := range all {
			if v.Arms[i].Control {
				continue
			}
			number := "none"
			if h.share() > 0 {
				number = "× " + smallShare(h.stalled+h.failed-h.both, h.due)
			}
			y := r.strip(v.looks[i], number)
			r.named(v.looks[i].label()+": "+h.said(v.Plan), v.looks[i].Class)
			r.rect(r.x.at(0), y-stripBar/2, r.x.at(h.share())-r.x.at(0), stripBar, "bar harmed")
			r.end()
		}
		return r.done()
	}
	_, struck := v.moment()
	return f, struck && len(v.Arms) > 0
}

func farthestHarm(all []harm) (x float64) {
	for _, h := range all {
		x = max(x, h.share())
	}
	return max(x, 0.05)
}
