#!/usr/bin/env bash
# Prints a folder with node and npm for PATH: the system's when it is at least the version that the page needs, else one from npm's
# package `node`, installed once into the cache.
set -euo pipefail
need=20.19.0 take=22.22.0

current=$(node --version 2>/dev/null || echo v0)
if [ "$(printf '%s\n' "$need" "${current#v}" | sort -V | head -1)" = "$need" ]; then
  dirname "$(command -v node)"
  exit 0
fi
command -v npm >/dev/null || { echo "node: npm is missing: run hack/debian-packages.sh" >&2; exit 1; }
dir=${XDG_CACHE_HOME:-$HOME/.cache}/faspex-operator/node-$take
if [ ! -x "$dir/bin/npm" ]; then
  mkdir -p "$dir"
  npm install --prefix "$dir" --no-save --no-audit --no-fund --loglevel=error "node@$take" "npm@10" >&2
  mkdir -p "$dir/bin"
  ln -sfn ../node_modules/node/bin/node "$dir/bin/node"
  ln -sfn ../node_modules/npm/bin/npm-cli.js "$dir/bin/npm"
fi
"$dir/bin/node" --version >/dev/null || { echo "node: npm's package node does not run here" >&2; exit 1; }
echo "$dir/bin"
