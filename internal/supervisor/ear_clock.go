//go:build linux

package supervisor

import "time"

// auditEvery is the pause between two looks at what workers count.
const auditEvery = time.Second

// clock is the ear for the time at which something is to be looked at that nobody
// tells of.
type clock struct{ quit, done chan struct{} }

func (c *clock) start(report func(Event)) error {
	c.quit, c.done = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(c.done)
		ticker := time.NewTicker(auditEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				report(AuditDue{})
			case <-c.quit:
				return
			}
		}
	}()
	return nil
}

func (c *clock) stop() {
	close(c.quit)
	<-c.done
}
