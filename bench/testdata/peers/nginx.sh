#!/usr/bin/env bash
# nginx.sh HOST PORT WORKERS [shared|reuseport]
set -euo pipefail
host=$1 port=$2 workers=$3 variant=${4:-shared}
case $variant in
shared) option= ;;
reuseport) option=reuseport ;;
*) echo "nginx: no variant $variant" >&2; exit 2 ;;
esac

# What nginx reads and writes at its start it finds as open files whose names
# are gone already, so that none is left behind however it ends:
# 3 the configuration, 4 a directory for bodies that nobody sends, 5 the pid file.
tmp=$(mktemp -d)
exec 3<>"$tmp/conf" 5<>"$tmp/pid"
rm "$tmp/conf" "$tmp/pid"
exec 4<"$tmp"
rmdir "$tmp"

cat >&3 <<EOF_CONF
daemon off;
worker_processes $workers;
pid /dev/fd/5;
error_log stderr emerg;
$([ "$(id -u)" != 0 ] || echo "user root root;")
events {
	worker_connections 4096;
	accept_mutex off;
}
http {
	access_log off;
	default_type text/plain;
	client_body_temp_path /dev/fd/4;
	proxy_temp_path /dev/fd/4;
	fastcgi_temp_path /dev/fd/4;
	uwsgi_temp_path /dev/fd/4;
	scgi_temp_path /dev/fd/4;
	server {
		listen $host:$port backlog=4096 $option;
		return 200 "Hello from \$pid\n";
	}
}
EOF_CONF
exec /usr/sbin/nginx -e stderr -c /dev/fd/3
