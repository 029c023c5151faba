//! One pass over a component: bounds, validation, and what it imports and exports.

use wasmparser::component_types::{ComponentAnyTypeId, ComponentEntityType};
use wasmparser::types::TypesRef;
use wasmparser::{
    ComponentExternalKind, Encoding, FuncValidatorAllocations, Parser, Payload, ValidPayload, Validator,
    WasmFeatures,
};

use super::{InspectBounds, InspectError};

/// An import of the whole component.
pub(super) struct Import {
    pub(super) name: String,
    /// An interface that declares types and nothing else, no resource among them.
    pub(super) types_only: bool,
}

/// An export of the whole component.
pub(super) struct Export {
    pub(super) name: String,
    pub(super) is_instance: bool,
}

/// What a component wants and offers.
#[derive(Default)]
pub(super) struct Surface {
    pub(super) imports: Vec<Import>,
    pub(super) exports: Vec<Export>,
}

/// What the engine switches on; see `engine::features`.
fn features() -> WasmFeatures {
    WasmFeatures::WASM2
        | WasmFeatures::TAIL_CALL
        | WasmFeatures::EXTENDED_CONST
        | WasmFeatures::COMPONENT_MODEL
}

pub(super) fn walk(component: &[u8], bounds: &InspectBounds) -> Result<Surface, InspectError> {
    if component.len() > bounds.component_bytes {
        return Err(InspectError::TooLarge {
            found: component.len(),
            max: bounds.component_bytes,
        });
    }
    check_preamble(component)?;
    let mut walker = Walker {
        bounds,
        counts: Counts::default(),
        surface: Surface::default(),
        validator: Validator::new_with_features(features()),
        allocations: FuncValidatorAllocations::default(),
    };
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload.map_err(invalid)?;
        walker.count(&payload)?;
        walker.note(&payload)?;
        walker.validate(&payload)?;
    }
    Ok(walker.surface)
}

/// Tells files that are no component from broken ones, because the advice differs.
fn check_preamble(bytes: &[u8]) -> Result<(), InspectError> {
    let not = |found, advice| Err(InspectError::NotAComponent { found, advice });
    if bytes.is_empty() {
        return not("an empty file", "it may still be being written");
    }
    if !bytes.starts_with(b"\0asm") {
        return not(
            "other bytes",
            "build the plugin and take the .wasm file that results",
        );
    }
    match Parser::new(0).parse_all(bytes).next() {
        Some(Ok(Payload::Version {
            encoding: Encoding::Component,
            ..
        })) => Ok(()),
        Some(Ok(Payload::Version {
            encoding: Encoding::Module,
            ..
        })) => not(
            "a core module",
            "make it a component with `wasm-tools component new`, or build it with the SDK, which does so",
        ),
        _ => not(
            "an unknown version of WebAssembly",
            "build it with a current toolchain",
        ),
    }
}

fn invalid(error: wasmparser::Error) -> InspectError {
    InspectError::Invalid {
        offset: error.offset(),
        message: error.message().chars().take(300).collect(),
    }
}

#[derive(Default)]
struct Counts {
    modules: u32,
    components: u32,
    functions: u32,
    /// Modules and components that are open: the outermost component is the first.
    open: u32,
}

struct Walker<'a> {
    bounds: &'a InspectBounds,
    counts: Counts,
    surface: Surface,
    validator: Validator,
    allocations: FuncValidatorAllocations,
}

impl Walker<'_> {
    /// Refuses what is too much before the validator works on it.
    fn count(&mut self, payload: &Payload<'_>) -> Result<(), InspectError> {
        let (bounds, counts) = (self.bounds, &mut self.counts);
        let too_many = |what, max: usize| Err(InspectError::TooMany { what, max });
        match payload {
            Payload::Version { encoding, .. } => {
                counts.open = counts.open.saturating_add(1);
                // The outermost component is no level of nesting.
                if *encoding == Encoding::Component && counts.open > bounds.depth.saturating_add(1) {
                    return too_many("levels of nested components", bounds.depth as usize);
                }
            }
            Payload::End(_) => counts.open = counts.open.saturating_sub(1),
            Payload::ModuleSection { .. } => {
                counts.modules = counts.modules.saturating_add(1);
                if counts.modules > bounds.modules {
                    return too_many("core modules", bounds.modules as usize);
                }
            }
            Payload::ComponentSection { .. } => {
                counts.components = counts.components.saturating_add(1);
                if counts.components > bounds.nested_components {
                    return too_many("nested components", bounds.nested_components as usize);
                }
            }
            Payload::FunctionSection(section) => {
                counts.functions = counts.functions.saturating_add(section.count());
                if counts.functions > bounds.functions {
                    return too_many("functions", bounds.functions as usize);
                }
            }
            Payload::CodeSectionEntry(body) if body.as_bytes().len() > bounds.function_bytes => {
                return too_many("bytes in one function", bounds.function_bytes);
            }
            _ => {}
        }
        Ok(())
    }

    /// Notes exports of the outermost component. Its imports are noted at its end, when their types are known.
    fn note(&mut self, payload: &Payload<'_>) -> Result<(), InspectError> {
        if self.counts.open != 1 {
            return Ok(());
        }
        if let Payload::ComponentExportSection(section) = payload {
            for export in section.clone() {
                let export = export.map_err(invalid)?;
                let plain = export.name.implements.is_none() && export.name.version_suffix.is_none();
                self.surface.exports.push(Export {
                    name: export.name.name.to_owned(),
                    is_instance: plain && export.kind == ComponentExternalKind::Instance,
                });
            }
        }
        if let Payload::ComponentImportSection(section) = payload {
            for import in section.clone() {
                let import = import.map_err(invalid)?;
                self.surface.imports.push(Import {
                    name: import.name.name.to_owned(),
                    types_only: false,
                });
            }
        }
        Ok(())
    }

    fn validate(&mut self, payload: &Payload<'_>) -> Result<(), InspectError> {
        match self.validator.payload(payload).map_err(invalid)? {
            ValidPayload::Func(function, body) => {
                let mut validator = function.into_validator(std::mem::take(&mut self.allocations));
                validator.validate(&body).map_err(invalid)?;
                self.allocations = validator.into_allocations();
            }
            // The outermost component ends last: what is noted then stays.
            ValidPayload::End(types) if self.counts.open == 0 => {
                for import in &mut self.surface.imports {
                    import.types_only = is_types_only(types.as_ref(), &import.name);
                }
            }
            ValidPayload::Ok | ValidPayload::Parser(_) | ValidPayload::End(_) => {}
        }
        Ok(())
    }
}

fn is_types_only(types: TypesRef<'_>, import: &str) -> bool {
    let Some(ComponentEntityType::Instance(id)) = types.component_item_for_import(import).map(|item| item.ty)
    else {
        return false;
    };
    types.get(id).is_some_and(|instance| {
        instance.exports.values().all(|item| {
            matches!(
                item.ty,
                ComponentEntityType::Type {
                    referenced: ComponentAnyTypeId::Defined(_),
                    ..
                }
            )
        })
    })
}
