//! What the traits of the three domains share, and how an exported policy is run.

use signalbox_contract::{CodecError, Tables};

use crate::context::Context;
use crate::description::About;
use crate::errors::{PolicyError, Problems};

/// The answer to one request, as it crosses the boundary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The tables of the decision.
    pub tables: Tables,
    /// Lines for the policy's author.
    pub log: Vec<String>,
}

/// A policy of any domain, as the exported functions and the tests run it. Implemented by the `Run…` wrapper of each
/// domain's trait, never by authors.
pub trait Run: Sized {
    /// `routing`, `allocation` or `returns`.
    const DOMAIN: &'static str;
    /// What the plugin is.
    const ABOUT: About;
    /// JSON Schema of the parameters.
    fn parameter_schema() -> String;
    /// Reads the parameters and builds the policy.
    ///
    /// # Errors
    /// Everything that is wrong with the parameters.
    fn configure(parameters: &str) -> Result<Self, Problems>;
    /// Decides one encoded request.
    ///
    /// # Errors
    /// When the lists are no message, and as the policy says.
    fn decide(&self, context: &Context, narrow: &[u32], wide: &[i64]) -> Result<Answer, PolicyError>;
}

pub(crate) fn unreadable(problem: CodecError) -> PolicyError {
    PolicyError::new("BAD_REQUEST", problem)
}

/// Declares the trait of one domain and the wrapper that runs it.
macro_rules! policy_trait {
    ($(#[$doc:meta])* $policy:ident, $run:ident, $domain:literal, $request:ident, $decision:ident) => {
        $(#[$doc])*
        pub trait $policy: Sized + Send + Sync + 'static {
            /// What a policy's TOML document sets. Write it with `#[serde(deny_unknown_fields, default)]`; the documentation
            /// of its fields is what people who tune it read.
            type Parameters: serde::de::DeserializeOwned + schemars::JsonSchema;

            /// What the plugin is: start with [`about!`](crate::about).
            const ABOUT: $crate::About;

            /// Checks the parameters beyond their types and builds the policy. Runs once, before any decision: whatever can
            /// be computed from the parameters alone is computed here.
            ///
            /// # Errors
            /// Everything that is wrong with the parameters.
            fn new(parameters: Self::Parameters) -> Result<Self, $crate::Problems>;

            /// Decides one request. Nothing is remembered from one decision to the next.
            ///
            /// # Errors
            /// When the policy has no answer: the next in the fallback chain is asked.
            fn decide(
                &self,
                context: &$crate::Context,
                request: &$request<'_>,
            ) -> Result<$decision, $crate::PolicyError>;
        }

        /// Runs a policy on encoded requests.
        #[derive(Clone, Copy, Debug)]
        pub struct $run<P>(pub P);

        impl<P: $policy> $crate::policy::Run for $run<P> {
            const DOMAIN: &'static str = $domain;
            const ABOUT: $crate::About = P::ABOUT;

            fn parameter_schema() -> String {
                $crate::parameters::schema::<P::Parameters>()
            }

            fn configure(parameters: &str) -> Result<Self, $crate::Problems> {
                P::new($crate::parameters::parse(parameters)?).map($run)
            }

            fn decide(
                &self,
                context: &$crate::Context,
                narrow: &[u32],
                wide: &[i64],
            ) -> Result<$crate::policy::Answer, $crate::PolicyError> {
                let request = $request::parse(narrow, wide).map_err($crate::policy::unreadable)?;
                let decision = self.0.decide(context, &request)?;
                Ok($crate::policy::Answer {
                    tables: decision.encode(),
                    log: decision.conclusion.log,
                })
            }
        }
    };
}
pub(crate) use policy_trait;
