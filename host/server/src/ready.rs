//! Makes policy versions ready to decide, and proves them by their self-tests.

mod load;
mod self_test;

pub use load::{LoadError, Loader, prepare};
pub use self_test::{SelfTestFailure, run as run_self_test};
