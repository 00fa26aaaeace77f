#!/usr/bin/env bash
# apache.sh HOST PORT WORKERS
#
# The body is the text of an ErrorDocument: the cheapest that Apache can say,
# and as long as the others'. It can't name its worker.
set -euo pipefail
host=$1 port=$2 workers=$3

# The configuration is an open file whose name is gone already. Apache insists
# on a pid file, and removes it as it ends.
conf=$(mktemp)
exec 3<>"$conf"
rm "$conf"

cat >&3 <<EOF_CONF
ServerName localhost
ServerRoot /usr/lib/apache2
DefaultRuntimeDir ${conf%/*}
PidFile $conf.pid
ErrorLog /dev/null
LogLevel crit
LoadModule mpm_prefork_module modules/mod_mpm_prefork.so
LoadModule alias_module modules/mod_alias.so
$([ "$(id -u)" != 0 ] || printf '%s\n' 'User www-data' 'Group www-data')
Listen $host:$port
ListenBacklog 4096
KeepAlive Off
StartServers $workers
MinSpareServers $workers
MaxSpareServers $((workers + 1))
ServerLimit $workers
MaxRequestWorkers $workers
MaxConnectionsPerChild 0
Redirect 200 /
ErrorDocument 200 "Hello from Apache"
EOF_CONF

# As it ends, Apache signals its whole process group: that has to be its own.
own=()
read -r _ _ _ _ group _ <"/proc/$$/stat"
[ "$group" = $$ ] || own=(setsid)
exec "${own[@]}" /usr/sbin/apache2 -DFOREGROUND -f /dev/fd/3
