package demo

import (
	"context"
	"encoding/json"
	"io"
)

// Teller tells what happens in scenes. An AskKind may keep it waiting for a guess;
// an error, such as that of an output nobody reads any more, ends the scene.
type Teller interface {
	Tell(ctx context.Context, e Event) error
}

// JSON tells each event as a line of JSON.
type JSON struct{ encoder *json.Encoder }

// NewJSON makes one that writes to w.
func NewJSON(w io.Writer) JSON {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return JSON{encoder}
}

// Tell writes the line.
func (j JSON) Tell(_ context.Context, e Event) error { return j.encoder.Encode(e) }
