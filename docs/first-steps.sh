#!/usr/bin/env bash
# Serve under each strategy in turn, connect ten times, and show who answered.
#
#   docs/first-steps.sh ./prefork
set -euo pipefail
prefork=${1:-./prefork}
workers=5 connections=10
logs=$(mktemp -d)
trap 'kill "${master:-}" 2>/dev/null || true; rm -rf "$logs"' EXIT

# ask PORT: one connection, and who answered.
ask() {
	local who
	exec 3<>"/dev/tcp/127.0.0.1/$1"
	read -r who <&3
	exec 3>&-
	echo "$who"
}

for strategy in shared reuseport dispatch; do
	log=$logs/$strategy
	# Port 0 is any that is free; the banner says which it became.
	"$prefork" --strategy "$strategy" --workers "$workers" --bind 127.0.0.1:0 >"$log" 2>&1 &
	master=$!
	until grep -qs msg=ready "$log"; do
		kill -0 "$master" || { cat "$log"; exit 1; }
		sleep 0.05
	done
	head -2 "$log"
	port=$(sed -nE '1s/.*127\.0\.0\.1:([0-9]+).*/\1/p' "$log")
	for _ in $(seq "$connections"); do ask "$port"; done | sort | uniq -c | while read -r count who; do
		printf '  %s  %2d  %s\n' "$who" "$count" "$(printf '●%.0s' $(seq "$count"))"
	done
	kill "$master"
	wait "$master"
	echo
done
