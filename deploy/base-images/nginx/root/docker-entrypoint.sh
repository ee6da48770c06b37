#!/bin/sh
# Run what lies in /docker-entrypoint.d, in order, then the command: the official image's contract.
# The scripts that the official image ships there (templates, tuning) are not part of this stand-in.
set -eu
for script in /docker-entrypoint.d/*.sh; do
    [ ! -x "$script" ] || "$script"
done
exec "$@"
