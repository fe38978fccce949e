#!/bin/bash
# Starts PostgreSQL with its secrets where it can read them: on the host they belong to whoever made
# them, with mode 0600. Runs as root, as the image does at first, and only until the image drops it.
set -eu
install -d -m 0700 -o postgres /run/postgres-secrets
install -m 0400 -o postgres /run/secrets/* /run/postgres-secrets/
# Before the server starts: a first start may have been interrupted, or the secrets lost and made anew.
if [ -s "$PGDATA/global/pg_control" ]; then
    bash /opt/rentomatic/roles.sh |
        setpriv --reuid=postgres --regid=postgres --clear-groups postgres --single \
            -c log_min_duration_statement=-1 -c log_min_error_statement=panic postgres >/dev/null
fi
exec docker-entrypoint.sh "$@"
