#!/usr/bin/env bash
# Puts wrk and prefork load on the same server in turn and prints what each of them saw.
# Both keep their connections, since wrk counts no connect into an answer's time. wrk2,
# which has an open loop, is no package of Debian: the open loop is not compared.
#
#	agree.sh PREFORK [ROUNDS [SECONDS]]
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
prefork=$(readlink -f "$1")
rounds=${2:-5}
seconds=${3:-4}
clients=16
threads=2

command -v wrk >/dev/null || {
	sudo=
	[ "$(id -u)" = 0 ] || sudo=sudo
	$sudo apt-get update -qq
	$sudo apt-get install -y -qq --no-install-recommends wrk >/dev/null
}

dir=$(mktemp -d)
server=
finish() {
	[ -z "$server" ] || { kill "$server" && wait "$server"; } 2>/dev/null || true
	rm -rf "$dir"
}
trap finish EXIT

# serve COMMAND…: a server that prints its port, or a log of prefork's; its URL in $url
serve() {
	: >"$dir/log"
	"$@" >>"$dir/log" 2>&1 &
	server=$!
	until port=$(sed -n -e 's/.*"msg":"listening".*:\([0-9]*\)".*/\1/p' -e 's/^\([0-9]*\)$/\1/p' "$dir/log" | head -n 1) && [ -n "$port" ]; do
		kill -0 "$server" || { cat "$dir/log" && exit 1; }
		sleep 0.05
	done
	url=http://127.0.0.1:$port/
}

end() {
	{ kill "$server" && wait "$server"; } 2>/dev/null || true
	server=
}

with_wrk() {
	wrk -t "$threads" -c "$clients" -d "${seconds}s" --timeout 10s -s "$here/report.lua" "$url" | tail -n 1
}

with_load() {
	"$prefork" load --threads "$threads" --clients "$clients" --requests 1000000 \
		--length "${seconds}s" --warmup 200ms --format json "$url" >"$dir/load"
	# A line of JSON for each number: "p50": 148,
	number() { sed -n "s/^ *\"$1\": \([0-9.]*\),*\$/\1/p" "$dir/load" | head -n 1; }
	failed=$(awk '/"errors": \{$/ { errors = 1; next } /\}/ { errors = 0 } errors { n += $2 } END { print n + 0 }' "$dir/load")
	printf '%.0f %.0f %.0f %.0f %.0f %d\n' "$(number throughput)" "$(number p50)" "$(number p90)" "$(number p99)" "$(number max)" "$failed"
}

# median FILE COLUMN
median() { awk -v c="$2" '{ print $c }' "$1" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

row() {
	printf '%-25s %-13s %10s %9s %9s %9s %9s %7s\n' "$@"
}

compare() {
	local what=$1
	shift
	serve "$@"
	: >"$dir/wrk-rows"
	: >"$dir/load-rows"
	for _ in $(seq "$rounds"); do
		with_wrk >>"$dir/wrk-rows"
		with_load >>"$dir/load-rows"
	done
	end
	for who in wrk load; do
		local rows=$dir/$who-rows
		row "$what" "${who/load/prefork load}" "$(median "$rows" 1)" "$(median "$rows" 2)" "$(median "$rows" 3)" "$(median "$rows" 4)" "$(median "$rows" 5)" "$(awk '{ n += $6 } END { print n + 0 }' "$rows")"
		what=
	done
}

echo "wrk and prefork load, $clients kept connections, $threads threads; medians of $rounds rounds of $seconds s, A B A B; µs"
echo
row server client answers/s p50 p90 p99 max failed
ours=("$prefork" --bind 127.0.0.1:0 --log-format json --app http --concurrency 64)
compare "10 ms, 2 % take 50 ms" python3 "$here/slow.py"
compare "as fast as 4 workers can" "${ours[@]}" --workers 4
compare "as fast as 1 worker can" "${ours[@]}" --workers 1
echo
echo "A server that takes its time shows whether the two tell the same. One at its limit shows who"
echo "leaves it more of the processors: client and server share them."
