//! The watched folder: scan and admit.
