//! Runs policies as sandboxed WebAssembly components
