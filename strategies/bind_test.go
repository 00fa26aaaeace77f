//go:build linux

package strategies_test

import (
	"net"
	"strconv"
	"strings"
	"testing"

	"prefork/strategies"
)

func TestParseBind(t *testing.T) {
	longest := strings.Repeat("a", 107)
	tests := []struct {
		in, network, address string
	}{
		{":8080", "tcp", ":8080"},
		{"8080", "tcp", ":8080"},
		{"0", "tcp", ":0"},
		{"127.0.0.1:65535", "tcp", "127.0.0.1:65535"},
		{"localhost:80", "tcp", "localhost:80"},
		{"[::1]:80", "tcp", "[::1]:80"},
		{"[::]:0", "tcp", "[::]:0"},
		{"unix:/run/a.sock", "unix", "/run/a.sock"},
		{"unix:a.sock", "unix", "a.sock"},
		{"unix:" + longest, "unix", longest},
	}
	for _, test := range tests {
		got, err := strategies.ParseBind(test.in)
		if want := (strategies.Bind{Network: test.network, Address: test.address}); err != nil || got != want {
			t.Errorf("%q: %+v, %v, want %+v", test.in, got, err, want)
		}
	}
}

func TestParseBindSaysWhatItWants(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", "want host:port"},
		{"localhost", "want host:port"},
		{"::1:80", "in brackets"},
		{"-1", "want host:port"},
		{":65536", "0 to 65535"},
		{":http", "0 to 65535"},
		{"localhost:", "0 to 65535"},
		{":-1", "0 to 65535"},
		{"unix:", "1 to 107 bytes"},
		{"unix:" + strings.Repeat("a", 108), "1 to 107 bytes"},
	}
	for _, test := range tests {
		got, err := strategies.ParseBind(test.in)
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), strconv.Quote(test.in)) {
			t.Errorf("%q: %+v, %v, want an error that says %q", test.in, got, err, test.want)
		}
	}
}

// What is accepted can be printed and read again, and makes sense to net.Listen.
func FuzzParseBind(f *testing.F) {
	for _, seed := range []string{
		"", ":", ":0", "8080", "08080", "65536", "localhost:80", "[::1]:80", "[::1%eth0]:80", "::1:80", "[]:1", "[a]:1",
		"unix:", "unix:/run/a.sock", "unix:unix:", ":+1", ":-1", ":1e3", "a:b:c", "\x00:1", "[[]]:1", " :1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		bind, err := strategies.ParseBind(in)
		if err != nil {
			if bind != (strategies.Bind{}) {
				t.Errorf("%q: %+v beside the error %v", in, bind, err)
			}
			return
		}
		if bind.Network == "unix" {
			if bind.Address == "" || len(bind.Address) > 107 {
				t.Errorf("%q: path %q", in, bind.Address)
			}
		} else {
			checkPort(t, bind)
		}
		if bind.Network == "tcp" && strings.HasPrefix(bind.Address, "unix:") {
			return // a host of that name: its text means something else
		}
		if again, err := strategies.ParseBind(bind.String()); err != nil || again != bind {
			t.Errorf("%q: %+v reads %q and then %+v, %v", in, bind, bind, again, err)
		}
	})
}

func checkPort(t *testing.T, bind strategies.Bind) {
	t.Helper()
	_, port, err := net.SplitHostPort(bind.Address)
	if n, perr := strconv.Atoi(port); bind.Network != "tcp" || err != nil || perr != nil || n < 0 || n > 65535 {
		t.Errorf("%+v: %v, %v", bind, err, perr)
	}
}
