// Package link connects a party of a run to NATS, and says in plain words why not.
package link

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	neturl "net/url"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"prefork/bench/many"
)

const (
	dialTimeout = 5 * time.Second
	// again is how soon a lost connection is tried again. It is tried for ever: an agent
	// outlives a restart of NATS, and a lease bounds what it does meanwhile.
	again = 250 * time.Millisecond
	// A dead connection is noticed by pings that nobody answers, two of them.
	pingEvery = time.Second
)

// Dial connects. lost and back, unless nil, are told when the connection is lost and when
// it is there again. The caller closes it.
func Dial(l many.Link, lost func(error), back func()) (*nats.Conn, error) {
	if err := check(l); err != nil {
		return nil, err
	}
	options := []nats.Option{
		nats.Name("prefork " + l.Name), nats.Timeout(dialTimeout),
		nats.MaxReconnects(-1), nats.ReconnectWait(again), nats.ReconnectJitter(again/5, again/5),
		nats.PingInterval(pingEvery), nats.MaxPingsOutstanding(2),
		nats.DisconnectErrHandler(func(c *nats.Conn, err error) {
			if lost != nil && !c.IsClosed() { // else it is we who leave
				lost(err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) {
			if back != nil {
				back()
			}
		}),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}), // what is refused is missed, and told of there
	}
	if l.Creds != "" {
		options = append(options, nats.UserCredentials(l.Creds))
	}
	if l.CA != "" {
		options = append(options, nats.RootCAs(l.CA))
	}
	conn, err := nats.Connect(l.URL, options...)
	if err != nil {
		return nil, explain(l, err)
	}
	return conn, nil
}

// check finds what NATS' client would say in other words, or late.
func check(l many.Link) error {
	for url := range strings.SplitSeq(l.URL, ",") {
		u, err := neturl.Parse(strings.TrimSpace(url))
		if err != nil || u.Host == "" || !strings.Contains("nats tls ws wss", u.Scheme) {
			return fmt.Errorf("--nats %s: want a URL such as nats://host:4222 or tls://host:4222", url)
		}
	}
	if l.Creds != "" {
		if text, err := os.ReadFile(l.Creds); err != nil {
			return fmt.Errorf("--nats-creds: %w", err)
		} else if !strings.Contains(string(text), "BEGIN NATS USER JWT") {
			return fmt.Errorf("--nats-creds %s: that is no credentials file of NATS (nsc generate creds makes one)", l.Creds)
		}
	}
	if l.CA != "" {
		if text, err := os.ReadFile(l.CA); err != nil {
			return fmt.Errorf("--nats-ca: %w", err)
		} else if !x509.NewCertPool().AppendCertsFromPEM(text) {
			return fmt.Errorf("--nats-ca %s: there is no certificate in it (want PEM)", l.CA)
		}
	}
	return CheckPrefix(l.Prefix)
}

// CheckPrefix is an error for what no subject can begin with.
func CheckPrefix(prefix string) error {
	if prefix == "" || strings.HasPrefix(prefix, "$") || strings.HasPrefix(prefix, ".") || strings.HasSuffix(prefix, ".") ||
		strings.Contains(prefix, "..") || strings.ContainsAny(prefix, " \t\r\n*>") {
		return fmt.Errorf("--nats-prefix %q: want words with dots between them, such as team.bench", prefix)
	}
	return nil
}

// explain is what an error of the first connection means.
func explain(l many.Link, err error) error {
	var unknown x509.UnknownAuthorityError
	var wrong x509.HostnameError
	var timeout net.Error
	url := redacted(l.URL)
	switch {
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired), errors.Is(err, nats.ErrAuthRevoked),
		strings.Contains(strings.ToLower(err.Error()), "authorization violation"):
		how := "it wants credentials: --nats-creds FILE, or user:password@ in the URL"
		if l.Creds != "" || strings.Contains(l.URL, "@") {
			how = "the credentials are not right there"
		}
		return fmt.Errorf("%s: NATS does not let us in (%w): %s", url, err, how)
	case errors.As(err, &unknown):
		return fmt.Errorf("%s: the certificate of NATS is not to be trusted (%w): --nats-ca FILE names who has signed it", url, err)
	case errors.As(err, &wrong):
		return fmt.Errorf("%s: %w", url, err)
	case errors.Is(err, nats.ErrSecureConnRequired), errors.Is(err, nats.ErrSecureConnWanted):
		return fmt.Errorf("%s: %w: say tls:// where NATS has TLS, and nats:// where it has none", url, err)
	case errors.Is(err, nats.ErrNoServers), errors.As(err, &timeout):
		return fmt.Errorf("%s: no NATS answers there (%w): start one (nats-server), or have one on this machine by --agents local:3", url, err)
	}
	return fmt.Errorf("%s: %w", url, err)
}

// redacted is a URL without its password.
func redacted(urls string) string {
	var all []string
	for url := range strings.SplitSeq(urls, ",") {
		if u, err := neturl.Parse(strings.TrimSpace(url)); err == nil {
			url = u.Redacted()
		}
		all = append(all, url)
	}
	return strings.Join(all, ",")
}
