//! From what went wrong to what the author reads.

use signalbox_domain::events::{PolicyVersion, Problem, Rejection, RejectionKind};
use signalbox_domain::policy_file::PolicyFile;
use signalbox_domain::toml_file::FileError;
use signalbox_domain::{Digest, Domain};
use signalbox_sandbox::PrepareError;
use signalbox_sandbox::compile::CompileError;

use crate::error_text;

/// What is being admitted, as far as it is known.
#[derive(Clone, Debug, Default)]
pub(super) struct Subject {
    pub(super) file: String,
    pub(super) file_digest: Option<Digest>,
    pub(super) component_digest: Option<Digest>,
    pub(super) version: Option<PolicyVersion>,
    pub(super) domain: Option<Domain>,
}

impl Subject {
    /// A rejection of it.
    pub(super) fn refuse(&self, kind: RejectionKind, problems: Vec<Problem>) -> Rejection {
        let bounded = problems
            .into_iter()
            .take(Rejection::MAX_PROBLEMS)
            .map(|problem| Problem {
                message: problem.message.chars().take(Problem::MAX_MESSAGE).collect(),
                ..problem
            });
        Rejection {
            file: self.file.clone(),
            file_digest: self.file_digest,
            component_digest: self.component_digest,
            version: self.version.clone(),
            domain: self.domain,
            kind,
            problems: bounded.collect(),
        }
    }
}

/// A problem at a place of the policy file.
pub(super) fn at(error: &FileError) -> Problem {
    let mut message = format!("expected {}, found {}", error.expected, error.found);
    if let Some(help) = &error.help {
        message.push_str("; ");
        message.push_str(help);
    }
    Problem {
        line: Some(error.line),
        column: Some(error.column),
        field: Some(error.field.clone()).filter(|field| !field.is_empty()),
        message,
    }
}

/// What the sandbox says of a version.
#[derive(Debug)]
pub(super) enum Judged {
    /// The author has to change something.
    Refused(RejectionKind, Vec<Problem>),
    /// The host could not judge; to be tried again.
    HostFailed(String),
}

/// Sorts a failure of preparing: by whose it is, and where in the file it belongs.
pub(super) fn of_prepare(file: &PolicyFile, error: &PrepareError) -> Judged {
    let refused = |kind, field: &str| {
        let problem = file.problem(field, "a plugin that passes", "one that does not");
        let problem = Problem {
            message: error_text::chain(error),
            ..at(&problem)
        };
        Judged::Refused(kind, vec![problem])
    };
    match error {
        PrepareError::Digest { .. } => refused(RejectionKind::Digest, "policy.plugin"),
        PrepareError::Limits(_) => refused(RejectionKind::PolicyFile, "limits"),
        PrepareError::Parameters { .. } => refused(RejectionKind::Parameters, "parameters"),
        PrepareError::Inspect(_) => refused(RejectionKind::Component, "policy.plugin"),
        PrepareError::Description(_) => refused(RejectionKind::Description, "policy.plugin"),
        PrepareError::Compile(CompileError::ConfigureProblems(problems)) => {
            let problems = problems.iter().map(|problem| {
                let placed = file.parameter_problem(&problem.path, &problem.message);
                Problem {
                    message: problem.message.clone(),
                    ..at(&placed)
                }
            });
            Judged::Refused(RejectionKind::Parameters, problems.collect())
        }
        PrepareError::Compile(CompileError::Configure(_)) => refused(RejectionKind::Parameters, "parameters"),
        PrepareError::Compile(CompileError::Describe(_)) => {
            refused(RejectionKind::Description, "policy.plugin")
        }
        PrepareError::Compile(
            CompileError::CompileTimeout { .. }
            | CompileError::CompileMemory { .. }
            | CompileError::Crashed { .. },
        ) => refused(RejectionKind::Compile, "policy.plugin"),
        PrepareError::Compile(CompileError::Invalid { .. } | CompileError::WrongType { .. }) => {
            refused(RejectionKind::Component, "policy.plugin")
        }
        PrepareError::Compile(CompileError::Child { .. })
        | PrepareError::Load { .. }
        | PrepareError::ShuttingDown => Judged::HostFailed(error_text::chain(error)),
    }
}
