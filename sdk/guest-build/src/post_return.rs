//! Guests without post-return functions.
//!
//! A post-return function frees a result after the host has copied it. Every decision has an instance of its own, whose
//! whole memory ends with it, so the call would only cost time (0.2 to 0.5 us of a decision). `wit-component` wires up
//! every exported function of that name; not exporting them is how a guest says that it has none.

use std::convert::Infallible;

use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{ExportSection, Module};
use wasmparser::ExportSectionReader;

/// What the canonical ABI calls post-return functions.
const PREFIX: &str = "cabi_post_";

/// The module without its exports of post-return functions; all else is as it was.
pub(crate) fn strip(module: &[u8]) -> Result<Vec<u8>, Error<Infallible>> {
    let mut stripped = Module::new();
    WithoutPostReturn.parse_core_module(&mut stripped, wasmparser::Parser::new(0), module)?;
    Ok(stripped.finish())
}

struct WithoutPostReturn;

impl Reencode for WithoutPostReturn {
    type Error = Infallible;

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: ExportSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        for export in section {
            let export = export?;
            if !export.name.starts_with(PREFIX) {
                self.parse_export(exports, export)?;
            }
        }
        Ok(())
    }
}
