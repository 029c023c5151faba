//! What is to be done with one policy file, as the folder and the host stand now.

use std::time::Instant;

use signalbox_domain::Digest;
use signalbox_domain::events::{PolicyVersion, Problem, Rejection, RejectionKind};
use signalbox_domain::policy_file::{PluginChoice, PolicyFile, SelfTestRequest};

use super::component::{self, Bundled, Component, Source};
use super::files::{Files, Moment, Obstacle, PolicyText};
use super::folder::{Found, Listing};
use super::refuse::{self, Subject};
use crate::control::PendingState;
use crate::snapshot::Snapshot;

/// A version to be checked.
#[derive(Clone)]
pub(super) struct Job {
    pub(super) subject: Subject,
    /// Stands for all bytes that take part.
    pub(super) key: Digest,
    pub(super) policy: PolicyText,
    pub(super) component: Component,
    /// Where the requests of its self-tests are, in their order; `None` for those in the policy file itself.
    pub(super) requests: Vec<Option<Found>>,
}

/// Where a policy file stands.
pub(super) enum Standing {
    /// To be checked.
    Check(Box<Job>),
    /// Admitted before.
    Known,
    /// To be refused. The key stands for all bytes that were looked at.
    Refuse(Digest, Box<Rejection>),
    /// On its way.
    Pending(PendingState, Option<Instant>),
    /// Not even readable yet.
    Later(Instant),
}

/// What is looked at.
#[derive(Clone, Copy)]
pub(super) struct Look<'a> {
    pub(super) listing: &'a Listing,
    pub(super) snapshot: &'a Snapshot,
    pub(super) bundled: &'a Bundled,
    pub(super) moment: Moment,
}

/// Where the policy file `name` stands, what it is if it could be read, and until when a refusal should not be believed
/// because somebody may still be writing.
pub(super) fn assess(
    files: &mut Files,
    name: &str,
    found: &Found,
    look: Look<'_>,
) -> (Standing, Subject, Option<Instant>) {
    let mut fresh = None;
    let mut subject = Subject {
        file: name.to_owned(),
        ..Subject::default()
    };
    let policy = match files.policy(name, found, look.moment, &mut fresh) {
        Ok(policy) => policy,
        Err((digest, obstacle)) => {
            subject.file_digest = digest;
            return (hindered(obstacle, &subject), subject, fresh);
        }
    };
    subject.file_digest = Some(policy.digest);
    subject.version = Some(policy.file.version.clone());
    subject.domain = Some(policy.file.domain);
    let standing = stand(files, &mut subject, policy, look, &mut fresh)
        .unwrap_or_else(|obstacle| hindered(obstacle, &subject));
    (standing, subject, fresh)
}

fn stand(
    files: &mut Files,
    subject: &mut Subject,
    policy: PolicyText,
    look: Look<'_>,
    fresh: &mut Option<Instant>,
) -> Result<Standing, Obstacle> {
    let component = find_component(files, &policy.file, look, fresh)?;
    subject.component_digest = Some(component.digest);
    check_digest(&policy.file, &component)?;
    if admitted_before(&policy.file, &component, look.snapshot)? {
        return Ok(Standing::Known);
    }
    let mut requests = Vec::with_capacity(policy.file.self_tests.len());
    let mut parts = vec![policy.digest, component.digest];
    for (place, test) in policy.file.self_tests.iter().enumerate() {
        let SelfTestRequest::File(name) = &test.request else {
            requests.push(None);
            continue;
        };
        let field = format!("self_test[{place}].request_file");
        let (found, digest) = files.beside(&policy.file, &field, name, look.listing, look.moment, fresh)?;
        requests.push(Some(found));
        parts.push(digest);
    }
    Ok(Standing::Check(Box::new(Job {
        subject: subject.clone(),
        key: key_of(&parts),
        policy,
        component,
        requests,
    })))
}

fn find_component(
    files: &mut Files,
    file: &PolicyFile,
    look: Look<'_>,
    fresh: &mut Option<Instant>,
) -> Result<Component, Obstacle> {
    let name = component::file_name(&file.plugin);
    match files.beside(file, "policy.plugin", &name, look.listing, look.moment, fresh) {
        Ok((found, digest)) => Ok(Component {
            digest,
            source: Source::Folder(found),
        }),
        Err(Obstacle::Missing(name)) => {
            component::elsewhere(file, look.snapshot, look.bundled).ok_or(Obstacle::Missing(name))
        }
        Err(other) => Err(other),
    }
}

/// The author may have said which bytes it must be.
fn check_digest(file: &PolicyFile, component: &Component) -> Result<(), Obstacle> {
    match file
        .plugin_digest
        .filter(|expected| *expected != component.digest)
    {
        None => Ok(()),
        Some(expected) => {
            let problem = file.problem(
                "policy.plugin.digest",
                expected.to_string(),
                component.digest.to_string(),
            );
            Err(Obstacle::Refused(
                RejectionKind::Digest,
                vec![refuse::at(&problem)],
            ))
        }
    }
}

/// Whether exactly this version was admitted. Name and version that stand for other bytes are refused before anything is
/// compiled; `control` checks the same again when it takes the version in.
fn admitted_before(file: &PolicyFile, component: &Component, snapshot: &Snapshot) -> Result<bool, Obstacle> {
    let bound = |field: &str, expected: String, found: String, what: &str| {
        let problem = file.problem(field, expected, found);
        let problem = problem.with_help(format!(
            "give the changed {what} a new version; a version stands for its bytes for ever"
        ));
        Err(Obstacle::Refused(
            RejectionKind::Bound,
            vec![refuse::at(&problem)],
        ))
    };
    if let PluginChoice::Named { name, version } = &file.plugin
        && let Some(digest) = component::bound(snapshot, name, version)
        && digest != component.digest
    {
        let expected = format!("plugin {name}@{version} with its digest {digest}");
        return bound("policy.plugin", expected, component.digest.to_string(), "plugin");
    }
    let digest = file.digest(component.digest);
    match known_digest(snapshot, &file.version) {
        None => Ok(false),
        Some(known) if known == digest => Ok(true),
        Some(known) => {
            let expected = format!("{} with its digest {known}", file.version);
            bound("policy.version", expected, digest.to_string(), "policy")
        }
    }
}

fn known_digest(snapshot: &Snapshot, version: &PolicyVersion) -> Option<Digest> {
    let records = snapshot.versions.iter();
    let mut records = records.filter(|record| record.version.as_ref() == Some(version));
    records.find_map(|record| record.digest)
}

fn hindered(obstacle: Obstacle, subject: &Subject) -> Standing {
    match obstacle {
        Obstacle::Missing(for_file) => Standing::Pending(PendingState::Waiting { for_file }, None),
        Obstacle::Later(instant) if subject.version.is_some() => {
            Standing::Pending(PendingState::Checking, Some(instant))
        }
        Obstacle::Later(instant) => Standing::Later(instant),
        Obstacle::Refused(kind, problems) => {
            let key = refusal_key(subject, &problems);
            Standing::Refuse(key, Box::new(subject.refuse(kind, problems)))
        }
    }
}

/// A refusal without check stands for the bytes that were read and for what was wrong with them.
pub(super) fn refusal_key(subject: &Subject, problems: &[Problem]) -> Digest {
    let digests = [subject.file_digest, subject.component_digest];
    let mut parts: Vec<Digest> = digests.into_iter().flatten().collect();
    parts.extend(
        problems
            .iter()
            .map(|problem| Digest::of(problem.message.as_bytes())),
    );
    key_of(&parts)
}

fn key_of(parts: &[Digest]) -> Digest {
    let parts: Vec<&[u8]> = parts.iter().map(|digest| digest.as_bytes().as_slice()).collect();
    Digest::of_parts(&parts)
}
