//! The watched folder: scan and admit.
//!
//! A file system event, a timer and start-up all raise the same bare hint; a pass then looks at the folder itself. So a
//! missed event, a restart and a swapped link all take the same path. The folder only proposes: what goes live is
//! `control`'s business, and removing a file changes nothing.

mod admit;
mod assess;
mod component;
mod desk;
mod files;
mod folder;
mod refuse;
mod run;
mod settle;
mod watch;

pub use component::Bundled;
pub(crate) use component::file_name as component_file;
pub use run::{Intake, IntakeError, IntakeOptions, START_MAX};
