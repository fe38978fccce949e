#!/bin/bash
# Run once, on an empty data folder: the role of the application, which may make databases and no more.
set -eu
password=$(cat /run/postgres-secrets/application-password)
psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 -v role="$APPLICATION_ROLE" -v password="$password" \
    --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE :"role" LOGIN CREATEDB PASSWORD :'password';
SQL
