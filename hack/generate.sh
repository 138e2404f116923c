#!/usr/bin/env bash
# Writes what is derived from the types in api/ and the markers in controllers/: deep copies, CRDs, the operator's role, and the
# chart's copies of both; and the description of the Faspex API, from core. With --check it writes nothing and fails when something is
# not current.
#
#   CONTROLLER_GEN   the program (default: built by hack/tools)
set -euo pipefail
cd "$(dirname "$0")/.."
generator=${CONTROLLER_GEN:-$(go run ./hack/tools path controller-gen)}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

"$generator" object crd paths=./api/... "output:object:dir=$out/object" "output:crd:dir=$out/crd"
go run ./hack/openapi >"$out/openapi.json"
"$generator" rbac:roleName=operator paths=./controllers/... "output:rbac:dir=$out/rbac"

stale=0
# put GENERATED TARGET
put() {
  cmp -s "$1" "$2" && return
  if [ "$mode" = --check ]; then
    echo "$2 is not current: run make generate" >&2
    stale=1
  else
    install -D -m 644 "$1" "$2"
    echo "wrote $2"
  fi
}
mode=${1:-}
put "$out/object/zz_generated.deepcopy.go" api/v1alpha1/zz_generated.deepcopy.go
for f in "$out"/crd/*.yaml; do
  put "$f" "config/crd/bases/$(basename "$f")"
  put "$f" "charts/faspex-operator/files/crds/$(basename "$f")"
done
put "$out/openapi.json" faspex/core/openapi.json
put "$out/rbac/role.yaml" config/rbac/role.yaml
put "$out/rbac/role.yaml" charts/faspex-operator/files/rbac/role.yaml
# Kinds that are gone must not leave their definitions behind.
for f in config/crd/bases/*.yaml charts/faspex-operator/files/crds/*.yaml; do
  [ -e "$out/crd/$(basename "$f")" ] && continue
  if [ "$mode" = --check ]; then echo "$f is not generated any more" >&2; stale=1; else rm "$f"; fi
done
exit $stale
