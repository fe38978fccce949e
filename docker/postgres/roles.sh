#!/bin/bash
# Says in SQL, one statement a line, that both roles have the passwords of the secrets, and that the one of
# the application may make databases and no more.
set -eu

quoted() { # the name of a secret
    local text
    text=$(cat "/run/postgres-secrets/$1")
    printf "'%s'" "${text//\'/\'\'}"
}

cat <<SQL
DO \$\$ BEGIN CREATE ROLE "$APPLICATION_ROLE"; EXCEPTION WHEN duplicate_object THEN NULL; END \$\$;
ALTER ROLE "$APPLICATION_ROLE" LOGIN CREATEDB PASSWORD $(quoted application-password);
ALTER ROLE postgres PASSWORD $(quoted postgres-password);
SQL
