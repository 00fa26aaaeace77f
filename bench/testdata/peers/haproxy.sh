#!/usr/bin/env bash
# haproxy.sh HOST PORT THREADS [shared|reuseport]
#
# HAProxy has had no worker processes since 2.5: it is one process with as many
# threads. As it comes, they share one socket, and a thread may hand what it has
# accepted to one less busy. With reuseport each thread has a socket of its own.
set -euo pipefail
host=$1 port=$2 workers=$3 variant=${4:-shared}
case $variant in
shared) option= ;;
reuseport) option='shards by-thread' ;;
*) echo "haproxy: no variant $variant" >&2; exit 2 ;;
esac

# The configuration is an open file whose name is gone already.
conf=$(mktemp)
exec 3<>"$conf"
rm "$conf"

cat >&3 <<EOF_CONF
global
	nbthread $workers
	maxconn 4096
defaults
	mode http
	timeout client 1m
	timeout http-keep-alive 1m
frontend hello
	bind $host:$port $option
	backlog 4096
	http-request return status 200 content-type text/plain lf-string "Hello from %pid\n"
EOF_CONF
exec /usr/sbin/haproxy -db -f /dev/fd/3
