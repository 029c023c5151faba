//! Reference policy returns-grades
