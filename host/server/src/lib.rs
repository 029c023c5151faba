//! Signalbox: a governed policy host for omnichannel retail decisions.
//!
//! `config` reads what the operator wrote; `intake` watches the policy folder and admits versions; `control` is the one
//! writer of what is live; `snapshot` is what it publishes; `decide` answers requests from a snapshot
//! and compares challengers in the shadow; `trial` is what they have shown; `drift` is whether champions decide on what they were judged on; `backtest` judges versions on past requests; `api` is HTTP and
//! the only place that knows JSON; `cli` is the command line; `demo` shows it all on past orders; `telemetry` is logs,
//! metrics and traces; `app` puts them together and takes them apart in order.

pub mod api;
pub mod app;
pub mod audit;
pub mod backtest;
pub mod backup;
pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
pub mod decide;
pub mod demo;
pub mod drift;
pub mod error_text;
pub mod evidence;
pub mod explain;
pub mod intake;
pub mod measured;
pub mod outcomes;
pub mod ready;
pub mod record;
pub mod replay;
pub mod report;
pub mod snapshot;
pub mod statements;
pub mod telemetry;
pub mod trial;
pub mod webhooks;
