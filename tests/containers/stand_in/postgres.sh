#!/bin/sh -eu
# On an empty PGDATA, makes a cluster and POSTGRES_DB, and runs the SQL files of initdb.d; until then
# Postgres answers on its socket only. Then it becomes the server.
[ "$(id -u)" != 0 ] || {
    mkdir -p "$PGDATA" /var/run/postgresql
    chown -R postgres:postgres "$PGDATA" /var/run/postgresql
    exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
}
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    password=$(mktemp)
    printf '%s\n' "$POSTGRES_PASSWORD" > "$password"
    initdb --username=postgres --pwfile="$password" --auth-local=trust --auth-host=scram-sha-256 -D "$PGDATA"
    rm "$password"
    echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
    pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start
    psql -v ON_ERROR_STOP=1 --username postgres -c "CREATE DATABASE \"${POSTGRES_DB:-postgres}\""
    for file in /docker-entrypoint-initdb.d/*.sql; do
        [ ! -e "$file" ] || psql -v ON_ERROR_STOP=1 --username postgres "$POSTGRES_DB" -f "$file"
    done
    pg_ctl -D "$PGDATA" -m fast -w stop
fi
shift
exec postgres -c listen_addresses='*' "$@"
