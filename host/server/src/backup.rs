//! Backup and restore of what a host keeps: ledger, artifacts (evidence among them), decision log, outcomes, trials; its secrets only if that is asked for.
//!
//! The host itself takes a backup, because nobody else may open its decision log; it goes on serving meanwhile. The parts
//! are copied in the order of who refers to whom: how far webhooks were told, outcomes, the decisions that these are of, then
//! the ledger that knows the versions which decided them, then the artifacts that the ledger names. So everything that a
//! copied part refers to is in the backup too.
//!
//! A backup has the layout of a data folder, and `backup.json` with the digest of each file, and
//! `backup.sig.json`, by which the ledger's key vouches for that. Configuration, cost books and
//! the watched folder belong to the operator and are not in it; neither is the compile cache, which fills itself again.

mod error;
mod manifest;
mod restore;
mod signature;
mod take;

pub use error::BackupError;
pub use manifest::{BackupFile, Manifest};
pub use restore::{Restored, restore};
pub use take::{Backups, Taken};
