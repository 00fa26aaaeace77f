//go:build linux

package strategies

import "net"

// shared is one listening socket that every worker inherits. The kernel keeps
// one queue, and wakes one waiting worker for each connection in it.
type shared struct{ *socket }

func openShared(c Config) (Front, error) {
	if len(c.Sockets) > 0 {
		s, err := adopt(c, c.Sockets[0])
		return shared{s}, err
	}
	s, err := listen(c, nil)
	return shared{s}, err
}

func (s shared) Addr() net.Addr      { return s.addr }
func (s shared) FD(int) (int, error) { return s.fd, nil }
func (s shared) Quiesce() error      { return s.quiesce() }
func (s shared) Sockets() []int      { return []int{s.fd} }
func (s shared) Close() error        { return s.close() }
