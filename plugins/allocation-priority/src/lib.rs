//! Reference policy allocation-priority
