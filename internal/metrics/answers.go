//go:build linux

package metrics

import (
	"fmt"
	"net/http"
	"strconv"

	"prefork/internal/control"
)

func (s *Server) metrics(w http.ResponseWriter, r *http.Request) {
	status, err := s.now(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	f := formatFor(r.Header.Get("Accept"))
	text := f.write(status)
	w.Header().Set("Content-Type", f.contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	_, _ = w.Write(text) // who does not read it does not want it
}

// healthz says that the master lives: its loop has answered.
func (s *Server) healthz(w http.ResponseWriter, r *http.Request) {
	_, err := s.now(r)
	answer(w, err)
}

func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	status, err := s.now(r)
	if err == nil {
		err = Ready(status, s.readyMin)
	}
	answer(w, err)
}

func answer(w http.ResponseWriter, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprintln(w, "ok")
}

// Ready says why a balancer should send no one here. least is how many workers have to be
// ready; 0 is as many as are wanted.
func Ready(s *control.Status, least int) error {
	switch s.State {
	case control.Starting, control.Paused, control.Stopping:
		return fmt.Errorf("the server is %s", s.State)
	}
	if least == 0 {
		least = s.Workers.Wanted - s.Workers.Held
	}
	if s.Workers.Ready < least {
		return fmt.Errorf("%d of %d workers are ready", s.Workers.Ready, least)
	}
	return nil
}

func index(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = fmt.Fprint(w, `<!doctype html><title>prefork</title><a href="metrics">metrics</a> <a href="healthz">healthz</a> <a href="readyz">readyz</a>`+"\n")
}
