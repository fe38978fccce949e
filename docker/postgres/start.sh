#!/bin/bash
# Starts PostgreSQL with its secrets where it can read them: on the host they belong to whoever made
# them, with mode 0600. Runs as root, as the image does at first, and only until the image drops it.
set -eu
install -d -m 0700 -o postgres /run/postgres-secrets
install -m 0400 -o postgres /run/secrets/* /run/postgres-secrets/
exec docker-entrypoint.sh "$@"
