#!/bin/bash
# Copies the secrets to where PostgreSQL can read them, and starts it: on the host they belong to the user who made
# them, with mode 0600. Runs as root, until the image drops root.
set -eu
install -d -m 0700 -o postgres /run/postgres-secrets
install -m 0400 -o postgres /run/secrets/* /run/postgres-secrets/
# Before the server starts, because a first start may have been interrupted, or the secrets lost and made again.
if [ -s "$PGDATA/global/pg_control" ]; then
    bash /opt/rentomatic/roles.sh |
        setpriv --reuid=postgres --regid=postgres --clear-groups postgres --single \
            -c log_min_duration_statement=-1 -c log_min_error_statement=panic postgres >/dev/null
fi
exec docker-entrypoint.sh "$@"
