//go:build linux

package supervisor

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"

	"prefork/internal/entry"
)

// A service manager (sd_notify(3)) is told what the log is told, as far as it asks for it:
// when a reload begins and ends (Type=notify-reload), what the service is at
// (systemctl status), and that a stop may take as long as it was given. One that has set no
// NOTIFY_SOCKET is told nothing.

// manager says what the manager hears of each kind of line.
var manager = map[entry.Kind]func(*hands) string{
	entry.ReloadBegin:  (*hands).reloading,
	entry.ReloadDone:   (*hands).serving,
	entry.ReloadFailed: (*hands).oldOnesServe,
	// Who has asked for it waits for both (systemd.service(5)).
	entry.ReloadRefused: func(h *hands) string { return h.reloading() + "\n" + h.serving() },
	entry.ScaleDone:     (*hands).serving,
	entry.UpgradeDone:   (*hands).serving,
	entry.UpgradeFailed: (*hands).serving,
	entry.Stopping:      (*hands).stopping,
}

// tellManager passes on what a line of the log means to a service manager.
func (h *hands) tellManager(kind entry.Kind) {
	if state, ok := manager[kind]; ok {
		_, _ = daemon.SdNotify(false, state(h))
	}
}

// reloading bears the moment, by which systemd tells this reload from the one before.
func (h *hands) reloading() string {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now)
	return fmt.Sprintf("%s\nMONOTONIC_USEC=%d\nSTATUS=reloading: %s", daemon.SdNotifyReloading, now.Nano()/1000, h.machine.words())
}

func (h *hands) serving() string {
	return fmt.Sprintf("%s\nMAINPID=%d\nSTATUS=%s", daemon.SdNotifyReady, os.Getpid(), h.machine.words())
}

func (h *hands) oldOnesServe() string {
	return fmt.Sprintf("%s\nSTATUS=the last reload was given up, see the log; the workers before it go on: %s", daemon.SdNotifyReady, h.machine.words())
}

// extra is what a stop may take beyond --graceful-timeout, for the killing.
const extra = 5 * time.Second

func (h *hands) stopping() string {
	patience := h.Limits.Graceful + extra
	return fmt.Sprintf("%s\nEXTEND_TIMEOUT_USEC=%d\nSTATUS=stopping: workers finish, for %v at most", daemon.SdNotifyStopping, patience.Microseconds(), h.Limits.Graceful)
}

// words are the state of the service in a line.
func (m *Machine) words() string {
	return fmt.Sprintf("%d of %d workers ready, generation %d", m.fresh(), m.want, m.generation+1)
}

// watchdog ticks as often as the manager wants to be told that the loop turns: twice in
// the time after which it would end this process (WatchdogSec=). It never ticks if nobody
// asks.
func watchdog() *time.Ticker {
	usec, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	pid := os.Getenv("WATCHDOG_PID")
	if err != nil || usec <= 0 || pid != "" && pid != strconv.Itoa(os.Getpid()) {
		never := time.NewTicker(time.Hour)
		never.Stop()
		return never
	}
	return time.NewTicker(max(time.Millisecond, time.Duration(usec)*time.Microsecond/2))
}

// alive tells the manager so.
func alive() { _, _ = daemon.SdNotify(false, daemon.SdNotifyWatchdog) }
