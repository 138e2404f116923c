#!/usr/bin/env bash
# Builds the web page of faspex/ui/web into faspex/ui/web/dist: npm ci, the API's types, type check, unit tests, vite build.
# Does nothing, and needs nothing, when no input changed since the last build. The node modules are installed once per
# package-lock.json, outside of the tree.
#
#   WEB_CACHE   where node modules are kept (default: $XDG_CACHE_HOME/faspex-operator/web)
set -euo pipefail
hack=$(cd "$(dirname "$0")" && pwd)
cd "$hack/../faspex/ui/web"

cache=${WEB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/faspex-operator/web}
stamp=.dist-inputs
mkdir -p "$cache"
exec 9>"$cache/.lock" # two builds at once: the second finds the first one's result
flock 9

api=../../core/openapi.json
inputs=$({ find . \( -name node_modules -o -name dist -o -name dist.new -o -name "$stamp" -o -name schema.d.ts \) -prune -o -type f -print0; printf '%s\0' "$api"; } |
  LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1)
if [ -f dist/index.html ] && [ "$(cat "$stamp" 2>/dev/null)" = "$inputs" ]; then
  echo "web-build: dist is current"
  exit 0
fi

node=$("$hack/node.sh")
export PATH=$node:$PATH
modules=$cache/$(cat package.json package-lock.json | sha256sum | cut -c1-16)
if [ ! -f "$modules/.complete" ]; then
  rm -rf "$modules"
  mkdir -p "$modules"
  cp package.json package-lock.json .npmrc "$modules/"
  (cd "$modules" && npm ci --ignore-scripts --loglevel=error)
  touch "$modules/.complete"
fi
if [ ! -L node_modules ] && [ -e node_modules ]; then rm -rf node_modules; fi
ln -sfn "$modules/node_modules" node_modules

bin=node_modules/.bin
# Made anew each time and kept out of git: what the page calls is checked against what the server has.
"$bin/openapi-typescript" "$api" --output src/api/schema.d.ts >/dev/null
"$bin/tsc" --noEmit
NO_COLOR=1 "$bin/vitest" run --reporter=dot
# Built beside dist and moved there whole, so that a server that reads dist never sees half a page.
rm -rf dist.new
NO_COLOR=1 "$bin/vite" build --outDir dist.new --emptyOutDir --logLevel error
rm -rf dist "$stamp"
mv dist.new dist
echo "$inputs" > "$stamp"
echo "web-build: built dist ($(du -sh dist | cut -f1))"
