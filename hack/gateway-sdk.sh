#!/usr/bin/env bash
# Prints the file of the gateway's public JavaScript SDK, from its package of npm, got once into the cache. Only a test loads it: it is not open
# software, and no part of the product.
set -euo pipefail
version=7.7.4
dir=${XDG_CACHE_HOME:-$HOME/.cache}/faspex-operator/http-gateway-sdk-$version
if [ ! -f "$dir/package/js/http-gateway.js" ]; then
  PATH=$("$(dirname "$0")/node.sh"):$PATH
  mkdir -p "$dir.new"
  npm pack --silent --pack-destination "$dir.new" "@ibm-aspera/http-gateway-sdk-js@$version" >/dev/null
  tar -xzf "$dir.new"/*.tgz -C "$dir.new"
  rm -rf "$dir"
  mv "$dir.new" "$dir"
fi
echo "$dir/package/js/http-gateway.js"
