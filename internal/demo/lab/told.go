//go:build linux

package lab

import "fmt"

// told is what a viewer's page says of a tour that it plays, for the recording of it:
// that it has asked the question of a step, that a guess was made, what came out, or
// that the tour was left.
type told struct {
	Tour    string       `json:"tour"`
	Step    int          `json:"step"`
	What    string       `json:"what"` // asked, guessed, told, left
	Came    int          `json:"came"` // which of the choices came true; -1 if none did
	Numbers []toldNumber `json:"numbers,omitempty"`
}

// toldNumber is a number of a tour: predicted, and as it came out.
type toldNumber struct {
	Label string `json:"label"`
	Want  string `json:"want"`
	Got   string `json:"got"`
	OK    bool   `json:"ok"`
}

// tell puts into the recording what a page says of its tour.
func (l *Lab) tell(what told) error {
	switch what.What {
	case "asked", "guessed", "told", "left":
	default:
		return fmt.Errorf("what %q: want asked, guessed, told or left", what.What)
	}
	if l.hub.recorder == nil {
		return fmt.Errorf("%w: nothing is recorded", errState)
	}
	l.hub.send("tour", encode(what))
	return nil
}
