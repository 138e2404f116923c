#!/bin/sh
# Answers the checks of the official image that probes use: --connect and --innodb_initialized.
set -eu
options=/var/lib/mysql/.my-healthcheck.cnf
ask() {
  if [ -f "$options" ]; then
    mariadb --defaults-file="$options" --protocol=tcp --host=127.0.0.1 --batch --skip-column-names --execute "$1"
  else
    mariadb --no-defaults --socket=/run/mysqld/mysqld.sock --batch --skip-column-names --execute "$1"
  fi
}
[ $# -gt 0 ] || { echo "healthcheck: no check requested" >&2; exit 1; }
for check in "$@"; do
  case $check in
    --connect) ask 'SELECT 1' >/dev/null ;;
    --innodb_initialized)
      [ "$(ask "SELECT COUNT(*) FROM information_schema.ENGINES WHERE ENGINE='InnoDB' AND SUPPORT IN ('YES', 'DEFAULT')")" -gt 0 ] ;;
    --su-mysql | --no-connect) ;;
    *) echo "healthcheck: $check is not supported" >&2; exit 1 ;;
  esac
done
