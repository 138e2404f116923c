#!/usr/bin/env bash
# Installs the Debian packages that tests and the local cluster need, and those that are named as arguments. Quick, and without the network, when all are there.
set -euo pipefail

packages=(
  # the local cluster: packet filters, service proxy, images
  iptables nftables conntrack ipset iproute2 util-linux mount kmod ethtool socat procps mmdebstrap busybox-static
  # building: runc, the race detector, the page
  gcc libc6-dev libseccomp-dev git curl ca-certificates
  # tests against the real thing
  mariadb-server openssh-client chromium iperf3 nginx-light
)
# npm comes with Node.js of any other origin.
command -v npm >/dev/null || packages+=(nodejs npm)
packages+=("$@")

missing=()
for p in "${packages[@]}"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing+=("$p")
done
[ ${#missing[@]} -gt 0 ] || exit 0

echo "installing Debian packages: ${missing[*]}"
[ "$(id -u)" = 0 ] || { echo "debian-packages: this needs root" >&2; exit 1; }
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Services must not start: tests run servers of their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  printf '#!/bin/sh\nexit 101\n' > $policy
  chmod 755 $policy
  trap 'rm -f "$log" '$policy EXIT
fi
if ! { apt-get update && apt-get install --yes --no-install-recommends "${missing[@]}"; } > "$log" 2>&1; then
  tail -20 "$log" >&2
  echo "debian-packages: installation failed" >&2
  exit 1
fi
