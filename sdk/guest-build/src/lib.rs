//! Builds Rust guests into WebAssembly components
