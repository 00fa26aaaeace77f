//go:build linux

package kernel_test

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"prefork/internal/kernel"
)

// A queue is as deep as connections have come, and its socket is this process's.
func TestListeners(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0", ":0"} {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			t.Logf("%s: %v", address, err) // no IPv6 here
			continue
		}
		defer listener.Close()
		want := netip.MustParseAddrPort(listener.Addr().String())
		for waiting := range 4 {
			found, err := kernel.Listeners(int(want.Port()))
			if err != nil || len(found) != 1 || found[0].Waiting != waiting || found[0].Address != want || found[0].Backlog < 1 {
				t.Fatalf("%d wait at %s; the kernel says %+v, %v", waiting, want, found, err)
			}
			holdsIt(t, found[0].Inode)
			conn, err := net.Dial("tcp", listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
		}
		all, err := kernel.Listeners(0)
		if err != nil || !slices.ContainsFunc(all, func(l kernel.Listener) bool { return l.Address.Port() == want.Port() }) {
			t.Errorf("%s is not among %+v (%v)", want, all, err)
		}
	}
}

func TestListenersOfIPv6Alone(t *testing.T) {
	for network, only := range map[string]bool{"tcp": false, "tcp6": true} {
		listener, err := net.Listen(network, "[::]:0")
		if err != nil {
			t.Skip("no IPv6 here: ", err)
		}
		defer listener.Close()
		found, err := kernel.Listeners(listener.Addr().(*net.TCPAddr).Port)
		if err != nil || len(found) != 1 || found[0].OnlyIPv6 != only {
			t.Errorf("%s: %+v, %v", network, found, err)
		}
	}
}

func holdsIt(t *testing.T, inode uint32) {
	t.Helper()
	descriptors, err := kernel.Descriptors(os.Getpid())
	if err != nil || !slices.ContainsFunc(descriptors, func(d kernel.Descriptor) bool { own, is := d.Socket(); return is && own == inode }) {
		t.Errorf("socket %d is not among %v (%v)", inode, descriptors, err)
	}
	if pids, err := kernel.Holders([]uint32{inode}); err != nil || !slices.Equal(pids, []int{os.Getpid()}) {
		t.Errorf("socket %d is held by %v (%v), want %d", inode, pids, err, os.Getpid())
	}
}

func TestUnixListeners(t *testing.T) {
	for _, path := range []string{filepath.Join(t.TempDir(), "s"), "@prefork kernel test " + filepath.Base(t.TempDir())} {
		listener, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		for waiting := range 3 {
			all, err := kernel.UnixListeners()
			at := slices.IndexFunc(all, func(l kernel.Listener) bool { return l.Path == path })
			if err != nil || at < 0 || all[at].Waiting != waiting || all[at].Backlog < 1 {
				t.Fatalf("%d wait at %s; the kernel says %+v, %v", waiting, path, all, err)
			}
			holdsIt(t, all[at].Inode)
			conn, err := net.Dial("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
		}
	}
}

func TestUnixQueues(t *testing.T) {
	var inodes []uint32
	for i := range 3 {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(pair[0])
		defer unix.Close(pair[1])
		for range i {
			if _, err := unix.Write(pair[0], []byte{0}); err != nil {
				t.Fatal(err)
			}
		}
		var stat unix.Stat_t
		if err := unix.Fstat(pair[1], &stat); err != nil {
			t.Fatal(err)
		}
		inodes = append(inodes, uint32(stat.Ino))
	}
	const gone = ^uint32(0)
	if got, err := kernel.UnixQueues(append(inodes, gone)); err != nil || !slices.Equal(got, []int{0, 1, 2, 0}) {
		t.Errorf("%v, %v; want 0, 1, 2 and none in one that is not there", got, err)
	}
}
