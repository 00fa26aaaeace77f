#!/usr/bin/env bash
# Install from Debian what of the peers is missing. None of them is started, now
# or at boot; a second run does nothing.
set -euo pipefail

# What has to be there, and the package it is in. apache2-bin is Apache without
# the site and the service that the package apache2 adds.
missing=()
while read -r path package; do
	[ -e "$path" ] || missing+=("$package")
done <<-'END'
	/usr/sbin/nginx nginx
	/usr/sbin/haproxy haproxy
	/usr/lib/apache2/modules/mod_mpm_prefork.so apache2-bin
	/usr/bin/gunicorn gunicorn
	/usr/bin/puma puma
END
command -v node >/dev/null || missing+=(nodejs)
[ ${#missing[@]} -gt 0 ] || exit 0

root=()
[ "$(id -u)" = 0 ] || root=(sudo)

# nginx and haproxy are services, which Debian starts as it installs them unless
# this file says no. One that is there already is the administrator's.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap '"${root[@]}" rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee "$policy" >/dev/null
	"${root[@]}" chmod 755 "$policy"
fi

apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120)
"${apt[@]}" update
"${apt[@]}" install -y --no-install-recommends "${missing[@]}"

for service in nginx haproxy; do
	[[ " ${missing[*]} " == *" $service "* ]] || continue
	if [ -d /run/systemd/system ]; then
		"${root[@]}" systemctl disable --now "$service"
	elif command -v systemctl >/dev/null; then
		"${root[@]}" systemctl disable "$service"
	else
		"${root[@]}" update-rc.d "$service" disable
	fi
done
