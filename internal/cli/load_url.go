//go:build linux

package cli

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	neturl "net/url"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"prefork/bench/load"
)

// goal is what a URL names: whom to load, and what to ask for.
type goal struct {
	url    string
	scheme string // http, https, tcp, unix or null
	host   string // a name or an address, and a port; a path for a Unix-domain socket
	ask    load.Ask
}

// nullGoal is nobody: answers are simulated.
var nullGoal = goal{url: "no server: answers are simulated", scheme: "null"}

const urlForms = "want http://host:port/path, https://…, tcp://host:port, unix:/path/of/socket or http://unix:/path/of/socket:/path"

// ports are those of a scheme that goes without.
var ports = map[string]string{"http": "80", "https": "443", "tcp": ""}

func (g goal) web() bool { return g.scheme == "http" || g.scheme == "https" }

// path reports whether it is a Unix-domain socket.
func (g goal) path() bool { return strings.HasPrefix(g.host, "/") }

// parseURL reads where a load is to go.
func parseURL(text string) (goal, error) {
	scheme, rest, found := strings.Cut(text, ":")
	_, known := ports[scheme]
	switch {
	case scheme == "unix" && found:
		return unixGoal(goal{url: text, scheme: scheme}, rest)
	case !known || !found || !strings.HasPrefix(rest, "//"):
		return goal{}, fmt.Errorf("%s: %s%s", text, urlForms, meant(text))
	}
	if socket, is := strings.CutPrefix(rest, "//unix:"); is && scheme != "tcp" {
		path, uri, _ := strings.Cut(socket, ":")
		return unixGoal(goal{url: text, scheme: scheme, ask: load.Ask{Host: "localhost", Path: uri}}, path)
	}
	return hostGoal(text)
}

// meant is what may have been, where only the scheme is missing.
func meant(text string) string {
	if strings.Contains(text, "://") || strings.HasPrefix(text, "/") {
		return ""
	}
	return "; did you mean http://" + text + "?"
}

// unixGoal fills in a Unix-domain socket.
func unixGoal(g goal, path string) (goal, error) {
	absolute, err := filepath.Abs(strings.TrimPrefix(path, "//"))
	longest := len(unix.RawSockaddrUnix{}.Path) - 1
	switch {
	case path == "":
		return g, fmt.Errorf("%s names no socket: %s", g.url, urlForms)
	case err != nil:
		return g, err
	case len(absolute) > longest:
		return g, fmt.Errorf("%s: the path of a Unix-domain socket has %d bytes at most, this has %d", g.url, longest, len(absolute))
	}
	g.host = absolute
	return g, nil
}

// hostGoal reads a URL with a host.
func hostGoal(text string) (goal, error) {
	u, err := neturl.Parse(text)
	var wrong *neturl.Error
	switch {
	case errors.As(err, &wrong):
		return goal{}, fmt.Errorf("%s: %w", text, wrong.Err)
	case u.Hostname() == "":
		return goal{}, fmt.Errorf("%s names no host: %s", text, urlForms)
	case u.Scheme == "tcp" && u.Port() == "":
		return goal{}, fmt.Errorf("%s names no port: want tcp://host:port", text)
	case u.Scheme == "tcp" && u.RequestURI() != "/":
		return goal{}, fmt.Errorf("%s: tcp:// has a host and a port, and no path; what to say goes to --body", text)
	}
	port := u.Port()
	if port == "" {
		port = ports[u.Scheme]
	}
	g := goal{url: text, scheme: u.Scheme, host: net.JoinHostPort(u.Hostname(), port)}
	if g.web() {
		g.ask = load.Ask{Host: u.Host, Path: u.RequestURI()}
	}
	if password, _ := u.User.Password(); u.User != nil {
		pair := base64.StdEncoding.EncodeToString([]byte(u.User.Username() + ":" + password))
		g.ask.Header = []string{"Authorization: Basic " + pair}
		g.url = u.Redacted()
	}
	return g, nil
}
