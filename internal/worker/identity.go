//go:build linux

package worker

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
)

// Identity is the user that workers run as, where that is not the master's. Becoming
// somebody else than root takes all capabilities (capabilities(7)), and a worker that has
// become somebody gains nothing by what it executes (PR_SET_NO_NEW_PRIVS): what it was
// given before, its sockets, is all that it has of the master.
type Identity struct {
	Name     string // as it was asked for, for messages
	UID, GID uint32
	Groups   []uint32 // the supplementary ones
}

func (i *Identity) credential() *syscall.Credential {
	if i == nil {
		return nil
	}
	return &syscall.Credential{Uid: i.UID, Gid: i.GID, Groups: i.Groups}
}

// explain says what the user can do where a worker of another user cannot be started.
func (i *Identity) explain(err error) error {
	switch {
	case i == nil:
	case errors.Is(err, unix.EACCES):
		return fmt.Errorf("%w: user %s must be allowed to execute the prefork binary", err, i.Name)
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("%w: to become user %s takes CAP_SETUID and CAP_SETGID", err, i.Name)
	}
	return err
}

// confine sees to it that this process and what it executes never gains a privilege.
func (o order) confine() error {
	if !o.Confined {
		return nil
	}
	return sys.NoNewPrivileges()
}
