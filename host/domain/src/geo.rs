//! Coordinates: degrees in JSON, integer micro-degrees inside.

/// WGS84 degrees as whole micro-degrees (1e-6 degree, about 0.11 m), the form in which guests see them.
///
/// `None` when the value is not finite or outside -180..=180.
pub fn micro_degrees(degrees: f64) -> Option<i32> {
    if !degrees.is_finite() || degrees.abs() > 180.0 {
        return None;
    }
    // In range by the check above: 180e6 fits in i32.
    Some((degrees * 1e6).round() as i32)
}
