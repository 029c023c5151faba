//! The live path: from a parsed request to an answer.
