//go:build linux

package lab

import (
	"os"
	"strconv"
	"strings"
)

// machine measures how busy the processors are.
type machine struct{ total, idle float64 }

// used is how much of the processors' time was used since it was last asked, by
// whomever, or given to other machines on this host: 0 to 1. The first time, and
// where it cannot be known, it is 0.
func (m *machine) used() float64 {
	before := *m
	m.total, m.idle = processorTime()
	if before.total == 0 || m.total <= before.total {
		return 0
	}
	return round3(max(0, 1-(m.idle-before.idle)/(m.total-before.total)))
}

// processorTime is the time of all processors so far, and that in which they had
// nothing to do, by the first line of /proc/stat.
func processorTime() (total, idle float64) {
	text, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(line) {
		const idling, waiting, guest = 4, 5, 9 // guest time is in user time already
		ticks, err := strconv.ParseFloat(field, 64)
		if err != nil || i >= guest {
			continue
		}
		total += ticks
		if i == idling || i == waiting {
			idle += ticks
		}
	}
	return total, idle
}
