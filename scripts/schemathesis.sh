#!/usr/bin/env bash
# Holds the API against its OpenAPI document with schemathesis (PyPI): no 500, no status, header or body that the document
# does not tell of. Starts `matchbook demo` on free ports and calls it with its key.
#
# MATCHBOOK names a binary that is already built. Where schemathesis cannot be installed, says "not run" and passes.
# The course is the same every time and takes less than 90 seconds; SEED takes another, EXAMPLES makes it longer or shorter.
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
matchbook=${MATCHBOOK:-$target/debug/matchbook}
work=$target/schemathesis
version=4.32.5
mkdir -p "$work"

if [[ ! -x $work/venv/bin/schemathesis ]]; then
  if ! python3 -m venv "$work/venv" >"$work/install.log" 2>&1 \
    || ! timeout 120 "$work/venv/bin/pip" install --quiet "schemathesis==$version" >>"$work/install.log" 2>&1; then
    echo "schemathesis: not run: it could not be installed ($(tail -n 1 "$work/install.log"))"
    exit 0
  fi
fi

"$matchbook" demo --listen 127.0.0.1:0 --org 127.0.0.1:0 --api-calls-per-minute 1000000 >"$work/demo.log" 2>&1 &
demo=$!
trap 'kill "$demo" 2>/dev/null; wait "$demo" 2>/dev/null' EXIT
key=
for _ in $(seq 300); do
  key=$(grep -o 'mbk_[A-Za-z0-9_-]*' "$work/demo.log" | head -n 1)
  [[ -n $key ]] && break
  kill -0 "$demo" 2>/dev/null || break
  sleep 0.1
done
url=$(sed -n 's/^ *Bookings *\(http[^ ]*\)$/\1/p' "$work/demo.log")
if [[ -z $key || -z $url ]]; then
  echo "The demo did not start:" >&2
  cat "$work/demo.log" >&2
  exit 1
fi

course=(--generation-deterministic)
[[ -n ${SEED:-} ]] && course=(--seed "$SEED")
cp "$root"/scripts/schemathesis{.toml,_hooks.py} "$work"
cd "$work" || exit 1
timeout 85 venv/bin/schemathesis --config-file schemathesis.toml run "${url%/}/api/v1/openapi.json" \
  --header "Authorization: Bearer $key" --max-examples "${EXAMPLES:-50}" "${course[@]}" --workers 1 --no-color
result=$?
[[ $result == 124 ]] && echo "schemathesis did not end in 85 seconds" >&2
exit $result
