//! What approvers sign: making keys, signing, and checking a ledger's approvals without a host. Blocks on the disk.

pub use signalbox_ledger::statements::{
    BadApproval, Checked, Found, check_export, check_journal, new_key, read_key, sign,
};
