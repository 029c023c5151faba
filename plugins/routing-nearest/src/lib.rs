//! Reference policy routing-nearest
