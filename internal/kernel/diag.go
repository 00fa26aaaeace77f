//go:build linux

package kernel

import (
	"errors"
	"fmt"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Of the netlink library, package nl is used and not its root: that asks for the sockets
// in every state, so that a look at the listening ones would cost the more the more
// connections there are, and it returns the names of Unix sockets with four bytes too
// many.

// States of sockets in net/tcp_states.h. Unix sockets have them too.
const listening = 10 // TCP_LISTEN

// diagRequest is a struct inet_diag_req_v2 or unix_diag_req.
type diagRequest []byte

func (r diagRequest) Len() int          { return len(r) }
func (r diagRequest) Serialize() []byte { return r }

// diag asks sock_diag(7), which any user may, for all sockets that are like the request.
// It tells of those of this process's network namespace.
func diag(what string, request diagRequest) ([][]byte, error) {
	dump := nl.NewNetlinkRequest(nl.SOCK_DIAG_BY_FAMILY, unix.NLM_F_DUMP)
	dump.AddData(request)
	messages, err := dump.Execute(unix.NETLINK_INET_DIAG, nl.SOCK_DIAG_BY_FAMILY)
	// A list that changed while the kernel wrote it down may lack a socket that has just
	// come, and has those that were there before.
	if err != nil && !errors.Is(err, nl.ErrDumpInterrupted) {
		if errors.Is(err, unix.ENOENT) {
			err = fmt.Errorf("this kernel cannot tell (its modules inet_diag, tcp_diag and unix_diag): %w", err)
		}
		return nil, fmt.Errorf("ask for %s: %w", what, err)
	}
	return messages, nil
}
