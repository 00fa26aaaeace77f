package drive

import (
	"fmt"

	"prefork/bench/load"
)

// split divides an order among agents, who have so many processors each. Independent
// Poisson streams of λ/N are together one of λ, so an open loop needs no common clock; the
// clients of a closed loop are dealt out.
func split(o load.Order, processors []int) (shares []load.Order, err error) {
	n := len(processors)
	if o.Rate == 0 && o.Clients < n {
		return nil, fmt.Errorf("%d clients for %d agents: --clients %d at least, or fewer --agents", o.Clients, n, n)
	}
	for i, cpus := range processors {
		share := o
		share.Shared, share.Every = true, countEvery
		share.Seed = seedOf(o.Seed, i)
		share.Rate = o.Rate / float64(n)
		share.Threads = 1
		if o.Rate == 0 {
			share.Clients = o.Clients / n
			if i < o.Clients%n {
				share.Clients++
			}
			share.Threads = max(1, min(cpus, share.Clients))
		}
		shares = append(shares, share)
	}
	return shares, nil
}

// seedOf is an agent's own, apart from those of the others and of other rounds (the step
// and the mixing of SplitMix64, Steele, Lea and Flood, OOPSLA 2014).
func seedOf(seed uint64, agent int) uint64 {
	z := seed + uint64(agent+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
