#!/bin/bash
# The official image's contract, as far as this project and its like use it: on an empty data directory make the
# database, the accounts and what /docker-entrypoint-initdb.d asks for, then run the server.
# Knows MYSQL_ROOT_PASSWORD, MYSQL_DATABASE, MYSQL_USER and MYSQL_PASSWORD, each also by a file named in …_FILE.
set -euo pipefail
shopt -s nullglob

data=/var/lib/mysql
socket=/var/run/mysqld/mysqld.sock

die() {
    echo "entrypoint: $*" >&2
    exit 1
}

# value_of NAME: the value of NAME, or what the file named by NAME_FILE holds
value_of() {
    local value=${!1:-} file=$1_FILE
    file=${!file:-}
    [ -z "$value" ] || [ -z "$file" ] || die "$1 and $1_FILE exclude each other"
    [ -z "$file" ] || value=$(<"$file")
    printf '%s' "$value"
}

# literal TEXT: TEXT as a string of SQL
literal() {
    local text=${1//\\/\\\\}
    printf "'%s'" "${text//\'/\'\'}"
}

# as_root PASSWORD COMMAND…: the password goes by the environment, for every process can read a command line.
as_root() { MYSQL_PWD=$1 "$2" --no-defaults --socket="$socket" --user=root "${@:3}"; }

make_accounts() {
    # Until this has run, root has no password.
    as_root '' mysql <<SQL
CREATE USER 'root'@'%' IDENTIFIED BY $(literal "$root_password");
GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION;
${database:+CREATE DATABASE \`$database\`;}
${user:+CREATE USER $(literal "$user")@'%' IDENTIFIED BY $(literal "$password");}
${user:+${database:+GRANT ALL ON \`${database//_/\\_}\`.* TO $(literal "$user")@'%';}}
ALTER USER 'root'@'localhost' IDENTIFIED BY $(literal "$root_password");
SQL
}

run_init_files() {
    local file
    for file in /docker-entrypoint-initdb.d/*; do
        echo "entrypoint: running $file" >&2
        case $file in
            *.sh) bash "$file" ;;
            *.sql) as_root "$root_password" mysql ${database:+--database="$database"} <"$file" ;;
            *) echo "entrypoint: ignoring $file" >&2 ;;
        esac
    done
}

initialize() {
    local server
    [ -n "$root_password" ] || die "MYSQL_ROOT_PASSWORD or MYSQL_ROOT_PASSWORD_FILE must be set"
    "$@" --initialize-insecure
    # Without network, so that nobody takes this server for the one that is ready.
    "$@" --skip-networking --mysqlx=OFF &
    server=$!
    until as_root '' mysqladmin --silent ping >/dev/null 2>&1; do
        kill -0 "$server" 2>/dev/null || die "the server for the initialization ended"
        sleep 0.2
    done
    make_accounts
    run_init_files
    as_root "$root_password" mysqladmin shutdown
    wait "$server"
}

[ "${1:0:1}" != - ] || set -- mysqld "$@"
[ "$1" = mysqld ] || exec "$@"

root_password=$(value_of MYSQL_ROOT_PASSWORD)
database=$(value_of MYSQL_DATABASE)
user=$(value_of MYSQL_USER)
password=$(value_of MYSQL_PASSWORD)

if [ "$(id -u)" = 0 ] && [ "${STEPPED_DOWN:-}" = '' ]; then
    # The files were read as root, who may be the only one that can.
    chown -R mysql: "$data" "$(dirname "$socket")"
    unset "${!MYSQL_@}"
    export MYSQL_ROOT_PASSWORD=$root_password MYSQL_DATABASE=$database MYSQL_USER=$user MYSQL_PASSWORD=$password
    STEPPED_DOWN=1 exec gosu mysql "$0" "$@"
fi

[ -d "$data/mysql" ] || initialize "$@"
unset "${!MYSQL_@}"
exec "$@"
