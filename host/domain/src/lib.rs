//! Requests, decisions, invariants, cost model and scopes of Signalbox
