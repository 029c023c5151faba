//! Files of the folder, each read once as long as it looks the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use signalbox_domain::Digest;
use signalbox_domain::events::{Problem, RejectionKind};
use signalbox_domain::policy_file::PolicyFile;

use super::folder::{self, Found, Listing, ReadError};
use super::refuse;
use super::settle::{Identity, Settled, Settling};
use crate::error_text;

/// How soon a file that changed while it was read, or could not be read, is looked at again.
const AGAIN: Duration = Duration::from_millis(500);

/// Why a file cannot be used now.
#[derive(Clone, Debug)]
pub(super) enum Obstacle {
    /// It is not there.
    Missing(String),
    /// It is still being written, or the disk failed: look again then.
    Later(Instant),
    /// Its author has to change something.
    Refused(RejectionKind, Vec<Problem>),
}

/// A policy file that could be read.
#[derive(Clone)]
pub(super) struct PolicyText {
    pub(super) digest: Digest,
    pub(super) text: Arc<str>,
    pub(super) file: Arc<PolicyFile>,
}

/// When files are looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) now: Instant,
    /// The machine's clock, to compare with the times of files.
    pub(super) clock: SystemTime,
}

impl Moment {
    fn again(&self) -> Obstacle {
        Obstacle::Later(self.now.checked_add(AGAIN).unwrap_or(self.now))
    }
}

/// What is known of the files.
pub(super) struct Files {
    folder: PathBuf,
    links_outside: bool,
    component_bytes_max: u64,
    settling: Settling,
    policies: BTreeMap<String, (Identity, Result<PolicyText, WrongText>)>,
    digests: BTreeMap<String, (Identity, Digest)>,
}

/// A policy file that could not be understood.
#[derive(Clone)]
struct WrongText {
    digest: Option<Digest>,
    kind: RejectionKind,
    problem: Problem,
}

impl Files {
    pub(super) fn new(
        folder: &Path,
        links_outside: bool,
        component_bytes_max: u64,
        settling: Settling,
    ) -> Files {
        Files {
            folder: folder.to_owned(),
            links_outside,
            component_bytes_max,
            settling,
            policies: BTreeMap::new(),
            digests: BTreeMap::new(),
        }
    }

    /// What the folder holds. Every file begins to settle, so that a component need not wait until its policy was read;
    /// what is known of files that are gone is forgotten.
    ///
    /// # Errors
    /// [`folder::FolderError`]; then nothing is forgotten.
    pub(super) fn list(&mut self, moment: Moment) -> Result<Listing, folder::FolderError> {
        let listing = folder::list(&self.folder, self.links_outside)?;
        for (name, found) in &listing.files {
            self.settling.look(name, found.identity, moment.now, moment.clock);
        }
        // Files below the folder are found by name, not listed; there are as many as policies name.
        let is_there = |name: &str| listing.files.contains_key(name) || name.contains('/');
        self.policies.retain(|name, _| is_there(name));
        self.digests.retain(|name, _| is_there(name));
        self.settling.keep(is_there);
        Ok(listing)
    }

    /// Waits for `found` to be complete. `fresh` is moved to when a refusal of it may be believed.
    fn settled(
        &mut self,
        name: &str,
        found: &Found,
        moment: Moment,
        fresh: &mut Option<Instant>,
    ) -> Result<(), Obstacle> {
        match self.settling.look(name, found.identity, moment.now, moment.clock) {
            Settled::Until(instant) => Err(Obstacle::Later(instant)),
            Settled::Complete { fresh_until } => {
                *fresh = (*fresh).max(fresh_until);
                Ok(())
            }
        }
    }

    /// A policy file, and the digest of its bytes if they were read.
    pub(super) fn policy(
        &mut self,
        name: &str,
        found: &Found,
        moment: Moment,
        fresh: &mut Option<Instant>,
    ) -> Result<PolicyText, (Option<Digest>, Obstacle)> {
        self.settled(name, found, moment, fresh)
            .map_err(|obstacle| (None, obstacle))?;
        let read = match self.policies.get(name) {
            Some((identity, read)) if *identity == found.identity => read.clone(),
            _ => {
                let read = read_policy(name, found, moment).map_err(|obstacle| (None, obstacle))?;
                self.policies
                    .insert(name.to_owned(), (found.identity, read.clone()));
                read
            }
        };
        read.map_err(|wrong| (wrong.digest, Obstacle::Refused(wrong.kind, vec![wrong.problem])))
    }

    /// A file that a policy file names, with its digest. `field` is where it names it.
    pub(super) fn beside(
        &mut self,
        policy: &PolicyFile,
        field: &str,
        name: &str,
        listing: &Listing,
        moment: Moment,
        fresh: &mut Option<Instant>,
    ) -> Result<(Found, Digest), Obstacle> {
        let refused = |kind, expected: &str, found: String| {
            Obstacle::Refused(kind, vec![refuse::at(&policy.problem(field, expected, found))])
        };
        let found = match listing.files.get(name) {
            Some(found) => found.clone(),
            None => match folder::look_at(&self.folder, name, self.links_outside) {
                Ok(Some(found)) => found,
                Ok(None) => return Err(Obstacle::Missing(name.to_owned())),
                Err(reason) => {
                    return Err(refused(
                        RejectionKind::File,
                        "a file that can be taken",
                        format!("`{name}`: {reason}"),
                    ));
                }
            },
        };
        self.settled(name, &found, moment, fresh)?;
        if let Some((identity, digest)) = self.digests.get(name)
            && *identity == found.identity
        {
            return Ok((found, *digest));
        }
        match folder::read(&found, self.component_bytes_max) {
            Ok(bytes) => {
                let digest = Digest::of(&bytes);
                self.digests.insert(name.to_owned(), (found.identity, digest));
                Ok((found, digest))
            }
            Err(ReadError::TooLarge { bytes, bytes_max }) => {
                let expected = format!("at most {bytes_max} bytes (sandbox.component_bytes_max)");
                Err(refused(
                    RejectionKind::File,
                    &expected,
                    format!("`{name}` with {bytes}"),
                ))
            }
            Err(error @ (ReadError::Changed | ReadError::Disk { .. })) => {
                tracing::warn!(
                    file = name,
                    error = error_text::chain(&error),
                    "a file cannot be read yet"
                );
                Err(moment.again())
            }
        }
    }
}

fn read_policy(name: &str, found: &Found, moment: Moment) -> Result<Result<PolicyText, WrongText>, Obstacle> {
    let bytes = match folder::read(found, folder::POLICY_FILE_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(error @ ReadError::TooLarge { .. }) => {
            return Ok(Err(WrongText {
                digest: None,
                kind: RejectionKind::File,
                problem: Problem::new(format!("expected a policy file, found something larger: {error}")),
            }));
        }
        Err(error @ (ReadError::Changed | ReadError::Disk { .. })) => {
            tracing::warn!(
                file = name,
                error = error_text::chain(&error),
                "a file cannot be read yet"
            );
            return Err(moment.again());
        }
    };
    let digest = Digest::of(&bytes);
    let wrong = |problem| WrongText {
        digest: Some(digest),
        kind: RejectionKind::PolicyFile,
        problem,
    };
    let Ok(text) = String::from_utf8(bytes) else {
        return Ok(Err(wrong(Problem::new("expected UTF-8 text, found other bytes"))));
    };
    Ok(match PolicyFile::parse(name, &text) {
        Ok(file) => Ok(PolicyText {
            digest,
            text: text.into(),
            file: Arc::new(file),
        }),
        Err(error) => Err(wrong(refuse::at(&error))),
    })
}
