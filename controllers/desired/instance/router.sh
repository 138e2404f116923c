#!/bin/sh
# Runs nginx, on any image that has it, cksum and a shell, as any user. A certificate that was renewed is read again without a
# restart: nginx opens new connections with it and lets those that there are end by themselves. One that nginx refuses changes nothing.
set -eu

sum() { cksum /etc/nginx/tls/tls.crt /etc/nginx/tls/tls.key || :; }

served=$(sum)
# The shell becomes nginx, so that $$ is nginx's.
while sleep 5 && kill -0 $$; do
  found=$(sum)
  if [ "$found" != "$served" ]; then
    served=$found
    kill -HUP $$
  fi
done >/dev/null 2>&1 &
exec nginx -e stderr -c /etc/nginx/faspex/nginx.conf
