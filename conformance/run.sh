#!/usr/bin/env bash
# Drives a simulated org with clients that others wrote: jsforce and simple-salesforce.
#
# Starts `matchbook orgsim` on a free port, installs the clients into the build directory, and runs both suites.
# MATCHBOOK names a binary that is already built; without it the binary is built first. A suite whose client cannot be
# installed here says so and counts as neither passed nor failed.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
target=${CARGO_TARGET_DIR:-$root/target}
work=$target/conformance
mkdir -p "$work"

if [[ -z ${MATCHBOOK:-} ]]; then
  cargo build --quiet --manifest-path "$root/Cargo.toml" -p matchbook || exit 1
  MATCHBOOK=$target/debug/matchbook
fi

"$MATCHBOOK" orgsim --port 0 --world demo >"$work/orgsim.log" 2>&1 &
org=$!
trap 'kill "$org" 2>/dev/null' EXIT
url=
for _ in $(seq 100); do
  url=$(grep -o 'http://[0-9.:]*[0-9]' "$work/orgsim.log" | head -n 1)
  [[ -n $url ]] && break
  kill -0 "$org" 2>/dev/null || break
  sleep 0.1
done
if [[ -z $url ]]; then
  echo "The simulated org did not start:" >&2
  cat "$work/orgsim.log" >&2
  exit 1
fi

failed=0

jsforce() {
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    echo "jsforce: not run: node and npm are not installed"
    return
  fi
  rm -rf "$work/jsforce/conformance.mjs"
  mkdir -p "$work/jsforce"
  cp "$here"/jsforce/{package.json,package-lock.json,conformance.mjs} "$work/jsforce/"
  if ! (cd "$work/jsforce" && npm ci --ignore-scripts --no-audit --no-fund) >"$work/npm.log" 2>&1; then
    echo "jsforce: not run: npm could not install it ($work/npm.log says why)"
    return
  fi
  node "$work/jsforce/conformance.mjs" "$url" || failed=1
}

simple_salesforce() {
  if ! command -v python3 >/dev/null; then
    echo "simple-salesforce: not run: python3 is not installed"
    return
  fi
  local venv=$work/simple_salesforce
  if ! { [[ -x $venv/bin/python ]] || python3 -m venv "$venv"; } >"$work/pip.log" 2>&1 ||
    ! "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
      -r "$here/simple_salesforce/requirements.txt" >>"$work/pip.log" 2>&1; then
    echo "simple-salesforce: not run: pip could not install it ($work/pip.log says why)"
    return
  fi
  "$venv/bin/python" "$here/simple_salesforce/conformance.py" "$url" || failed=1
}

jsforce
simple_salesforce
exit "$failed"
