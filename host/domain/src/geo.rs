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

/// The distance between two points in micro-degrees, m, good enough to rank nodes: the equirectangular projection, whose
/// error stays under 1 % up to 1,000 km at inhabited latitudes.
///
/// Only additions, multiplications, divisions and square roots are used, which IEEE 754 rounds alike on every machine; the
/// cosine is Bhaskara's (at most 0.2 % off).
pub fn approximate_distance_m(from: (i32, i32), to: (i32, i32)) -> u64 {
    const METRES_PER_DEGREE: f64 = 111_195.0;
    let degrees = |micro: i32| f64::from(micro) / 1e6;
    let (north, mut east) = (degrees(to.0) - degrees(from.0), degrees(to.1) - degrees(from.1));
    // The short way round.
    if east > 180.0 {
        east -= 360.0;
    } else if east < -180.0 {
        east += 360.0;
    }
    let middle = (degrees(from.0) + degrees(to.0)) / 2.0;
    // cos(x) = (180^2 - 4 x^2) / (180^2 + x^2), x in degrees.
    let cosine = (32_400.0 - 4.0 * middle * middle) / (32_400.0 + middle * middle);
    let east = east * cosine;
    let metres = (north * north + east * east).sqrt() * METRES_PER_DEGREE;
    // Below 2.1e7 for all inputs in range; the cast saturates for others.
    metres.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_become_whole_micro_degrees_and_what_is_no_coordinate_becomes_none() {
        assert_eq!(micro_degrees(-23.550_519_4), Some(-23_550_519));
        assert_eq!(micro_degrees(180.000_001), None);
        assert_eq!(micro_degrees(f64::NAN), None);
    }

    #[test]
    fn known_distances_come_out_within_one_percent() {
        let sao_paulo = (-23_550_520, -46_633_308);
        let rio = (-22_906_847, -43_172_897);
        let metres = approximate_distance_m(sao_paulo, rio);
        // Great circle: 360.7 km.
        assert!((357_000..365_000).contains(&metres), "{metres}");
        assert_eq!(approximate_distance_m(rio, sao_paulo), metres);
    }

    #[test]
    fn the_date_line_is_no_obstacle() {
        let metres = approximate_distance_m((0, 179_900_000), (0, -179_900_000));
        assert!((22_000..22_500).contains(&metres), "{metres}");
    }
}
