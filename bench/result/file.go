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
const Schema = "prefork.bench/v1"

// errForeign is for what is not ours to read.
var errForeign = errors.New("not a result of prefork bench")

// Read reads a saved result.
func Read(path string) (*Result, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var r Result
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, errForeign, err)
	}
	if r.Schema != Schema {
		return nil, fmt.Errorf("%s: %w: its schema is %q, want %q (save one with prefork bench --json)", path, errForeign, r.Schema, Schema)
	}
	return &r, nil
}

// WriteJSON writes a result as Read reads it.
func (r *Result) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}
