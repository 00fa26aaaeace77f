//go:build linux

package control

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// maxConns is how many may be connected at once. One more takes the place of the one
// that has asked for nothing for the longest time.
const maxConns = 64

// Master is who heeds requests. Its functions are called from many goroutines.
type Master struct {
	// Ask has a request heeded; Server.Answer follows.
	Ask func(id uint64, r Request, by Peer)
	// Withdraw says that nobody waits for the answer any more.
	Withdraw func(id uint64)
	// Status is what the master does now. It waits for that; ok is false if it is ending.
	Status  func() (s *Status, ok bool)
	Version string
}

// Server listens on a control socket. It can be stopped and started again, and handed
// to another image of this process, without an open request being lost.
type Server struct {
	master   Master
	listener *net.UnixListener // owned
	file     file

	running sync.WaitGroup
	quit    chan struct{} // closed by Stop

	mu    sync.Mutex // guards what follows
	conns []*conn    // the one that has been quiet for the longest time first
	last  uint64     // number that was given to a connection
	still bool       // between Stop and Start
}

// ServerState is what another image of this process needs to go on.
type ServerState struct {
	Listener int // descriptors, by number
	Path     string
	Device   uint64
	Inode    uint64
	Conns    []ConnState `json:",omitempty"`
	Last     uint64
}

// ConnState is one connection of it.
type ConnState struct {
	FD      int
	ID      uint64
	Waiting bool   // for the answer to its request
	Begun   []byte `json:",omitempty"` // of a request whose end has not come
}

// FDs are its descriptors.
func (s *ServerState) FDs() (fds []int) {
	if s == nil {
		return nil
	}
	fds = append(fds, s.Listener)
	for _, c := range s.Conns {
		fds = append(fds, c.FD)
	}
	return fds
}

// Remove removes the socket's file. It is for who ends what a master has left behind.
func (s *ServerState) Remove() error {
	if s == nil {
		return nil
	}
	return file{s.Path, s.Device, s.Inode}.remove()
}

// Listen opens a control socket at a path, for the present user alone. A socket there
// that nobody listens on any more is replaced.
func Listen(path string, m Master) (*Server, error) {
	listener, f, err := bind(path)
	if err != nil {
		return nil, err
	}
	return &Server{master: m, listener: listener, file: f}, nil
}

// Resume goes on from a state.
func Resume(state *ServerState, m Master) (*Server, error) {
	listener, err := listenerOf(state.Listener)
	if err != nil {
		return nil, err
	}
	s := &Server{master: m, listener: listener, file: file{state.Path, state.Device, state.Inode}, last: state.Last}
	for _, c := range state.Conns {
		if resumed, err := resumeConn(s, c); err == nil {
			s.conns = append(s.conns, resumed)
		}
	}
	return s, nil
}

// Path is where it listens.
func (s *Server) Path() string { return s.file.path }

// State is what Resume goes on from. The descriptors stay the Server's. If it was not
// stopped, what has come of requests that are not complete is not in it.
func (s *Server) State() *ServerState {
	s.mu.Lock()
	defer s.mu.Unlock()
	state := &ServerState{Listener: descriptor(s.listener), Path: s.file.path, Device: s.file.device, Inode: s.file.inode, Last: s.last}
	for _, c := range s.conns {
		one := ConnState{FD: descriptor(c.socket), ID: c.id, Waiting: c.waiting}
		if s.still {
			one.Begun = c.begun
		}
		state.Conns = append(state.Conns, one)
	}
	return state
}

// Start has requests heard.
func (s *Server) Start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quit, s.still = make(chan struct{}), false
	for _, c := range s.conns {
		c.start()
	}
	_ = s.listener.SetDeadline(time.Time{})
	s.running.Go(s.accept) // last: it starts those that it admits itself
}

// Stop hears no more until Start. Who is connected stays so, and so does what is asked.
func (s *Server) Stop() {
	close(s.quit)
	_ = s.listener.SetDeadline(time.Unix(1, 0))
	s.mu.Lock()
	for _, c := range s.conns {
		c.interrupt()
	}
	s.mu.Unlock()
	s.running.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.still = true
}

// Close removes the file. Connections stay open until the process ends, so that who waits
// for that hears of it.
func (s *Server) Close() error {
	return errors.Join(s.file.remove(), s.listener.Close())
}

// Answer answers a request that was asked by Master.Ask. It never waits: who does not
// read is left alone.
func (s *Server) Answer(id uint64, a Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.IndexFunc(s.conns, func(c *conn) bool { return c.id == id }); i >= 0 {
		s.conns[i].answer(a)
	}
}

func (s *Server) accept() {
	for {
		socket, err := s.listener.AcceptUnix()
		switch {
		case err == nil:
			s.admit(socket)
		case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, net.ErrClosed):
			return
		default: // no descriptor is free, say
			select {
			case <-s.quit:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
}

// admit begins a connection, if its other end may ask.
func (s *Server) admit(socket *net.UnixConn) {
	by, err := peerOf(socket)
	if err == nil && !by.mayAsk() {
		err = fmt.Errorf("this server is run by uid %d, and you are uid %d: ask as that user, or as root", os.Geteuid(), by.UID)
	}
	if err != nil {
		dismiss(socket, Refuse(CodeNotAllowed, "%v", err))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.conns) >= maxConns && !s.makeRoom() {
		dismiss(socket, Refuse(CodeState, "%d others wait for an answer already", len(s.conns)))
		return
	}
	s.last++
	c := &conn{server: s, socket: socket, id: s.last, by: by}
	s.conns = append(s.conns, c)
	select {
	case <-s.quit: // it waits for the next Start
	default:
		c.start()
	}
}

// makeRoom lets go of the connection that has been quiet for the longest time, or of one
// whose client does not wait for its answer; mu is held.
func (s *Server) makeRoom() bool {
	for _, c := range s.conns {
		if !c.waiting || c.left() {
			s.drop(c)
			return true
		}
	}
	return false
}

// drop closes a connection; mu is held.
func (s *Server) drop(c *conn) {
	i := slices.Index(s.conns, c)
	if i < 0 {
		return
	}
	s.conns = slices.Delete(s.conns, i, i+1)
	_ = c.socket.Close()
	if c.waiting {
		c.waiting = false
		go s.master.Withdraw(c.id)
	}
	c.wake()
}

// heard moves a connection to the end of the line; mu is held.
func (s *Server) heard(c *conn) {
	if i := slices.Index(s.conns, c); i >= 0 {
		s.conns = append(slices.Delete(s.conns, i, i+1), c)
	}
}

// dismiss says one thing and closes.
func dismiss(socket *net.UnixConn, a Answer) {
	_ = writeNow(socket, a.Line())
	_ = socket.Close()
}

func (p Peer) mayAsk() bool { return p.UID == 0 || p.UID == os.Geteuid() }

func peerOf(socket *net.UnixConn) (p Peer, err error) {
	raw, err := socket.SyscallConn()
	if err != nil {
		return p, err
	}
	var cred *unix.Ucred
	asked := raw.Control(func(fd uintptr) { cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if err := errors.Join(asked, err); err != nil {
		return p, fmt.Errorf("who is at the other end: %w", err)
	}
	return Peer{int(cred.Pid), int(cred.Uid)}, nil
}
