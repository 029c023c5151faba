//! Backups: the host takes them itself, because nobody else may open its decision log.

use axum::Json;
use axum::extract::{Request, State};
use serde::{Deserialize, Serialize};
use signalbox_domain::{Digest, Timestamp};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::body::{self, Accepts};
use super::problem::{FieldError, Problem, ProblemBody, ProblemKind};
use super::state::Api;
use crate::backup::{BackupError, Taken};

/// Bytes of the body.
const BYTES_MAX: usize = 4 << 10;

/// The routes.
pub fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(take))
}

/// Which backup to take.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeBackup {
    /// What it is called: 1 to 64 letters, digits, `-`, `_` and `.`.
    #[schema(min_length = 1, max_length = 64)]
    pub name: String,
    /// Whether the ledger's key and the salt for masking are to be in it. Whoever has such a backup can sign in the host's
    /// name.
    #[serde(default)]
    pub with_secrets: bool,
}

/// A backup that was taken.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct BackupView {
    /// Its folder on the host.
    pub folder: String,
    /// When it was begun.
    pub at: Timestamp,
    /// How many files it has.
    pub files: usize,
    /// Their bytes together.
    pub bytes: u64,
    /// The last entry of its ledger.
    pub ledger_seq: u64,
    /// The digest of that entry.
    pub ledger_digest: Digest,
    /// The signed line about it, to be kept elsewhere; absent when no key signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
    /// Whether the decision log is in it; a host that records nothing has none.
    pub decisions: bool,
    /// Whether its secrets are in it.
    pub secrets: bool,
    /// The digest of its `backup.json`, which the ledger keeps.
    pub digest: Digest,
    /// Whether the ledger has it durably; if not, it will as soon as that can be written.
    pub recorded: bool,
}

/// Take a backup
///
/// Of the ledger, the artifacts and the decision log, consistent while the host serves. It is answered when the disk has
/// it, which takes as long as copying the decision log does.
#[utoipa::path(
    post, path = "/v1/backups", tag = "operations", request_body = TakeBackup,
    responses((status = 200, body = BackupView), (status = "default", body = ProblemBody, content_type = "application/problem+json"))
)]
async fn take(State(api): State<Api>, caller: Caller, request: Request) -> Result<Json<BackupView>, Problem> {
    let (parts, body) = request.into_parts();
    body::check_type(&parts.headers, Accepts::NamedJson)?;
    let (mut share, timeout) = (api.gate().body_share(), api.options().body_timeout);
    let bytes = body::read(&parts.headers, body, BYTES_MAX, timeout, &mut share).await?;
    let body: TakeBackup = body::parse(&bytes)?;
    let secrets = body.with_secrets;
    let by = caller.by(String::new());
    let taken = api
        .backups()
        .take(body.name, secrets, api.now(), by)
        .await
        .map_err(refused)?;
    let Taken {
        folder,
        manifest,
        digest,
        recorded,
    } = taken;
    tracing::info!(
        folder = %folder.display(),
        by = caller.principal,
        secrets,
        files = manifest.files.len(),
        bytes = manifest.bytes(),
        ledger_seq = manifest.ledger.seq,
        %digest,
        recorded,
        "a backup was taken"
    );
    Ok(Json(BackupView {
        folder: folder.display().to_string(),
        at: manifest.at,
        files: manifest.files.len(),
        bytes: manifest.bytes(),
        ledger_seq: manifest.ledger.seq,
        ledger_digest: manifest.ledger.digest,
        checkpoint: manifest.checkpoint,
        decisions: manifest.decisions,
        secrets: manifest.secrets,
        digest,
        recorded,
    }))
}

fn refused(error: BackupError) -> Problem {
    match &error {
        BackupError::Name(_) => {
            let field = FieldError {
                path: "name".to_owned(),
                message: error.to_string(),
            };
            Problem::new(ProblemKind::InvalidRequest, error.to_string()).with_errors(vec![field], 0)
        }
        BackupError::Busy => Problem::new(ProblemKind::Conflict, error.to_string()),
        BackupError::Exists(_) => Problem::new(ProblemKind::NotPossible, error.to_string()),
        BackupError::Stopped => Problem::new(ProblemKind::ShuttingDown, error.to_string()),
        _ => Problem::internal(&error),
    }
}
