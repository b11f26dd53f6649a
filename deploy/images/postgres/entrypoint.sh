#!/bin/bash
# What Commis needs of the public PostgreSQL image's entry point: on an empty PGDATA make a cluster for
# POSTGRES_USER / POSTGRES_PASSWORD / POSTGRES_DB and run /docker-entrypoint-initdb.d/*.sh and *.sql, with the
# server reachable by its socket only; then run the server. Arguments go to the server.
set -euo pipefail

[ "${1:-}" != postgres ] || shift
user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}

if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA"
    chown -R postgres:postgres "$PGDATA"
    chmod 700 "$PGDATA"
    exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$0" postgres "$@"
fi

# A cluster is whole once this file exists: a crash while it was being made starts again from nothing.
complete=$PGDATA/commis-initialised
if [ ! -f "$complete" ]; then
    [ -n "${POSTGRES_PASSWORD:-}" ] || { echo "POSTGRES_PASSWORD must be set" >&2; exit 1; }
    find "$PGDATA" -mindepth 1 -delete
    initdb --username="$user" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") --auth-local=trust \
        --auth-host=scram-sha-256 --encoding=UTF8 --locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C
    printf 'host all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
    printf "listen_addresses = '*'\nunix_socket_directories = '/tmp'\n" >>"$PGDATA/postgresql.conf"
    export PGHOST=/tmp
    pg_ctl --wait --silent start -o "-c listen_addresses=''"
    [ "$database" = postgres ] || createdb --username="$user" "$database"
    export POSTGRES_USER=$user POSTGRES_DB=$database PGUSER=$user PGDATABASE=$database
    for script in /docker-entrypoint-initdb.d/*; do
        case $script in
            *.sh) bash "$script" ;;
            *.sql) psql --no-psqlrc -v ON_ERROR_STOP=1 -f "$script" ;;
        esac
    done
    pg_ctl --wait --silent --mode=fast stop
    unset PGUSER PGDATABASE
    touch "$complete"
fi
exec postgres "$@"
