//! Write Signalbox policies in Rust
