package report

import (
	"cmp"
	"maps"
	"slices"

	"prefork/bench/result"
)

// share is what one worker had of an arm's connections, or of those that came after
// something happened: the mean over the rounds, with the least and the most of any.
type share struct {
	slot            int // -1 where it is only a place in the order of pids
	mean, low, high float64
	stalled         float64 // of the mean, what it answered too late
	struck          bool    // it was the one that something happened to
}

// part is a share in one round.
type part struct {
	all, stalled float64
	struck       bool
}

// shares are those of all workers of an arm.
func (v view) shares(arm, phase string) []share { return v.sharesOf(arm, phase, had, failedAfter) }

// ranked are those of all workers, the busiest of each round first: what differs from round
// to round would be even in the mean over slots.
func (v view) ranked(arm, phase string, counts func(result.Round, result.Worker) int) (all []share) {
	var byRank [][]part
	for _, round := range v.In(phase) {
		if round.Arm != arm || round.Conns == 0 {
			continue
		}
		dealt, _ := partsOf(round, counts, 0)
		sorted := slices.SortedFunc(maps.Values(dealt), func(a, b part) int { return cmp.Compare(b.all, a.all) })
		for rank, one := range sorted {
			if rank == len(byRank) {
				byRank = append(byRank, nil)
			}
			byRank[rank] = append(byRank[rank], one)
		}
	}
	for rank, parts := range byRank {
		all = append(all, shareOf(rank, parts))
	}
	return all
}

func heldOpen(_ result.Round, w result.Worker) int { return w.MaxOpen }

// sharesOf are those of what counts of a worker, and of how many had none.
func (v view) sharesOf(arm, phase string, counts func(result.Round, result.Worker) int, without func(result.Round) int) []share {
	bySlot := map[int][]part{}
	unnamed := false
	for _, round := range v.In(phase) {
		if round.Arm != arm || round.Conns == 0 {
			continue
		}
		dealt, ordered := partsOf(round, counts, without(round))
		unnamed = unnamed || ordered
		for slot, one := range dealt {
			bySlot[slot] = append(bySlot[slot], one)
		}
	}
	var all []share
	for slot, parts := range bySlot {
		all = append(all, shareOf(slot, parts))
	}
	slices.SortFunc(all, func(a, b share) int { return cmp.Compare(a.slot, b.slot) })
	if unnamed {
		for i := range all {
			all[i].slot = -1
		}
	}
	return all
}

// partsOf are the shares of one round. A slot whose worker was replaced counts as
// one; workers without a slot take their place in the order of pids.
func partsOf(round result.Round, counts func(result.Round, result.Worker) int, without int) (parts map[int]part, ordered bool) {
	workers := slices.SortedFunc(slices.Values(round.Workers), func(a, b result.Worker) int { return cmp.Compare(a.PID, b.PID) })
	total := without
	for _, w := range workers {
		total += counts(round, w)
		ordered = ordered || w.Slot < 0
	}
	parts = map[int]part{}
	for i, w := range workers {
		slot := w.Slot
		if ordered {
			slot = i
		}
		one := parts[slot]
		one.all += float64(counts(round, w)) / float64(max(total, 1))
		one.stalled += float64(w.AfterStalled) / float64(max(total, 1))
		one.struck = one.struck || w.Struck
		parts[slot] = one
	}
	return parts, ordered
}

// had is what counts of a worker: where something happened, what came after it.
func had(round result.Round, w result.Worker) int {
	if tellsAfter(round) {
		return w.After
	}
	return w.Conns
}

// tellsAfter reports whether something happened, and the result is not too old to tell
// who answered after it.
func tellsAfter(round result.Round) bool {
	return round.Moment != nil && slices.ContainsFunc(round.Workers, func(w result.Worker) bool { return w.After > 0 })
}

// failedAfter is how many requests failed of those due after something happened.
func failedAfter(round result.Round) (n int) {
	if !tellsAfter(round) {
		return 0
	}
	for _, s := range round.Timeline {
		if s.At >= *round.Moment {
			n += s.Failed
		}
	}
	return n
}

func shareOf(slot int, parts []part) share {
	s := share{slot: slot, low: parts[0].all}
	for _, one := range parts {
		s.mean += one.all / float64(len(parts))
		s.stalled += one.stalled / float64(len(parts))
		s.low, s.high = min(s.low, one.all), max(s.high, one.all)
		s.struck = s.struck || one.struck
	}
	return s
}
