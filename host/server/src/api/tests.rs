//! The API in process: a real host without a socket, asked through the router.

mod changes;
mod decisions;
mod documents;
mod host;
mod limits;
mod refusals;
