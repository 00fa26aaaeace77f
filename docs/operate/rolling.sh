#!/bin/sh
# Restarts the servers of an HAProxy backend one after the other, so that no client notices:
# drain, wait, restart, ready.
#
#   RESTART='ssh "$host" systemctl restart prefork' rolling.sh SOCKET BACKEND HOST…
#
# SOCKET is HAProxy's runtime API (stats socket … level admin), HOST a server of BACKEND.
# RESTART is a command that returns once the server of $host takes connections again, as
# systemctl does for Type=notify. It stops at the first thing that goes wrong, and says how
# it leaves things. Needs socat.
#
# DRAIN is how many seconds a host may take to finish its connections before it is restarted
# all the same (prefork finishes them too), UP how many HAProxy may take to see it again.
set -u
DRAIN=${DRAIN:-30} UP=${UP:-30}

fail() {
	echo "rolling: $*" >&2
	exit 1
}

[ $# -ge 3 ] || fail "want SOCKET BACKEND HOST…, and RESTART in the environment"
[ -n "${RESTART:-}" ] || fail "say in RESTART how a host is restarted, such as 'ssh \"\$host\" systemctl restart prefork'"
command -v socat >/dev/null || fail "socat is not installed"
socket=$1 backend=$2
shift 2

# ask has HAProxy do something; it answers with nothing where all is well.
ask() { echo "$1" | socat -t 5 - "UNIX-CONNECT:$socket"; }

order() {
	answer=$(ask "$1") || fail "HAProxy does not answer on $socket"
	[ -z "$answer" ] || fail "HAProxy: $answer"
}

# field is a column of HAProxy's statistics for $host, by its name.
field() {
	ask "show stat" | awk -F, -v name="$1" -v backend="$backend" -v host="$host" '
		NR == 1 { sub(/^# /, ""); for (i = 1; i <= NF; i++) if ($i == name) column = i }
		$1 == backend && $2 == host { print $column }'
}

# others is how many hosts of the backend take connections beside $host.
others() {
	ask "show stat" | awk -F, -v backend="$backend" -v host="$host" '
		NR == 1 { sub(/^# /, ""); for (i = 1; i <= NF; i++) if ($i == "status") column = i }
		$1 == backend && $2 != "BACKEND" && $2 != host && $column ~ /^(UP|no check)/ { n++ }
		END { print n + 0 }'
}

# wait_until tries something ten times a second, for so many seconds.
wait_until() {
	left=$(($1 * 10))
	shift
	until "$@"; do
		left=$((left - 1))
		[ $left -gt 0 ] || return 1
		sleep 0.1
	done
}

finished() { [ "$(field scur)" = 0 ]; }
seen() {
	case $(field status) in
	UP | "no check") return 0 ;;
	esac
	return 1
}

for host in "$@"; do
	[ -n "$(field status)" ] || fail "backend $backend has no server $host"
done
for host in "$@"; do
	[ "$(others)" -gt 0 ] || fail "no other host of $backend is up: $host is left as it is"
	order "set server $backend/$host state drain"
	wait_until "$DRAIN" finished || echo "rolling: $host still has $(field scur) connections after $DRAIN s; going on" >&2
	(eval "$RESTART") || fail "$host was not restarted, and is left in drain: mend it, then: echo 'set server $backend/$host state ready' | socat - $socket"
	order "set server $backend/$host state ready"
	wait_until "$UP" seen || fail "HAProxy does not see $host within $UP s: the others are left as they are"
	echo "rolling: $host restarted"
done
