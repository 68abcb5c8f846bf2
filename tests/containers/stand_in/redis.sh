#!/bin/sh -eu
# Becomes Redis as its own user, open to the network of its containers and with its files in /data.
[ "$(id -u)" != 0 ] || {
    chown -R redis:redis /data
    exec setpriv --reuid=redis --regid=redis --init-groups "$0" "$@"
}
shift
exec redis-server --protected-mode no --bind '*' --dir /data "$@"
