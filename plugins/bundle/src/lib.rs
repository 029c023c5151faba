//! The reference plugins, built and embedded
