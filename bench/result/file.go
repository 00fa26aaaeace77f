package result

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// Schema names the form of a saved result. Other programs lean on it: fields may
// be added, none may change its meaning.
const Schema = "prefork.bench/v2"

// schemaV1 had no histograms, and one verdict of validity for all numbers of a round.
const schemaV1 = "prefork.bench/v1"

// errForeign is for what is not ours to read.
var errForeign = errors.New("not a result of prefork bench")

// Read reads a saved result, also one of the schema before.
func Read(path string) (*Result, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var r Result
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, errForeign, err)
	}
	if r.Schema != Schema && r.Schema != schemaV1 {
		return nil, fmt.Errorf("%s: %w: its schema is %q, want %q (save one with prefork bench --json)", path, errForeign, r.Schema, Schema)
	}
	r.Schema = Schema
	return &r, nil
}

// WriteJSON writes a result as Read reads it.
func (r *Result) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// plainRound is a round without its own way to JSON.
type plainRound Round

// savedRound is a round with what it says of itself as a whole, as the schema before did:
// valid is false if anything in it is doubtful.
type savedRound struct {
	plainRound
	Valid         *bool  `json:"valid"`
	InvalidReason string `json:"invalid_reason,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (r Round) MarshalJSON() ([]byte, error) {
	valid := len(r.Doubts) == 0
	return json.Marshal(savedRound{plainRound(r), &valid, r.Doubtful()})
}

// UnmarshalJSON reads what MarshalJSON writes. What an older file says of a round as a
// whole is a doubt of all its numbers.
func (r *Round) UnmarshalJSON(text []byte) error {
	var saved savedRound
	if err := json.Unmarshal(text, &saved); err != nil {
		return err
	}
	*r = Round(saved.plainRound)
	if saved.Valid != nil && !*saved.Valid && len(r.Doubts) == 0 {
		r.Doubts = []Doubt{{Reason: saved.InvalidReason, Spoils: metricNames()}}
	}
	return nil
}
