//! Reference policy returns-recovery
