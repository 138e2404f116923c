#!/bin/bash
# The part of the official image's entry point that manifests rely on. Options that begin with a dash mean mariadbd; another
# command is run as it is. The first start initializes the data folder:
#   MARIADB_ROOT_PASSWORD, MARIADB_RANDOM_ROOT_PASSWORD or MARIADB_ALLOW_EMPTY_ROOT_PASSWORD   one of them is required
#   MARIADB_ROOT_HOST                                                                            % unless given
#   MARIADB_DATABASE, MARIADB_USER, MARIADB_PASSWORD                                             a first database and its user
# Each NAME may be given as NAME_FILE instead, and with MYSQL_ in place of MARIADB_. Scripts (*.sql, *.sh) in
# /docker-entrypoint-initdb.d run last.
set -euo pipefail

say() { echo "$(date -Is) [Entrypoint]: $*"; }
die() { say "$*" >&2; exit 1; }

# value NAME: the variable's value, or the content of the file that NAME_FILE names
value() {
  local prefix name
  for prefix in MARIADB MYSQL; do
    name=${prefix}_$1
    if [ -n "${!name:-}" ]; then printf %s "${!name}"; return; fi
    name=${name}_FILE
    if [ -n "${!name:-}" ]; then cat -- "${!name}"; return; fi
  done
}

# quote TEXT: as a string of SQL, where the SQL mode lets a backslash escape
quote() { local s=$1 q="'"; s=${s//\\/\\\\}; s=${s//$q/$q$q}; printf %s "$q$s$q"; }

[ $# -gt 0 ] || set -- mariadbd
case $1 in -*) set -- mariadbd "$@" ;; esac
case $1 in mariadbd | mysqld) ;; *) exec "$@" ;; esac

data=/var/lib/mysql
if [ "$(id -u)" = 0 ]; then
  mkdir -p /run/mysqld
  chown mysql:mysql /run/mysqld
  find "$data" \! -user mysql -exec chown mysql:mysql {} +
  exec setpriv --reuid=mysql --regid=mysql --init-groups -- "$0" "$@"
fi

initialize() {
  local root host database user password sql socket=/run/mysqld/init.sock pid health
  root=$(value ROOT_PASSWORD)
  if [ -z "$root" ] && [ -n "$(value RANDOM_ROOT_PASSWORD)" ]; then
    root=$(head -c 24 /dev/urandom | base64)
    say "GENERATED ROOT PASSWORD: $root"
  fi
  [ -n "$root" ] || [ -n "$(value ALLOW_EMPTY_ROOT_PASSWORD)" ] ||
    die "the database is not initialized and no root password is given: set MARIADB_ROOT_PASSWORD"
  host=$(value ROOT_HOST); host=${host:-%}
  database=$(value DATABASE); user=$(value USER); password=$(value PASSWORD)

  say "Initializing the data folder"
  touch "$data"/.initializing
  mariadb-install-db --datadir="$data" --skip-test-db --auth-root-authentication-method=normal --skip-name-resolve >/dev/null
  mariadbd --datadir="$data" --skip-networking --socket="$socket" --skip-log-error &
  pid=$!
  for _ in $(seq 300); do
    mariadb-admin --no-defaults --socket="$socket" --user=root ping >/dev/null 2>&1 && break
    kill -0 $pid 2>/dev/null || die "the server ended during initialization"
    sleep 0.1
  done
  health=$(head -c 24 /dev/urandom | base64)
  sql="SET @@SESSION.SQL_LOG_BIN=0; SET @@SESSION.SQL_MODE='';"
  # The installation makes roots without a password for these.
  sql+="DROP USER IF EXISTS root@'127.0.0.1', root@'::1';"
  sql+="EXECUTE IMMEDIATE CONCAT('DROP USER IF EXISTS root@''', @@hostname, '''');"
  for h in 127.0.0.1 ::1 localhost; do sql+="CREATE USER IF NOT EXISTS healthcheck@'$h' IDENTIFIED BY $(quote "$health");"; done
  if [ -n "$database" ]; then sql+="CREATE DATABASE IF NOT EXISTS \`${database//\`/\`\`}\`;"; fi
  if [ -n "$user" ] && [ -n "$password" ]; then
    sql+="CREATE USER $(quote "$user")@'%' IDENTIFIED BY $(quote "$password");"
    [ -z "$database" ] || sql+="GRANT ALL ON \`${database//_/\\_}\`.* TO $(quote "$user")@'%';"
  fi
  if [ "$host" != localhost ]; then
    sql+="CREATE USER root@$(quote "$host") IDENTIFIED BY $(quote "$root"); GRANT ALL ON *.* TO root@$(quote "$host") WITH GRANT OPTION;"
  fi
  sql+="ALTER USER root@localhost IDENTIFIED BY $(quote "$root");"
  # Through standard input: arguments are visible to every process.
  mariadb --no-defaults --socket="$socket" --user=root --database=mysql <<<"$sql"
  (umask 077; printf '[mariadb-client]\nuser=healthcheck\npassword=%s\n' "$health" > "$data"/.my-healthcheck.cnf)
  export MYSQL_PWD=$root
  for script in /docker-entrypoint-initdb.d/*; do
    case $script in
      *.sql) say "running $script"; mariadb --no-defaults --socket="$socket" --user=root ${database:+--database="$database"} < "$script" ;;
      *.sh) say "running $script"; . "$script" ;;
    esac
  done
  mariadb-admin --no-defaults --socket="$socket" --user=root shutdown
  unset MYSQL_PWD
  wait $pid
  rm "$data"/.initializing
  say "The data folder is ready"
}

# An initialization that was interrupted begins again.
if [ -f "$data"/.initializing ]; then
  find "$data" -mindepth 1 -delete
fi
if [ ! -d "$data"/mysql ]; then
  initialize
fi
exec "$@"
