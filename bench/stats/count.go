package stats

// Count is how many requests (or connections) of an arm came to harm in one round:
// lost, stalled or reset, of how many.
type Count struct{ Harmed, Of int }

func (c Count) plus(other Count) Count { return Count{c.Harmed + other.Harmed, c.Of + other.Of} }

func (c Count) share() float64 { return float64(c.Harmed) / float64(c.Of) }

// countAt is the count of a round, and a zero one where that has none or one that
// cannot be: nothing was counted, or more than there were.
func countAt(counts []Count, i int) Count {
	if i < len(counts) && counts[i].Of > 0 && 0 <= counts[i].Harmed && counts[i].Harmed <= counts[i].Of {
		return counts[i]
	}
	return Count{}
}

func sumOf(counts []Count) (all Count) {
	for _, c := range counts {
		all = all.plus(c)
	}
	return all
}

// countedOf are those in which anything was counted, and that can be.
func countedOf(counts []Count) (some []Count) {
	for i := range counts {
		if c := countAt(counts, i); c.Of > 0 {
			some = append(some, c)
		}
	}
	return some
}
