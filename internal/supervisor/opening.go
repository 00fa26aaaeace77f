//go:build linux

package supervisor

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/control"
	"prefork/internal/keeper"
	"prefork/internal/scoreboard"
	"prefork/strategies"
)

// open opens all that a master has, for the first time.
func (m *master) open() (err error) {
	hideStrays(m.Log)
	if m.pidFile, err = claimPIDFile(m.PIDFile); err != nil {
		return err
	}
	m.cleanup(func() { m.pidFile.remove() })
	// A built-in worker holds on to the death signal by itself.
	if m.Launch.Program != nil && m.Launch.DeathSignal != 0 && os.Getpid() != 1 {
		if m.watch, err = keeper.NewWatch(m.Launch.DeathSignal); err != nil {
			return err
		}
		m.cleanup(m.watch.Close)
	}
	if m.notify, err = openNotices(m.known); err != nil {
		return err
	}
	if err := m.openRoll(-1); err != nil {
		return err
	}
	m.boardFD = -1
	if err := m.openFront(nil); err != nil {
		return err
	}
	if err := m.openDoors(nil, nil); err != nil {
		return err
	}
	m.began = time.Now()
	m.machine = NewMachine(m.Limits)
	if m.Listening != nil {
		m.Listening(m.front.Listeners().Addrs())
	}
	return nil
}

// resume goes on with what the binary before had open.
func (m *master) resume(s *state) (err error) {
	if err := s.fits(&m.Options); err != nil {
		return err
	}
	s.keepOpen(false)
	hideStrays(m.Log)
	m.pidFile = resumePIDFile(m.PIDFile, s.PIDFile)
	m.cleanup(func() { m.pidFile.remove() })
	if s.Watch >= 0 {
		m.watch = keeper.ResumeWatch(s.Watch)
		m.cleanup(m.watch.Close)
	}
	m.notify = resumeNotices(s.Notify, s.NotifyName, m.known)
	if err := m.openRoll(s.Roll); err != nil {
		return err
	}
	m.boardFD = s.Board
	m.cut = s.Cut
	for _, c := range s.Children {
		m.adopt(c)
	}
	if s.Self >= 0 && s.Refused != "" {
		_ = unix.Close(s.Self)
	}
	if err := m.openFront(&s.Front); err != nil {
		return err
	}
	if err := m.openDoors(s.Metrics, s.Control); err != nil {
		return err
	}
	m.began = s.Began
	m.Level.Set(s.Level)
	m.machine = NewMachineFrom(m.Limits, s.Machine, time.Now())
	return nil
}

// openDoors opens what others can ask at.
func (m *master) openDoors(metrics *int, control *control.ServerState) error {
	if err := m.openMetrics(metrics); err != nil {
		return err
	}
	return m.openControl(control)
}

// adopt takes in a worker that the binary before has started.
func (m *master) adopt(c childState) {
	one := &child{slot: c.Slot, seat: c.Seat, ended: c.Ended}
	if c.Words >= 0 {
		_ = unix.SetNonblock(c.Words, true) // for its deadline
		one.words = listenTo(os.NewFile(uintptr(c.Words), "words"), m.Words)
	}
	m.children[c.PID] = one
	if !c.Ended {
		m.known.add(c.PID)
	}
}

// openFront opens the strategy, and all that needs it.
func (m *master) openFront(before *strategies.State) (err error) {
	m.cleanup(m.notify.close)
	if m.Launch.Program != nil && os.Getpid() != 1 {
		if err := keeper.Adopt(); err != nil {
			return fmt.Errorf("have orphans come to this process: %w", err)
		}
	}
	m.Config.Counts, m.Config.State, m.Config.Log = m.counts, before, m.Log
	m.Config.Broken = func(slot int) { m.report(Broken{slot}) }
	if m.front, err = m.Strategy.Open(m.Config); err != nil {
		return err
	}
	m.cleanup(func() { _ = m.front.Close() })
	if err := m.openBoard(); err != nil {
		return err
	}
	m.Launch.Notify = m.notify.name
	if m.Config.BindInWorker {
		for _, addr := range m.front.Listeners().Addrs() {
			m.Launch.Bind = append(m.Launch.Bind, addr.String())
		}
	}
	signals, err := listenToSignals()
	if err != nil {
		return err
	}
	m.cleanup(signals.close)
	m.ears = []ear{signals, m.stops, &children{}, m.notify, &clock{}}
	if front, ok := m.front.(strategies.Pump); ok {
		m.pump, m.Limits.Pump = &pump{front: front}, true
		m.ears = append(m.ears, m.pump)
	}
	return nil
}

// openBoard opens the scoreboard: the kernel's memory where a program there reads
// it, else our own.
func (m *master) openBoard() (err error) {
	if kernel := m.front.Steering(); kernel != nil {
		m.Launch.Scoreboard = kernel.Scoreboard()
		m.scores.Board, err = scoreboard.Map(kernel.Scoreboard())
		return err
	}
	if m.boardFD < 0 {
		board, file, err := scoreboard.Create()
		if err != nil {
			return err
		}
		m.scores.Board, m.boardFD = board, keep(file)
	} else if m.scores.Board, err = scoreboard.Map(m.boardFD); err != nil {
		return err
	}
	m.Launch.Scoreboard = m.boardFD
	m.cleanup(func() { _ = unix.Close(m.boardFD) })
	return nil
}

func (m *master) openRoll(fd int) (err error) {
	if fd < 0 {
		roll, file, err := scoreboard.NewRoll()
		if err != nil {
			return err
		}
		m.scores.Roll, m.rollFD = roll, keep(file)
	} else {
		m.rollFD = fd
		if m.scores.Roll, err = scoreboard.OpenRoll(fd); err != nil {
			return err
		}
	}
	m.cleanup(func() { _ = unix.Close(m.rollFD) })
	return nil
}

// keep is a descriptor of a file that no finalizer closes. The caller owns it.
func keep(file *os.File) int {
	defer file.Close()
	fd, err := unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return -1
	}
	return fd
}

// counts are what the workers of a slot have counted, for a master that passes
// connections on.
func (h *hands) counts(slot int) (taken uint64, open int, known bool) {
	sum := h.scores.Slot(slot)
	return sum.Accepted, sum.Open, sum.Speaks
}
