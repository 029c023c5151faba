//! The generated bindings, and the one implementation of their exports.
//!
//! A crate can hold an exported macro of one name only once, and every domain's world exports the interface `plugin`. So
//! each interface is bound as a world of its own here, and a plugin exports two of them; `wit-component` puts them together
//! to the domain's world.

use std::sync::OnceLock;

use crate::context::{Context, Currency};
use crate::errors::{PolicyError, Problems};
use crate::named::Named;
use crate::policy::{Answer, Run};

/// Where a plugin crate keeps its configured policy: memory that is there once for every plugin, and that the host
/// snapshots after `configure`.
pub trait Slot {
    /// The policy.
    type Policy: Run + Send + Sync + 'static;
    /// Its place.
    fn policy() -> &'static OnceLock<Self::Policy>;
}

macro_rules! bind {
    ($(#[$doc:meta])* $module:ident, $world:literal, $inline:literal) => {
        $(#[$doc])*
        #[allow(missing_docs, clippy::all, reason = "generated")]
        pub mod $module {
            wit_bindgen::generate!({
                path: "../../wit/policy-1.0",
                inline: $inline,
                world: $world,
                pub_export_macro: true,
                export_macro_name: "export_interface",
                disable_run_ctors_once_workaround: true,
                generate_all,
            });
        }
    };
}

bind!(
    /// `plugin`: description and parameters.
    plugin,
    "signalbox:sdk/describes",
    "package signalbox:sdk; world describes { export signalbox:policy/plugin@1.0.0; }"
);
bind!(
    /// `routing`.
    routing,
    "signalbox:sdk/routes",
    "package signalbox:sdk; world routes { export signalbox:policy/routing@1.0.0; }"
);
bind!(
    /// `allocation`.
    allocation,
    "signalbox:sdk/allocates",
    "package signalbox:sdk; world allocates { export signalbox:policy/allocation@1.0.0; }"
);
bind!(
    /// `returns`.
    returns,
    "signalbox:sdk/disposes",
    "package signalbox:sdk; world disposes { export signalbox:policy/returns@1.0.0; }"
);

use plugin::exports::signalbox::policy::plugin as description;

fn owned(words: &[Named]) -> Vec<String> {
    words.iter().map(|word| word.text().to_owned()).collect()
}

impl<S: Slot> description::Guest for S {
    fn describe() -> description::Description {
        let about = S::Policy::ABOUT;
        let reason_codes = about.reasons.iter().map(|reason| description::ReasonCode {
            code: reason.code.to_owned(),
            template: reason.template.to_owned(),
        });
        description::Description {
            name: about.name.to_owned(),
            version: about.version.to_owned(),
            domain: S::Policy::DOMAIN.to_owned(),
            summary: about.summary.to_owned(),
            parameter_schema: S::Policy::parameter_schema(),
            reason_codes: reason_codes.collect(),
            words: owned(about.words),
            attribute_keys: owned(about.attribute_keys),
        }
    }

    fn configure(parameters: String) -> Result<(), Vec<description::ParameterProblem>> {
        let configured = S::Policy::configure(&parameters).and_then(|built| {
            S::policy()
                .set(built)
                .map_err(|_| Problems::one("", "expected one call of configure, found a second"))
        });
        configured.map_err(|problems| {
            let problem = |problem: crate::Problem| description::ParameterProblem {
                path: problem.path,
                message: problem.message,
            };
            problems.into_vec().into_iter().map(problem).collect()
        })
    }
}

fn decide<S: Slot>(context: &Context, narrow: &[u32], wide: &[i64]) -> Result<Answer, PolicyError> {
    let policy = S::policy()
        .get()
        .ok_or_else(|| PolicyError::new("NOT_CONFIGURED", "expected a call of configure before decide"))?;
    policy.decide(context, narrow, wide)
}

macro_rules! decides {
    ($domain:ident) => {
        const _: () = {
            use $domain::exports::signalbox::policy::$domain as decisions;

            impl<S: Slot> decisions::Guest for S {
                fn decide(
                    context: decisions::Context,
                    request: decisions::Tables,
                ) -> Result<decisions::Decision, decisions::PolicyError> {
                    let context = Context {
                        now_ms: context.now_ms,
                        seed: context.seed,
                        deadline_ms: context.deadline_ms,
                        currency: Currency(context.currency),
                        observe: context.observe,
                    };
                    match decide::<S>(&context, &request.narrow, &request.wide) {
                        Ok(Answer { tables, log }) => Ok(decisions::Decision {
                            tables: decisions::Tables {
                                narrow: tables.narrow,
                                wide: tables.wide,
                            },
                            log,
                        }),
                        Err(PolicyError { code, message }) => Err(decisions::PolicyError { code, message }),
                    }
                }
            }
        };
    };
}

decides!(routing);
decides!(allocation);
decides!(returns);
