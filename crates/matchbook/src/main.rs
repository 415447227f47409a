//! The `matchbook` command.

fn main() {}
