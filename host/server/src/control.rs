//! The one writer of what is live.
