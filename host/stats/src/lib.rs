//! Anytime-valid tests: e-processes and confidence sequences
