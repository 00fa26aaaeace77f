//go:build linux

package run

import (
	"cmp"
	"maps"
	"slices"

	"prefork/bench/result"
	"prefork/bench/stats"
	"prefork/internal/subject"
)

// roster is what each worker had, by slot. prefork's own are all there; of a
// peer's, those that have greeted.
func roster(arm result.Arm, s *subject.Server, seen observed) (workers []result.Worker) {
	there := map[int]bool{}
	for _, pid := range slices.Concat(slices.Collect(maps.Keys(seen.Workers)), slices.Collect(maps.Keys(seen.After))) {
		there[pid] = true
	}
	if arm.Strategy != result.Peer {
		for _, pid := range s.Workers() {
			there[pid] = true
		}
		for pid := range seen.seats {
			there[pid] = true
		}
	}
	for pid := range there {
		slot, seated := seen.seats[pid]
		if !seated {
			slot = subject.SlotOf(pid)
		}
		workers = append(workers, result.Worker{
			Slot: slot, PID: pid, Conns: seen.Workers[pid], MaxOpen: seen.Held[pid],
			After: seen.After[pid].Answered, AfterStalled: seen.After[pid].Stalled, Struck: pid == seen.blow.Worker,
		})
	}
	slices.SortFunc(workers, func(a, b result.Worker) int { return cmp.Or(cmp.Compare(a.Slot, b.Slot), cmp.Compare(a.PID, b.PID)) })
	return workers
}

// fairness is how evenly connections fell to workers. Where workers come and go,
// or do not each say who they are, there is none to speak of.
func fairness(arm result.Arm, r *result.Round) {
	named := len(r.Workers)
	if arm.Strategy == result.Peer && named == 1 {
		named = 0 // one name for all
	}
	if named == 0 || named > arm.Workers {
		return
	}
	counts, n := make([]int, arm.Workers), 0 // who got nothing has not greeted anybody
	for i, w := range r.Workers {
		counts[i] = w.Conns
		n += w.Conns
	}
	if n == 0 {
		return // nothing was dealt: there is no number for how evenly
	}
	jain, expected, share := stats.Jain(counts), stats.JainOfHash(n, len(counts)), stats.MaxShare(counts)
	r.Jain, r.JainExpected, r.MaxShare = &jain, &expected, &share
	if len(counts) > 1 {
		even := stats.EqualShares(counts).P
		r.ChiSquareP = &even
	}
}
