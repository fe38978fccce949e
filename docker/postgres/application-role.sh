#!/bin/bash
# Run once, on an empty data folder: the role of the application, which may make databases and no more.
set -eu
password=$(cat /run/postgres-secrets/application-password)
# Else a statement that fails, or takes long, would stand in the log with its password.
export PGOPTIONS="-c log_min_duration_statement=-1 -c log_min_error_statement=panic"
psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 -v role="$APPLICATION_ROLE" -v password="$password" \
    --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE :"role" LOGIN CREATEDB PASSWORD :'password';
SQL
