#!/bin/bash
# Runs once, on an empty cluster: a role and a database per service, closed to the roles of the others.
set -euo pipefail

for service in customers catalog orders library notifications; do
    variable=${service^^}_DATABASE_PASSWORD
    # The password goes in by the environment: arguments can be read by every process of the machine.
    SERVICE_PASSWORD=${!variable:?} psql -X -v ON_ERROR_STOP=1 -v name="$service" \
        --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\getenv password SERVICE_PASSWORD
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
done
psql -X -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    -c "REVOKE CONNECT ON DATABASE postgres FROM PUBLIC" -c "REVOKE CONNECT ON DATABASE template1 FROM PUBLIC"
