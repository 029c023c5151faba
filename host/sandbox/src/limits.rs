//! What one policy may use, with bounds and defaults.

use serde::{Deserialize, Serialize};

/// What one policy may use. Every field has bounds ([`Limits::check`]); what a policy file leaves out has the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Work for one `decide`, in units of fuel (about one per WebAssembly instruction).
    pub fuel: u64,
    /// Work for `describe`, and for `configure`, in the same units.
    pub configure_fuel: u64,
    /// Linear memory, in bytes.
    pub memory_bytes: u64,
    /// Table elements (indirect functions), in all tables together.
    pub table_elements: u32,
    /// What the host copies out of a policy for one decision, in bytes.
    pub output_bytes: u32,
    /// Rows of each table of a decision.
    pub output_rows: u32,
    /// Log lines of a decision; more are dropped and counted.
    pub log_lines: u32,
    /// Bytes of a log line; the rest is cut off.
    pub log_line_bytes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            fuel: 400_000_000,
            configure_fuel: 2_000_000_000,
            memory_bytes: 32 << 20,
            table_elements: 10_000,
            output_bytes: 2 << 20,
            output_rows: 50_000,
            log_lines: 32,
            log_line_bytes: 512,
        }
    }
}

/// A limit is outside its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("limits.{field}: expected {min} to {max}, found {found}")]
pub struct LimitOutOfBounds {
    /// The field of [`Limits`].
    pub field: &'static str,
    /// What was asked for.
    pub found: u64,
    /// The least.
    pub min: u64,
    /// The most.
    pub max: u64,
}

/// The most linear memory that any policy can have, in bytes: a slot of the pool is this large.
pub const MEMORY_BYTES_MAX: u64 = 64 << 20;
/// The most table elements that any policy can have.
pub const TABLE_ELEMENTS_MAX: u32 = 20_000;

impl Limits {
    /// Checks every field against its bounds.
    ///
    /// # Errors
    /// [`LimitOutOfBounds`] with the first field that is outside.
    pub fn check(&self) -> Result<(), LimitOutOfBounds> {
        let fields: [(&'static str, u64, u64, u64); 8] = [
            ("fuel", self.fuel, 10_000, 1_000_000_000_000),
            ("configure_fuel", self.configure_fuel, 10_000, 1_000_000_000_000),
            ("memory_bytes", self.memory_bytes, 64 << 10, MEMORY_BYTES_MAX),
            (
                "table_elements",
                self.table_elements.into(),
                0,
                TABLE_ELEMENTS_MAX.into(),
            ),
            ("output_bytes", self.output_bytes.into(), 1 << 10, 64 << 20),
            ("output_rows", self.output_rows.into(), 1, 1_000_000),
            ("log_lines", self.log_lines.into(), 0, 1_000),
            ("log_line_bytes", self.log_line_bytes.into(), 16, 8 << 10),
        ];
        for (field, found, min, max) in fields {
            if !(min..=max).contains(&found) {
                return Err(LimitOutOfBounds {
                    field,
                    found,
                    min,
                    max,
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_within_the_bounds() {
        assert_eq!(Limits::default().check(), Ok(()));
    }

    #[test]
    fn a_limit_outside_its_bounds_is_named_with_its_bounds() {
        let limits = Limits {
            memory_bytes: 1 << 40,
            ..Limits::default()
        };
        let problem = limits.check().unwrap_err();
        assert_eq!(
            problem.to_string(),
            "limits.memory_bytes: expected 65536 to 67108864, found 1099511627776"
        );
    }
}
