//go:build linux

package supervisor

import (
	"context"
	"fmt"

	"prefork/internal/control"
	"prefork/internal/entry"
	"prefork/internal/metrics"
)

// scrapes is the ear for who asks over HTTP how the server is. It only looks.
type scrapes struct{ server *metrics.Server }

func (s scrapes) start(func(Event)) error { return s.server.Start() }
func (s scrapes) stop()                   { s.server.Stop() }

// MetricsError says why nobody can be answered at the address of --metrics.
type MetricsError struct {
	Address string
	Err     error
}

func (e *MetricsError) Error() string { return fmt.Sprintf("--metrics %s: %v", e.Address, e.Err) }
func (e *MetricsError) Unwrap() error { return e.Err }

// openMetrics opens the address of --metrics, or goes on with the one of the binary before.
func (m *master) openMetrics(before *int) (err error) {
	switch {
	case before != nil:
		m.metrics = metrics.Resume(*before, m.ReadyMin, m.statusWithin)
	case m.Metrics == "":
		return nil
	default:
		if m.metrics, err = metrics.Listen(m.Metrics, m.ReadyMin, m.statusWithin); err != nil {
			return &MetricsError{m.Metrics, err}
		}
		entry.MetricsListening.Log(m.Log, "address", m.metrics.Addr())
	}
	m.cleanup(func() { _ = m.metrics.Close() })
	m.ears = append(m.ears, scrapes{m.metrics})
	return nil
}

// status is what the server does now. It is for any goroutine but the loop's.
func (m *master) status() (*control.Status, bool) { return m.statusWithin(context.Background()) }

// statusWithin is that for who does not want to wait longer than ctx.
func (m *master) statusWithin(ctx context.Context) (*control.Status, bool) {
	to := make(chan survey, 1)
	select {
	case m.events <- Surveyed{to}:
	case <-m.over:
		return nil, false
	case <-ctx.Done():
		return nil, false
	}
	select {
	case s := <-to:
		return m.describe(s), true
	case <-m.over:
	case <-ctx.Done():
	}
	return nil, false
}
