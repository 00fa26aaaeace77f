//go:build linux

package servertest

import (
	"testing"

	"prefork/internal/scoreboard"
)

// openBoard maps the scoreboard of a running master.
func openBoard(t testing.TB, pid int) *scoreboard.Board {
	t.Helper()
	board, err := scoreboard.Of(pid)
	if err != nil {
		t.Fatal(err)
	}
	return board
}
