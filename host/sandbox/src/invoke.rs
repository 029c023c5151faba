//! Runs one decision: a fresh store and instance, under limits, on the caller's own async worker.

use std::time::{Duration, Instant};

use signalbox_contract::Tables;
use signalbox_domain::case::Case;
use signalbox_domain::envelope::{Envelope, Mode};
use wasmtime::Store;
use wasmtime::component::Instance;

use crate::bindings::v1_0::{BadOutput, Context, GuestCase, PolicyError, Reader, TablesIn};
use crate::compile::Preinitialised;
use crate::failure::{Allowed, CallFailure};
use crate::input::Input;
use crate::policy::{Loaded, Policy};
use crate::sandbox::PrepareError;
use crate::store::{self, Guest, Patience};

/// Characters of a policy error's code, and of its message.
const ERROR_CODE_CHARS_MAX: usize = 64;
const ERROR_MESSAGE_CHARS_MAX: usize = 500;

/// Whose permit a decision takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// A caller waits for it.
    #[default]
    Live,
    /// Shadow, self-test, replay: nobody waits, and live decisions never wait for it.
    Background,
}

/// The circumstances of one decision that the request does not say.
#[derive(Clone, Copy, Debug)]
pub struct CallContext {
    /// For policies that draw lots; recorded with the decision.
    pub seed: u64,
    /// The deadline as the policy is told it, in milliseconds: as the caller stated it, never measured, so that a replay
    /// gives the same decision.
    pub deadline_ms: u32,
    /// When the host ends the call.
    pub until: Instant,
    /// Whose permit it takes.
    pub priority: Priority,
}

/// A policy's decision, checked cell by cell but not yet against the domain's invariants.
#[derive(Clone, Debug)]
pub struct Decided<D> {
    /// The decision.
    pub decision: D,
    /// The decision's tables as the policy returned them: what bit-identity is about.
    pub tables: Tables,
    /// Work, in units of fuel; the same on every machine.
    pub fuel_used: u64,
    /// The most linear memory, in bytes.
    pub memory_peak_bytes: u64,
    /// From the permit to the decision, in this host's time.
    pub duration: Duration,
    /// Lines for the policy's author, bounded.
    pub log: Vec<String>,
    /// Lines that were over the bound.
    pub log_dropped: usize,
}

/// Why a policy has no decision.
#[derive(Clone, Debug, thiserror::Error)]
pub enum InvokeError {
    /// The call failed: trap, fuel, deadline, memory, output.
    #[error(transparent)]
    Call(#[from] CallFailure),
    /// It returned a decision that means nothing.
    #[error("the policy's decision cannot be read")]
    BadOutput(#[source] BadOutput),
    /// It says itself that it has no answer.
    #[error("the policy has no answer: {code}: {message}")]
    PolicyError {
        /// Short code in upper case.
        code: String,
        /// What was expected, what was found, where.
        message: String,
    },
    /// No permit was free in time.
    #[error("no instance was free within {waited_ms} ms")]
    Busy {
        /// How long it waited, in milliseconds.
        waited_ms: u64,
    },
    /// The policy decides for another domain.
    #[error("expected a policy of domain {expected}, found one of {found}")]
    WrongDomain {
        /// The request's.
        expected: signalbox_domain::Domain,
        /// The policy's.
        found: signalbox_domain::Domain,
    },
    /// Its machine code, loaded at first use, could not be loaded.
    #[error("the policy could not be loaded")]
    Load(#[source] std::sync::Arc<PrepareError>),
}

impl InvokeError {
    /// The cause as one word, for the answer, the log and statistics.
    pub fn cause(&self) -> &'static str {
        match self {
            InvokeError::Call(failure) => failure.cause(),
            InvokeError::BadOutput(_) => "BAD_OUTPUT",
            InvokeError::PolicyError { .. } => "POLICY_ERROR",
            InvokeError::Busy { .. } => "BUSY",
            InvokeError::WrongDomain { .. } => "WRONG_DOMAIN",
            InvokeError::Load(_) => "NOT_LOADED",
        }
    }
}

impl Policy {
    /// Decides one request.
    ///
    /// Runs on the calling task: it gives way to the runtime's other tasks once per epoch and ends at `context.until`.
    /// Dropping the future ends the call.
    ///
    /// # Errors
    /// [`InvokeError`]. Nothing of a failed call remains.
    pub async fn decide<C: GuestCase>(
        &self,
        input: &Input<C>,
        context: &CallContext,
    ) -> Result<Decided<C::Decision>, InvokeError> {
        let expected = <C::Request as Envelope>::DOMAIN;
        if self.domain() != expected {
            return Err(InvokeError::WrongDomain {
                expected,
                found: self.domain(),
            });
        }
        let loaded = self.loaded().await.map_err(InvokeError::Load)?;
        let _permit = self.permit(context).await?;
        let began = Instant::now();
        let mut call = Call::open(self, loaded, began, context.until).await?;
        let answer = call.decide(input, context).await?;
        let fuel_used = call.fuel_used()?;
        let tables = Tables {
            narrow: answer.tables.narrow,
            wide: answer.tables.wide,
        };
        let limits = self.limits();
        let decision = Reader::new(
            &tables,
            limits.output_rows,
            input,
            self.vocabulary(),
            self.description(),
        )
        .and_then(|reader| input.case().decode(&reader))
        .map_err(InvokeError::BadOutput)?;
        let (log, log_dropped) = bounded_log(answer.log, limits.log_lines, limits.log_line_bytes);
        Ok(Decided {
            decision,
            tables,
            fuel_used,
            memory_peak_bytes: call.store.data().memory_peak_bytes(),
            duration: began.elapsed(),
            log,
            log_dropped,
        })
    }
}

/// One instance and its only call.
struct Call<'a> {
    policy: &'a Policy,
    loaded: &'a Loaded,
    store: Store<Guest>,
    instance: Instance,
}

impl<'a> Call<'a> {
    async fn open(
        policy: &'a Policy,
        loaded: &'a Loaded,
        since: Instant,
        at: Instant,
    ) -> Result<Call<'a>, InvokeError> {
        let limits = policy.limits();
        let patience = Patience::Until { at, since };
        let mut store = store::open(
            loaded.instance.engine(),
            limits,
            limits.output_bytes as usize,
            patience,
        );
        let failed = |error: wasmtime::Error| CallFailure::of_start(&error, policy.allowed());
        // Copying initial data costs fuel on machines without copy-on-write and none on others: not the policy's affair.
        store.set_fuel(u64::MAX).map_err(failed)?;
        let instance = loaded
            .instance
            .instantiate_async(&mut store)
            .await
            .map_err(failed)?;
        let mut call = Call {
            policy,
            loaded,
            store,
            instance,
        };
        if let Preinitialised::No { .. } = policy.preinitialised() {
            call.configure().await?;
        }
        call.store.set_fuel(limits.fuel).map_err(failed)?;
        Ok(call)
    }

    /// For a policy that could not be snapshotted. It took the same parameters when it was compiled.
    async fn configure(&mut self) -> Result<(), InvokeError> {
        let limit = self.policy.limits().configure_fuel;
        let result = async {
            self.store.set_fuel(limit)?;
            self.loaded
                .exports
                .configure(&mut self.store, &self.instance, self.policy.parameters())
                .await
        };
        match result.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(CallFailure::BadValue {
                message: "`configure` refuses parameters that it took before: it is no pure function"
                    .to_owned(),
            }
            .into()),
            Err(error) => {
                let output_bytes = self.policy.limits().output_bytes.into();
                Err(CallFailure::of(
                    &error,
                    Allowed {
                        fuel: limit,
                        output_bytes,
                    },
                )
                .into())
            }
        }
    }

    async fn decide<C: GuestCase>(
        &mut self,
        input: &Input<C>,
        context: &CallContext,
    ) -> Result<crate::bindings::v1_0::Decision, InvokeError> {
        let tables = input.tables(&self.policy.description().attribute_keys);
        let tables = TablesIn {
            narrow: &tables.narrow,
            wide: &tables.wide,
        };
        let circumstances = circumstances(input.case().as_ref(), context);
        self.loaded
            .exports
            .decide(&mut self.store, &self.instance, circumstances, tables)
            .await
            .map_err(|error| CallFailure::of(&error, self.policy.allowed()))?
            .map_err(policy_error)
    }

    fn fuel_used(&self) -> Result<u64, InvokeError> {
        let left = self
            .store
            .get_fuel()
            .map_err(|error| CallFailure::of(&error, self.policy.allowed()))?;
        Ok(self.policy.limits().fuel.saturating_sub(left))
    }
}

fn circumstances<C: Case>(case: &C, context: &CallContext) -> Context {
    let envelope = case.request().envelope();
    let letters = envelope.currency.as_str().bytes();
    Context {
        now_ms: case.now().as_millis(),
        seed: context.seed,
        deadline_ms: context.deadline_ms,
        currency: letters.fold(0, |number, letter| (number << 8) | u32::from(letter)),
        observe: envelope.mode == Mode::Observe,
    }
}

fn policy_error(error: PolicyError) -> InvokeError {
    let cut = |text: String, max| {
        text.chars()
            .take(max)
            .filter(|letter| !letter.is_control())
            .collect()
    };
    InvokeError::PolicyError {
        code: cut(error.code, ERROR_CODE_CHARS_MAX),
        message: cut(error.message, ERROR_MESSAGE_CHARS_MAX),
    }
}

/// The lines within the bounds, and how many were over.
fn bounded_log(mut lines: Vec<String>, lines_max: u32, line_bytes_max: u32) -> (Vec<String>, usize) {
    let dropped = lines.len().saturating_sub(lines_max as usize);
    lines.truncate(lines_max as usize);
    for line in &mut lines {
        let mut end = line.len().min(line_bytes_max as usize);
        while !line.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        line.truncate(end);
    }
    (lines, dropped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_cut_in_lines_and_at_whole_characters() {
        let lines = vec!["abc".to_owned(), "aé".to_owned(), "x".to_owned()];
        let (kept, dropped) = bounded_log(lines, 2, 2);
        assert_eq!(kept, ["ab", "a"]);
        assert_eq!(dropped, 1);
    }
}
