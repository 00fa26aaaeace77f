package stats

import (
	"fmt"
	"math"
	"testing"
)

// Same is wrong in at most 5 % where the truth is just at the margin, which is the worst
// case, and does get said where the arms are equal. A 90 % interval, which is usual for
// that (Schuirmann's two one-sided tests), would be wrong more often with skewed rounds.
func TestSame(t *testing.T) {
	const margin, sd = 1.1, 0.02
	for _, n := range []int{6, 10, 20} {
		for _, noise := range noises {
			t.Run(fmt.Sprintf("%d rounds, %s", n, noise.name), func(t *testing.T) {
				t.Parallel()
				// The first arm is at the margin, the second is the baseline once more.
				run := aRun{arms: 2, metrics: 1, rounds: n, noise: noise, sd: sd, effect: func(arm, _ int) float64 {
					return float64(1-arm) * math.Log(margin) / sd
				}}
				random, trials := seeded(uint64(n)), fewer(1000)
				wrong, narrower, right := 0, 0, 0
				for range trials {
					family := run.draw(random)
					judged := Judge(family, margin)
					wrong, right = wrong+one(judged[0].Finding == Same), right+one(judged[1].Finding == Same)
					half := studentQuantile(0.95, float64(n-1)) * family[0].SD / math.Sqrt(float64(n))
					narrower += one(family[0].Ratio*math.Exp(half) < margin)
				}
				atMost(t, "same is wrong", wrong, trials, level)
				t.Logf("by a 90 %% interval: %.1f %%", 100*float64(narrower)/float64(trials))
				atLeast(t, "same is said of equal arms", right, trials, 0.9)
			})
		}
	}
}
