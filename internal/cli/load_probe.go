//go:build linux

package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"

	"prefork/bench/load"
)

// reach connects once, so that what cannot work shows before anything is measured. It
// returns the address that answered: a name may have several.
func (g goal) reach(ctx context.Context, o load.Order) (address string, err error) {
	if o.Null {
		return "", nil
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	addresses, err := g.addresses(ctx)
	if err != nil {
		return "", err
	}
	for _, address = range addresses {
		if err = g.try(ctx, address, o.TLS); err == nil {
			return address, nil
		}
	}
	return "", err
}

// addresses are those of the host, IPv4 first.
func (g goal) addresses(ctx context.Context) (all []string, err error) {
	if g.path() {
		return []string{g.host}, nil
	}
	host, port, err := net.SplitHostPort(g.host)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", g.url, err)
	}
	number, err := net.DefaultResolver.LookupPort(ctx, "tcp", port)
	if err != nil {
		return nil, fmt.Errorf("%s: %s is no port", g.url, port)
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot find the host %s: %w", g.url, host, err)
	}
	slices.SortStableFunc(ips, func(a, b netip.Addr) int { return a.Unmap().BitLen() - b.Unmap().BitLen() })
	for _, ip := range ips {
		all = append(all, fmt.Sprint(net.JoinHostPort(ip.Unmap().String(), fmt.Sprint(number))))
	}
	return all, nil
}

// try connects to one address, and shakes hands if it is to.
func (g goal) try(ctx context.Context, address string, secure *load.TLS) error {
	network := "tcp"
	if g.path() {
		network = "unix"
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	var errno syscall.Errno
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %s does not take a connection within the --timeout", g.url, address)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%s: nobody listens on %s (connection refused)", g.url, address)
	case errors.Is(err, syscall.ENOENT):
		return fmt.Errorf("%s: there is no socket %s", g.url, address)
	case errors.As(err, &errno):
		return fmt.Errorf("%s: cannot connect to %s: %w", g.url, address, errno)
	case err != nil:
		return fmt.Errorf("%s: %w", g.url, err)
	}
	defer conn.Close()
	if secure == nil {
		return nil
	}
	config := &tls.Config{ServerName: secure.ServerName, InsecureSkipVerify: secure.Unverified}
	return g.handshake(address, tls.Client(conn, config).HandshakeContext(ctx))
}

// handshake says what an error of a handshake means.
func (g goal) handshake(address string, err error) error {
	var plain tls.RecordHeaderError
	var unknown *tls.CertificateVerificationError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &plain):
		return fmt.Errorf("%s: %s does not speak TLS: is it http:// in place of https://?", g.url, address)
	case errors.As(err, &unknown), errors.As(err, new(x509.UnknownAuthorityError)):
		return fmt.Errorf("%s: the server's certificate is not to be trusted (%w); --insecure takes any", g.url, err)
	}
	return fmt.Errorf("%s: no TLS handshake with %s: %w", g.url, address, err)
}
