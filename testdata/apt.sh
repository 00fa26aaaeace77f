#!/usr/bin/env bash
# apt.sh PACKAGE…: install packages from Debian. The services in them are not started, now
# or at boot; those that are there already are the administrator's.
set -euo pipefail
[ $# -gt 0 ] || exit 0

root=()
[ "$(id -u)" = 0 ] || root=(sudo)

# Debian starts services as it installs them, unless this file says no.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap '"${root[@]}" rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee "$policy" >/dev/null
	"${root[@]}" chmod 755 "$policy"
fi

units() { find /lib/systemd/system -name '*.service' -o -name '*.timer' | grep -v @ | sort; }
before=$(units)

apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120)
"${apt[@]}" update
"${apt[@]}" install -y --no-install-recommends "$@"

for unit in $(comm -13 <(echo "$before") <(units)); do
	unit=$(basename "$unit")
	if [ -d /run/systemd/system ]; then
		"${root[@]}" systemctl disable --now "$unit"
	elif command -v systemctl >/dev/null; then
		"${root[@]}" systemctl disable "$unit"
	elif [ -e "/etc/init.d/${unit%.service}" ]; then
		"${root[@]}" update-rc.d "${unit%.service}" disable
	fi
done
