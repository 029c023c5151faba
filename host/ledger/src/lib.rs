//! Durable state of the host: what was seen, what is live, and why
