#!/bin/bash
# Copies the secrets to where MongoDB can read them, and starts it: on the host they belong to the user who made
# them, with mode 0600. Runs as root, until the image drops root.
set -eu
install -d -m 0700 -o mongodb /run/mongo-secrets
install -m 0400 -o mongodb /run/secrets/application-password /run/mongo-secrets/
# The key that members of a replica set share; this one has a single member.
head -c 48 /dev/urandom | base64 >/run/mongo-secrets/key
chown mongodb /run/mongo-secrets/key
chmod 0400 /run/mongo-secrets/key
exec docker-entrypoint.sh "$@"
