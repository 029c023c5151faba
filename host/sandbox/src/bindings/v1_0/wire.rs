//! The WIT types, in the form in which they cross the boundary.
//!
//! Written by hand and not by `bindgen!`, whose pre-instantiation compares every export's type again for each instance.

use wasmtime::component::{ComponentType, Lift, Lower};

#[derive(Clone, Copy, ComponentType, Lower)]
#[component(record)]
pub(crate) struct Context {
    #[component(name = "now-ms")]
    pub(crate) now_ms: i64,
    pub(crate) seed: u64,
    #[component(name = "deadline-ms")]
    pub(crate) deadline_ms: u32,
    pub(crate) currency: u32,
    pub(crate) observe: bool,
}

/// Tables on their way in: borrowed, copied whole into the guest.
#[derive(Clone, Copy, ComponentType, Lower)]
#[component(record)]
pub(crate) struct TablesIn<'a> {
    pub(crate) narrow: &'a [u32],
    pub(crate) wide: &'a [i64],
}

/// Tables on their way out.
#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct TablesOut {
    pub(crate) narrow: Vec<u32>,
    pub(crate) wide: Vec<i64>,
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct Decision {
    pub(crate) tables: TablesOut,
    pub(crate) log: Vec<String>,
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct PolicyError {
    pub(crate) code: String,
    pub(crate) message: String,
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(super) struct ReasonCode {
    pub(super) code: String,
    pub(super) template: String,
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(super) struct Description {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) domain: String,
    pub(super) summary: String,
    #[component(name = "parameter-schema")]
    pub(super) parameter_schema: String,
    #[component(name = "reason-codes")]
    pub(super) reason_codes: Vec<ReasonCode>,
    pub(super) words: Vec<String>,
    #[component(name = "attribute-keys")]
    pub(super) attribute_keys: Vec<String>,
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(super) struct ParameterProblem {
    pub(super) path: String,
    pub(super) message: String,
}
