//! What `control` publishes and `decide` reads.
