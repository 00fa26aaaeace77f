package result

// manyLost is the share of an arm's requests that may be lost before its latency is
// no longer that of all: a tenth of the hundredth that p99 leaves out.
const manyLost = 0.001

// LostShare is the share of an arm's requests that were lost in a phase, 0 if so
// few that its latency may be read as that of all.
func (r *Result) LostShare(arm, phase string) float64 {
	return series(r.In(phase)).lostShare(arm)
}

func (s series) lostShare(arm string) float64 {
	lost, ended := 0, 0
	for _, round := range s {
		if round.Arm == arm {
			lost, ended = lost+round.Lost(), ended+round.Ended()
		}
	}
	if share := float64(lost) / float64(max(ended, 1)); share >= manyLost {
		return share
	}
	return 0
}

// despiteLosses takes back what speaks for the latency of an arm that lost many: the
// slowest may be among the lost. What speaks against it stays.
func despiteLosses(verdict string, ours, theirs float64) string {
	switch {
	case verdict == Better && ours > 0, verdict == Worse && theirs > 0, verdict == NoDifference && ours+theirs > 0:
		return NoClaim
	}
	return verdict
}
