package stats

import "math"

// likelyWrong is the share of wrong ones among what is called likely or different.
const likelyWrong = 0.20

// Judge says what each comparison of a family shows. The family is all that a run is
// asked at once: every arm against the baseline in every metric that decides. margin
// is the ratio up to which two arms count as the same, 1.10 for 10 %; 1 if no two do.
// It goes both ways: 1/1.10 to 1.10.
//
// Comparisons of fewer than MinRounds rounds are Unknown, and do not count as members.
func Judge(family []Comparison, margin float64) []Judgement {
	cases := make([]evidence, len(family))
	for i, c := range family {
		cases[i] = evidence{
			rounds: c.N, needs: MinRounds, p: c.P, sd: c.SD,
			middle: math.Log(c.Ratio), margin: math.Log(margin),
			low: math.Log(c.CI[0]), high: math.Log(c.CI[1]),
		}
	}
	return judge(cases)
}

// evidence is one comparison on a scale where 0 is no difference.
type evidence struct {
	rounds, needs     int
	p, sd             float64
	middle, low, high float64
	margin            float64
}

func judge(cases []evidence) []Judgement {
	judgements := make([]Judgement, len(cases))
	var members []int
	var ps []float64
	for i, c := range cases {
		if c.rounds < c.needs {
			judgements[i] = Judgement{P: 1, Rounds: c.needs}
			continue
		}
		members, ps = append(members, i), append(ps, c.p)
	}
	sure, likely := Adjust(ps), benjaminiHochberg(ps)
	for at, i := range members {
		judgements[i] = cases[i].judged(sure[at], likely[at], len(members))
	}
	return judgements
}

func (c evidence) judged(sure, likely float64, members int) Judgement {
	j := Judgement{Finding: c.finding(sure, likely), P: sure}
	if j.Finding == Unknown || j.Finding.Likely() {
		j.Rounds = c.roundsToTell(members)
	}
	return j
}

func (c evidence) finding(sure, likely float64) Finding {
	switch {
	case -c.margin < c.low && c.high < c.margin:
		return Same
	case c.low > 0 && sure < level:
		return Above
	case c.high < 0 && sure < level:
		return Below
	case c.low > 0 && likely < likelyWrong:
		return LikelyAbove
	case c.high < 0 && likely < likelyWrong:
		return LikelyBelow
	}
	return Unknown
}
