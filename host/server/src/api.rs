//! HTTP: the only place that knows JSON.
