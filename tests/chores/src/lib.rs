//! Repository chores: verify, guests, bench-peers
