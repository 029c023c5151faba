//! The API in process: a real host without a socket, asked through the router.

mod access;
mod changes;
mod decisions;
mod documents;
mod endpoints;
mod host;
mod identity;
mod ledger;
mod limits;
mod recording;
mod refusals;
