//go:build linux

package main

import (
	"context"
	"strings"

	"prefork/internal/subject"
)

// baselineOf is what a server is held against: the one of nginx that shares its socket, or
// that which has one for each worker.
func baselineOf(name string) string {
	if strings.HasSuffix(name, "/reuseport") {
		return "nginx/reuseport"
	}
	return "nginx/shared"
}

// server is one to be measured: a shell command in which {host}, {port} and {workers} are
// filled in, and {prefork} and {peers}, the directory of the others.
type server struct{ name, command string }

// As many connections as anybody here opens, and time for those that say nothing.
const ours = "{prefork} serve --bind {host}:{port} --workers {workers} --app http --concurrency 12000 --read-timeout 10m --log-level error"

var servers = []server{
	{"nginx/shared", "{peers}/nginx.sh {host} {port} {workers} shared"},
	{"nginx/reuseport", "{peers}/nginx.sh {host} {port} {workers} reuseport"},
	{"prefork/shared", ours + " --strategy shared"},
	{"prefork/reuseport", ours + " --strategy reuseport"},
	{"prefork/dispatch", ours + " --strategy dispatch"},
	{"haproxy/shared", "{peers}/haproxy.sh {host} {port} {workers} shared"},
	{"haproxy/reuseport", "{peers}/haproxy.sh {host} {port} {workers} reuseport"},
	{"fasthttp/shared", "{peers}/fasthttp/fasthttp {host} {port} {workers} shared"},
	{"fasthttp/reuseport", "{peers}/fasthttp/fasthttp {host} {port} {workers} reuseport"},
	{"node/round-robin", "node {peers}/cluster.js {host} {port} {workers} rr"},
}

// chosen are those that were asked for, and those they are held against.
func (p plan) chosen() (all []server) {
	for _, s := range servers {
		if s.name == baselineOf(s.name) || strings.Contains(s.name, p.only) {
			all = append(all, s)
		}
	}
	return all
}

func (p plan) start(ctx context.Context, s server) (*subject.Server, error) {
	command := strings.NewReplacer("{prefork}", p.prefork, "{peers}", "bench/testdata/peers").Replace(s.command)
	return subject.StartPeer(ctx, s.name, command, "127.0.0.1", p.workers)
}
