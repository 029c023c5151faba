//! Hostile guests, built from source for the tests
