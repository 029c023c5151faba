//! Composition and ordered shutdown.
