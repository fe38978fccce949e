#!/bin/bash
# The image runs this once, on an empty data folder.
set -eu
# Keeps statements with a password out of the log, even if they are slow or fail.
export PGOPTIONS="-c log_min_duration_statement=-1 -c log_min_error_statement=panic"
bash /opt/rentomatic/roles.sh |
    psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres
