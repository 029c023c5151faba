//! Reference policy routing-balanced
