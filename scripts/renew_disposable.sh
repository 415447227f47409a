#!/usr/bin/env bash
# Renews the list of disposable mail domains (PyPI: disposable-email-domains, MIT) that the domain crate carries.
set -euo pipefail
cd "$(dirname "$0")/../crates/domain/data"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
pip download --quiet --no-deps --dest "$folder" disposable-email-domains
(cd "$folder" && python3 -m zipfile -e ./*.whl .)
PYTHONPATH="$folder" python3 -c 'from disposable_email_domains import blocklist; print("\n".join(sorted(blocklist)))' >disposable.txt
cp "$folder"/*.dist-info/licenses/LICENSE.txt disposable.LICENSE.txt
wc -l disposable.txt
