# Shorthands. Everything works with plain cargo, too.

# A simulated org, the server and sample bookings
demo:
    cargo run -- demo

# All tests
test:
    cargo test --workspace

# What CI checks besides the tests
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# The tables in docs/ that tests write
docs:
    MATCHBOOK_WRITE_DOCS=1 cargo test --workspace

# How long a webhook takes to reach Salesforce, in round trips
bench:
    cargo bench -p matchbook

# What a decision on a host costs
bench-decide:
    cargo bench -p domain --bench decide
