#!/usr/bin/env bash
# Install from Debian what of the peers is missing, and wrk, which asks them too. None of them is started, now
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
	/usr/bin/wrk wrk
END
command -v node >/dev/null || missing+=(nodejs)
exec "$(dirname "$0")/../../../testdata/apt.sh" "${missing[@]}"
