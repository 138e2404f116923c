#!/usr/bin/env bash
# Builds the web page of faspex/ui/web into faspex/ui/web/dist: npm ci, type check, unit tests, vite build.
# Does nothing when no input changed since the last build. The node modules are installed once per package-lock.json, outside of the tree.
#
#   WEB_CACHE   where node modules are kept (default: $XDG_CACHE_HOME/faspex-operator/web)
set -euo pipefail
web=$(cd "$(dirname "$0")/../faspex/ui/web" && pwd)
cd "$web"

for program in node npm; do
  command -v "$program" >/dev/null || { echo "web-build: $program is not installed (Debian: apt-get install nodejs npm)" >&2; exit 1; }
done

inputs() {
  { node --version; find . \( -name node_modules -o -name dist -o -name dist.new \) -prune -o -type f -print0 | sort -z | xargs -0 sha256sum; } | sha256sum | cut -d' ' -f1
}
want=$(inputs)
stamp=dist/.inputs
if [ -f dist/index.html ] && [ "$(cat "$stamp" 2>/dev/null)" = "$want" ]; then
  echo "web-build: dist is current"
  exit 0
fi

cache=${WEB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/faspex-operator/web}
modules=$cache/$({ node --version; cat package.json package-lock.json; } | sha256sum | cut -c1-16)
mkdir -p "$cache"
exec 9>"$cache/.lock"
flock 9
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
"$bin/tsc" --noEmit
"$bin/vitest" run --reporter=dot
# Built beside dist and moved there whole, so that a server that reads dist never sees half a page.
rm -rf dist.new
"$bin/vite" build --outDir dist.new --emptyOutDir --logLevel warn
echo "$want" > dist.new/.inputs
rm -rf dist
mv dist.new dist
echo "web-build: built dist ($(du -sh dist | cut -f1))"
