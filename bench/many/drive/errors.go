//go:build linux

package drive

import (
	"errors"
	"strings"

	"github.com/nats-io/nats.go"
)

// silence is that nobody has answered.
type silence struct{ error }

func (s *silence) Unwrap() error { return s.error }

func (s *silence) Error() string {
	switch {
	case errors.Is(s.error, errGone):
		return "it is gone"
	case errors.Is(s.error, nats.ErrTimeout):
		return "it does not answer"
	}
	return s.error.Error()
}

// errGone is that nobody listens where a party did.
var errGone = nats.ErrNoResponders

// several are the errors of several parties, in one line.
type several struct{ errs []error }

func (s *several) Unwrap() []error { return s.errs }

func (s *several) Error() string {
	var all []string
	for _, err := range s.errs {
		all = append(all, err.Error())
	}
	return strings.Join(all, "; ")
}

// together joins those that there are.
func together(errs []error) error {
	var all []error
	for _, err := range errs {
		if err != nil {
			all = append(all, err)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return &several{all}
}
