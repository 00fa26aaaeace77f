#!/usr/bin/env bash
# puma.sh HOST PORT WORKERS
set -euo pipefail
here=$(dirname "$0")
exec env PEER_BIND="tcp://$1:$2?backlog=4096" PEER_WORKERS="$3" \
	/usr/bin/puma --silent --config "$here/puma.rb" "$here/config.ru"
