//go:build linux

package drive

import (
	"context"
	"errors"
	"time"

	"prefork/bench/load"
	"prefork/bench/many"
	"prefork/bench/result"
)

// server is the party that servers are started by.
type server struct {
	drive *drive
	peer  *peer
}

const (
	// serveTime is how long a server may take to start, and to end.
	serveTime   = 25 * time.Second
	accountTime = 15 * time.Second
)

// Start implements many.Server.
func (s *server) Start(ctx context.Context, setup many.Setup) (string, error) {
	if err := s.drive.again(ctx); err != nil {
		return "", err
	}
	setup.Run = s.drive.run
	var served many.Served
	err := s.ask(many.Serve, setup, &served, serveTime)
	return served.Address, err
}

// watch says when to meter, by our clock.
func (s *server) watch(from, to time.Duration) error {
	ahead, _ := s.peer.clock.ahead()
	return s.drive.ask(s.peer, many.Watch, many.Window{Run: s.drive.run, Part: s.drive.parts, From: from + ahead, To: to + ahead}, nil, wordTime)
}

// Account implements many.Server.
func (s *server) Account(_ context.Context, o load.Order, seen *many.Loaded) (round result.Round, err error) {
	beside := 0.0 // s
	for i, p := range s.drive.agents {
		if p.boot == s.peer.boot {
			beside += seen.Agents[i].CPUs * seen.Seconds
		}
	}
	err = s.ask(many.Account, many.Accounting{
		Run: s.drive.run, Part: s.drive.parts, Order: o, Result: seen.Result, Beside: time.Duration(beside * float64(time.Second)),
	}, &round, accountTime)
	return round, err
}

// Stop implements many.Server.
func (s *server) Stop(context.Context) error {
	return s.ask(many.Leave, many.Claim{Run: s.drive.run}, nil, serveTime)
}

// ask has it do something. That it is gone is nobody's fault who is measured.
func (s *server) ask(matter string, what, body any, patience time.Duration) error {
	err := s.drive.ask(s.peer, matter, what, body, patience)
	if errors.As(err, new(*silence)) {
		return lost(errors.Join(errServer, err))
	}
	return err
}

var errServer = errors.New("the serve-agent")
