#!/usr/bin/env bash
# gunicorn.sh HOST PORT WORKERS
set -euo pipefail
exec env PYTHONDONTWRITEBYTECODE=1 /usr/bin/gunicorn --chdir "$(dirname "$0")" \
	--bind "$1:$2" --workers "$3" --worker-class sync --backlog 4096 \
	--graceful-timeout 2 --log-level error app:app
