#!/bin/bash
# Prints SQL, one statement a line, that gives both roles the passwords in the secrets, and lets the application's
# role create databases but nothing more.
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
