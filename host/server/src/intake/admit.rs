//! Admits one version: everything is checked before the host says that it knows it.

use std::sync::Arc;

use signalbox_domain::Timestamp;
use signalbox_domain::events::{Admission, PluginRef, Problem, Rejection, RejectionKind};
use signalbox_domain::policy_file::{PluginChoice, SelfTest, SelfTestRequest};
use signalbox_ledger::ArtifactError;
use signalbox_sandbox::{Description, Policy};

use super::assess::Job;
use super::component::Source;
use super::folder::{self, Found};
use super::refuse::{self, Judged};
use crate::error_text;
use crate::ready::{self, Loader, SelfTestFailure};
use crate::snapshot::LivePolicy;

/// The largest request of a self-test, in bytes.
const REQUEST_BYTES_MAX: u64 = 32 << 20;

/// Why a version is not admitted.
#[derive(Debug)]
pub(super) enum NotAdmitted {
    /// The author has to change something.
    Refused(Box<Rejection>),
    /// The host could not judge; to be tried again.
    HostFailed(String),
}

/// A version that passed, ready to decide.
pub(super) type Admitted = (Admission, Arc<LivePolicy>);

/// Runs every check, and keeps the artifacts of what passed.
///
/// # Errors
/// [`NotAdmitted`].
pub(super) async fn admit(job: &Job, loader: &Loader, now: Timestamp) -> Result<Admitted, NotAdmitted> {
    let file = &job.policy.file;
    let component = component(job, loader).await?;
    let prepared = ready::prepare(
        loader.sandbox(),
        file,
        Arc::clone(&component),
        job.component.digest,
    )
    .await;
    let policy = prepared.map_err(|error| match refuse::of_prepare(file, &error) {
        Judged::Refused(kind, problems) => refused(job, kind, problems),
        Judged::HostFailed(problem) => NotAdmitted::HostFailed(problem),
    })?;
    check_description(job, policy.description())?;
    self_tests(job, &policy, now).await?;
    keep(job, component, loader).await?;
    let description = policy.description();
    let plugin = PluginRef {
        name: description.name.clone(),
        version: description.version.clone(),
        digest: job.component.digest,
    };
    let digest = file.digest(job.component.digest);
    let admission = Admission {
        version: file.version.clone(),
        domain: file.domain,
        digest,
        plugin: plugin.clone(),
        rollout: file.rollout.clone(),
        rollout_digest: file.rollout_digest,
        governance: file.governance.clone(),
        file: job.subject.file.clone(),
        file_digest: job.policy.digest,
    };
    let live = LivePolicy {
        version: file.version.clone(),
        domain: file.domain,
        digest,
        plugin,
        policy_file: Arc::clone(file),
        policy,
    };
    Ok((admission, Arc::new(live)))
}

fn refused(job: &Job, kind: RejectionKind, problems: Vec<Problem>) -> NotAdmitted {
    NotAdmitted::Refused(Box::new(job.subject.refuse(kind, problems)))
}

fn refused_at(job: &Job, kind: RejectionKind, field: &str, expected: String, found: String) -> NotAdmitted {
    let problem = job.policy.file.problem(field, expected, found);
    refused(job, kind, vec![refuse::at(&problem)])
}

/// The bytes of the component, as their digest was taken.
async fn component(job: &Job, loader: &Loader) -> Result<Arc<[u8]>, NotAdmitted> {
    let bytes_max = loader.component_bytes_max();
    let digest = job.component.digest;
    match job.component.source.clone() {
        Source::Bundled(bytes) => Ok(bytes),
        Source::Folder(found) => {
            let bytes = read(found, bytes_max).await?;
            Ok(Arc::from(bytes))
        }
        Source::Store => {
            let store = loader.store().clone();
            let bytes = blocking(move || store.get(&digest, bytes_max)).await?;
            bytes.map(Arc::from).map_err(artifact)
        }
    }
}

/// A file that changed since it was looked at is another case: this one is over.
async fn read(found: Found, bytes_max: u64) -> Result<Vec<u8>, NotAdmitted> {
    let bytes = blocking(move || folder::read(&found, bytes_max)).await?;
    bytes.map_err(|error| NotAdmitted::HostFailed(error_text::chain(&error)))
}

fn check_description(job: &Job, description: &Description) -> Result<(), NotAdmitted> {
    let file = &job.policy.file;
    let differs = |field: &str, written: String, described: String| {
        let expected = format!("{described}, which the component says that it is");
        Err(refused_at(
            job,
            RejectionKind::Description,
            field,
            expected,
            written,
        ))
    };
    if description.domain != file.domain {
        let (written, described) = (file.domain.to_string(), description.domain.to_string());
        return differs("policy.domain", format!("`{written}`"), format!("`{described}`"));
    }
    let PluginChoice::Named { name, version } = &file.plugin else {
        return Ok(());
    };
    if description.name != *name {
        return differs(
            "policy.plugin.name",
            format!("`{name}`"),
            format!("`{}`", description.name),
        );
    }
    if description.version != version.clone() {
        return differs(
            "policy.plugin.version",
            version.to_string(),
            description.version.to_string(),
        );
    }
    Ok(())
}

async fn self_tests(job: &Job, policy: &Policy, now: Timestamp) -> Result<(), NotAdmitted> {
    let file = &job.policy.file;
    let mut problems = Vec::new();
    for (place, (test, found)) in file.self_tests.iter().zip(&job.requests).enumerate() {
        let request = request(test, found.as_ref()).await?;
        let outcome = match String::from_utf8(request) {
            Err(_) => Err(SelfTestFailure::Request("expected UTF-8 text".to_owned())),
            Ok(text) => ready::run_self_test(policy, &text, &test.expect, file.limits.deadline_ms, now).await,
        };
        match outcome {
            Ok(()) => {}
            Err(SelfTestFailure::Busy) => {
                return Err(NotAdmitted::HostFailed(SelfTestFailure::Busy.to_string()));
            }
            Err(failure) => {
                let placed = file.problem(
                    &format!("self_test[{place}]"),
                    "a test that holds",
                    "one that does not",
                );
                problems.push(Problem {
                    message: format!("self-test \"{}\" does not hold: {failure}", test.name),
                    ..refuse::at(&placed)
                });
            }
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(refused(job, RejectionKind::SelfTest, problems))
    }
}

async fn request(test: &SelfTest, found: Option<&Found>) -> Result<Vec<u8>, NotAdmitted> {
    match (&test.request, found) {
        (SelfTestRequest::Inline(text), _) => Ok(text.clone().into_bytes()),
        (SelfTestRequest::File(_), Some(found)) => read(found.clone(), REQUEST_BYTES_MAX).await,
        (SelfTestRequest::File(name), None) => Err(NotAdmitted::HostFailed(format!(
            "the request file `{name}` was not looked at"
        ))),
    }
}

/// Keeps what passed, so that it decides again after a restart although its files may be gone.
async fn keep(job: &Job, component: Arc<[u8]>, loader: &Loader) -> Result<(), NotAdmitted> {
    let (store, text) = (loader.store().clone(), Arc::clone(&job.policy.text));
    let kept = blocking(move || {
        store.put(text.as_bytes())?;
        store.put(&component)
    });
    kept.await?.map(|_| ()).map_err(artifact)
}

fn artifact(error: ArtifactError) -> NotAdmitted {
    NotAdmitted::HostFailed(error_text::chain(&error))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, NotAdmitted> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| NotAdmitted::HostFailed(error.to_string()))
}
