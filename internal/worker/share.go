//go:build linux

package worker

import (
	"math/rand/v2"
	"time"
)

// share is how many connections a worker serves before it asks for a successor, and
// when it asks again, should that not have come: the one that was started may have
// failed.
type share struct {
	most  uint64 // 0 is no limit
	asked time.Time
	pause time.Duration // until it is asked again
}

const (
	firstPause = time.Second
	maxPause   = time.Minute
)

func (s Spec) share() share {
	most := max(0, s.MaxConns)
	if most > 0 && s.MaxJitter > 0 {
		most += rand.IntN(s.MaxJitter + 1)
	}
	return share{most: uint64(most), pause: firstPause}
}

// over reports whether it is time to ask, when so many have been served.
func (s *share) over(served uint64) bool {
	if s.most == 0 || served < s.most {
		return false
	}
	now := time.Now()
	if !s.asked.IsZero() {
		if now.Sub(s.asked) < s.pause {
			return false
		}
		s.pause = min(2*s.pause, maxPause)
	}
	s.asked = now
	return true
}
