#!/usr/bin/env bash
# peers.sh [COMMAND ARGS…]: run the command with a --peer for each of the peers;
# without one, print them. From the top of the repository:
#
#   bench/testdata/peers/peers.sh ./prefork bench --workload http
set -euo pipefail
here=$(dirname "$0")
at='{host} {port} {workers}'
peers=(
	--peer "nginx/shared=$here/nginx.sh $at shared"
	--peer "nginx/reuseport=$here/nginx.sh $at reuseport"
	--peer "haproxy/shared=$here/haproxy.sh $at shared"
	--peer "haproxy/reuseport=$here/haproxy.sh $at reuseport"
	--peer "apache/prefork=$here/apache.sh $at"
	--peer "gunicorn/sync=$here/gunicorn.sh $at"
	--peer "puma/cluster=$here/puma.sh $at"
	--peer "node/round-robin=node $here/cluster.js $at rr"
	--peer "node/shared=node $here/cluster.js $at none"
	--peer "fasthttp/shared=$here/fasthttp/fasthttp $at shared"
	--peer "fasthttp/reuseport=$here/fasthttp/fasthttp $at reuseport"
)
if [ $# = 0 ]; then
	printf "%s '%s'\n" "${peers[@]}"
	exit
fi
exec "$@" "${peers[@]}"
