//go:build linux

package result

import "testing"

// Of a round that is invalid for one arm, the other parts are so for its sake.
func TestVoided(t *testing.T) {
	rounds := []Round{{Arm: "a", Valid: true}, {Arm: "b", InvalidReason: "too late"}, {Arm: "c", Valid: true}}
	VoidRound(rounds)
	for i, want := range []bool{true, false, true} {
		if rounds[i].Valid || rounds[i].Voided() != want {
			t.Errorf("%+v: voided should be %v", rounds[i], want)
		}
	}
	if (Round{Valid: true}).Voided() {
		t.Error("a valid round is voided")
	}
}
