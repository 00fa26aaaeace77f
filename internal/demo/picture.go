//go:build linux

package demo

import (
	"fmt"
	"strings"
)

// workerLane is that of a worker that has served some and has others waiting, a
// dot for each so many.
func workerLane(slot, served, waiting, each int) Lane {
	note := fmt.Sprint(served)
	if waiting > 0 {
		note = fmt.Sprintf("%d, and %d wait", served, waiting)
	}
	return Lane{What: WorkerLane, Label: fmt.Sprint("worker ", slot), Dots: dots(Served, served, each) + dots(Waiting, waiting, each), Note: note}
}

// dots are as many as there are connections, rounded up so that one is not none.
func dots(glyph rune, n, each int) string {
	return strings.Repeat(string(glyph), (n+each-1)/each)
}

// inTurn are lanes on which each column is one connection: who has taken it.
func inTurn(slots []int, workers int) (lanes []Lane) {
	for slot := range workers {
		var row strings.Builder
		n := 0
		for _, taker := range slots {
			if taker == slot {
				n++
				row.WriteRune(Served)
			} else {
				row.WriteRune(Nothing)
			}
		}
		lanes = append(lanes, Lane{What: WorkerLane, Label: fmt.Sprint("worker ", slot), Dots: row.String(), Note: fmt.Sprint(n)})
	}
	return lanes
}

// counts is how many connections each slot has had.
func counts(slots []int, workers int) []int {
	all := make([]int, workers)
	for _, slot := range slots {
		if slot >= 0 {
			all[slot]++
		}
	}
	return all
}

// bars draw values as heights, the tallest being top.
func bars(values []float64, top float64) string {
	const heights = "▁▂▃▄▅▆▇█"
	levels := []rune(heights)
	var row strings.Builder
	for _, value := range values {
		level := int(value / top * float64(len(levels)))
		row.WriteRune(levels[min(max(level, 0), len(levels)-1)])
	}
	return row.String()
}
