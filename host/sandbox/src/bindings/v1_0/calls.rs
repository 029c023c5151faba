//! The three functions of a policy, found once by name and then called by index.

use wasmtime::component::{Component, ComponentExportIndex, ComponentNamedList, Instance, Lift, Lower};
use wasmtime::{Result, Store};

use super::wire::{self, Context, Decision, PolicyError, TablesIn};
use crate::bindings::ExportNames;
use crate::description::{ParameterProblem, RawDescription, RawReasonCode};
use crate::store::Guest;

/// Where the functions of a component are.
pub(crate) struct Exports {
    describe: ComponentExportIndex,
    configure: ComponentExportIndex,
    decide: ComponentExportIndex,
}

/// An export is missing or has another type than the contract says.
#[derive(Debug, thiserror::Error)]
#[error("export {export}: {message}")]
pub(crate) struct WrongType {
    pub(crate) export: String,
    pub(crate) message: String,
}

type DecideResult = (std::result::Result<Decision, PolicyError>,);
type ConfigureResult = (std::result::Result<(), Vec<wire::ParameterProblem>>,);

impl Exports {
    /// Finds the functions of a component.
    pub(crate) fn find(
        component: &Component,
        names: &ExportNames,
    ) -> std::result::Result<Exports, WrongType> {
        let function = |interface: &str, name: &str| {
            component
                .get_export_index(None, interface)
                .and_then(|index| component.get_export_index(Some(&index), name))
                .ok_or_else(|| WrongType {
                    export: format!("{interface}.{name}"),
                    message: "expected a function, found nothing".to_owned(),
                })
        };
        Ok(Exports {
            describe: function(&names.plugin, "describe")?,
            configure: function(&names.plugin, "configure")?,
            decide: function(&names.domain, "decide")?,
        })
    }

    /// Compares the types of all three with the contract.
    pub(crate) fn check(
        &self,
        store: &mut Store<Guest>,
        instance: &Instance,
        names: &ExportNames,
    ) -> std::result::Result<(), WrongType> {
        let wrong = |interface: &str, name: &str, error: wasmtime::Error| WrongType {
            export: format!("{interface}.{name}"),
            message: crate::failure::chain(&error),
        };
        instance
            .get_typed_func::<(), (wire::Description,)>(&mut *store, &self.describe)
            .map_err(|error| wrong(&names.plugin, "describe", error))?;
        instance
            .get_typed_func::<(&str,), ConfigureResult>(&mut *store, &self.configure)
            .map_err(|error| wrong(&names.plugin, "configure", error))?;
        instance
            .get_typed_func::<(Context, TablesIn<'_>), DecideResult>(&mut *store, &self.decide)
            .map_err(|error| wrong(&names.domain, "decide", error))?;
        Ok(())
    }

    /// Calls `describe`.
    pub(crate) async fn describe(
        &self,
        store: &mut Store<Guest>,
        instance: &Instance,
    ) -> Result<RawDescription> {
        let (description,): (wire::Description,) = call(store, instance, &self.describe, ()).await?;
        Ok(RawDescription {
            name: description.name,
            version: description.version,
            domain: description.domain,
            summary: description.summary,
            parameter_schema: description.parameter_schema,
            reason_codes: description
                .reason_codes
                .into_iter()
                .map(|reason| RawReasonCode {
                    code: reason.code,
                    template: reason.template,
                })
                .collect(),
            words: description.words,
            attribute_keys: description.attribute_keys,
        })
    }

    /// Calls `configure`; the problems that it finds are a result, not a failure.
    pub(crate) async fn configure(
        &self,
        store: &mut Store<Guest>,
        instance: &Instance,
        parameters: &str,
    ) -> Result<std::result::Result<(), Vec<ParameterProblem>>> {
        let (configured,): ConfigureResult = call(store, instance, &self.configure, (parameters,)).await?;
        Ok(configured.map_err(|problems| {
            problems
                .into_iter()
                .map(|problem| ParameterProblem {
                    path: problem.path,
                    message: problem.message,
                })
                .collect()
        }))
    }

    /// Calls `decide`.
    pub(crate) async fn decide(
        &self,
        store: &mut Store<Guest>,
        instance: &Instance,
        context: Context,
        tables: TablesIn<'_>,
    ) -> Result<std::result::Result<Decision, PolicyError>> {
        let (decided,): DecideResult = call(store, instance, &self.decide, (context, tables)).await?;
        Ok(decided)
    }
}

async fn call<P, R>(
    store: &mut Store<Guest>,
    instance: &Instance,
    index: &ComponentExportIndex,
    parameters: P,
) -> Result<R>
where
    P: ComponentNamedList + Lower,
    R: ComponentNamedList + Lift + 'static,
{
    let function = instance.get_typed_func::<P, R>(&mut *store, index)?;
    function.call_async(store, parameters).await
}
