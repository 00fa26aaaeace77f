//go:build race

package stats

// raced says that the race detector, which makes the bootstrap some ten times
// slower, is on.
const raced = true
