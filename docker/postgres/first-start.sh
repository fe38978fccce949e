#!/bin/bash
# Run once by the image, on an empty data folder.
set -eu
# Else a statement that fails, or takes long, would stand in the log with its password.
export PGOPTIONS="-c log_min_duration_statement=-1 -c log_min_error_statement=panic"
bash /opt/rentomatic/roles.sh |
    psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres
