//go:build race

package stats

// raced says that the race detector, which makes simulated runs some ten times
// slower, is on.
const raced = true
