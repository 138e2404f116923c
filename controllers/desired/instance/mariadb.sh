#!/bin/sh
# Starts MariaDB for a FaspexInstance, on any image that has mariadbd, mariadb-install-db and a shell, as any user.
#
# The data directory is made once, beside its final place, and renamed when it is whole. The root password is set at every start by
# a file that exists only in memory, so a password that was lost or changed is repaired by a restart. No password is ever an argument.
set -eu
umask 077

data=/var/lib/mysql/data
run=/run/faspex
password_file=/etc/faspex/mariadb-root/password

if [ ! -d "$data" ]; then
  rm -rf "$data.new"
  mkdir -p "$data.new"
  mariadb-install-db --no-defaults --datadir="$data.new" --auth-root-authentication-method=normal --skip-test-db --skip-name-resolve --force
  mv "$data.new" "$data"
fi

sql_password=$(sed -e 's/\\/\\\\/g' -e "s/'/''/g" "$password_file")
cat >"$run/init.sql" <<SQL
DELETE FROM mysql.global_priv WHERE User = '' OR (User = 'root' AND Host NOT IN ('localhost', '%'));
FLUSH PRIVILEGES;
CREATE USER IF NOT EXISTS 'root'@'localhost' IDENTIFIED BY '$sql_password';
ALTER USER 'root'@'localhost' IDENTIFIED BY '$sql_password' ACCOUNT UNLOCK;
GRANT ALL PRIVILEGES ON *.* TO 'root'@'localhost' WITH GRANT OPTION;
CREATE USER IF NOT EXISTS 'root'@'%' IDENTIFIED BY '$sql_password';
ALTER USER 'root'@'%' IDENTIFIED BY '$sql_password' ACCOUNT UNLOCK;
GRANT ALL PRIVILEGES ON *.* TO 'root'@'%' WITH GRANT OPTION;
SQL

option_password=$(sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' "$password_file")
cat >"$run/root.cnf" <<CNF
[client]
user=root
password="$option_password"
socket=$run/mariadbd.sock
connect-timeout=3
CNF

exec mariadbd --no-defaults \
  --datadir="$data" \
  --socket="$run/mariadbd.sock" \
  --pid-file="$run/mariadbd.pid" \
  --init-file="$run/init.sql" \
  --tmpdir=/tmp \
  --port=3306 \
  '--bind-address=*' \
  --skip-name-resolve \
  --local-infile=0 \
  --character-set-server=utf8mb4 \
  --collation-server=utf8mb4_unicode_ci \
  --sql-mode=STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION \
  --max-connections=500
