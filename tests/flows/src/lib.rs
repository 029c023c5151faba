//! Whole flows through real servers and real components
