//! `signalbox backup` and `signalbox restore`.

use std::process::ExitCode;

use super::client::Client;
use super::error::CliError;
use super::ledger::{Bar, kept};
use super::ledger_arguments::{Backup, Restore};
use super::table;
use crate::api::{BackupView, TakeBackup};
use crate::audit::PublicKey;
use crate::backup;
use crate::error_text::chain;

/// Has the host take a backup.
pub(super) async fn take(client: &Client, options: &Backup) -> Result<(), CliError> {
    let body = TakeBackup {
        name: options.name.clone(),
        with_secrets: options.with_secrets,
    };
    let taken: BackupView = client.send_patiently(&["v1", "backups"], &body).await?;
    let mut lines = vec![format!(
        "{}: {} files, {} bytes, the ledger up to entry {}",
        taken.folder, taken.files, taken.bytes, taken.ledger_seq
    )];
    lines.push(format!(
        "Its backup.json is {}, signed with the ledger's key{}.",
        taken.digest,
        match taken.recorded {
            true => ", and the ledger says so",
            false => "; the ledger cannot be written now and will say so as soon as it can",
        }
    ));
    if !taken.decisions {
        lines.push("The host records no decisions, so none are in it.".to_owned());
    }
    if taken.secrets {
        lines.push(
            "It holds the host's secrets: keep it where only the host's operators can read it.".to_owned(),
        );
    } else {
        lines.push(
            "The ledger's key and the salt for masking are not in it (--with-secrets): keep a copy of `secret` in the data \
             folder elsewhere."
                .to_owned(),
        );
    }
    if let Some(checkpoint) = taken.checkpoint {
        lines.push(format!("To keep on another machine:\n{checkpoint}"));
    }
    table::print(&lines.join("\n"))
}

/// Makes a data folder from a backup, offline.
pub(super) fn restore(options: &Restore) -> Result<ExitCode, CliError> {
    let kept = kept(&options.checkpoint)?;
    let bar = Bar::new();
    let key = match &options.public_key {
        None => None,
        Some(text) => Some(PublicKey::parse(text).ok_or_else(|| {
            CliError::Report(format!(
                "--public-key: expected an Ed25519 public key of 64 lower-case hex digits, found `{text}`; the ledger's \
                 `ledger_key_changed` entries name it"
            ))
        })?),
    };
    let trusted = (kept.as_slice(), key.as_ref());
    let restored = backup::restore(&options.folder, &options.data, trusted, &mut |progress| {
        bar.show(progress)
    });
    let restored = restored.map_err(|error| CliError::Report(chain(&error)))?;
    bar.end();
    let manifest = &restored.manifest;
    let mut lines = vec![format!(
        "{}: {} files as they were at {}; the ledger verifies up to entry {}",
        options.data.display(),
        manifest.files.len(),
        manifest.at,
        restored.verified.head.seq
    )];
    if restored.verified.kept > 0 {
        lines.push(format!("{} kept checkpoints fit.", restored.verified.kept));
    }
    if key.is_some() {
        lines.push("The key that you named signed it.".to_owned());
    }
    if !restored.has_key {
        lines.push(format!(
            "The backup has no key for the ledger. Before a host starts on it, put yours to {0}/secret/ledger.key (folder \
             mode 700, file mode 600), or, if it is lost for good, run\n  signalbox ledger new-key --lost --data {0} \
             --reason WHY",
            options.data.display()
        ));
    }
    table::print(&lines.join("\n"))?;
    Ok(ExitCode::SUCCESS)
}
