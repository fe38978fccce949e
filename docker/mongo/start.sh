#!/bin/bash
# Starts MongoDB with its secrets where it can read them: on the host they belong to whoever made them,
# with mode 0600. Runs as root, as the image does at first, and only until the image drops it.
set -eu
install -d -m 0700 -o mongodb /run/mongo-secrets
install -m 0400 -o mongodb /run/secrets/application-password /run/mongo-secrets/
# What members of a replica set know each other by; this one has a single member.
head -c 48 /dev/urandom | base64 >/run/mongo-secrets/key
chown mongodb /run/mongo-secrets/key
chmod 0400 /run/mongo-secrets/key
exec docker-entrypoint.sh "$@"
