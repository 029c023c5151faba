//! Places and distances.

use super::constants::state_of;

/// Distance over the ground in km (haversine, mean earth radius 6,371 km), as the data folder's own distances.
pub fn distance_km(from: (f64, f64), to: (f64, f64)) -> f64 {
    let (lat_a, lat_b) = (from.0.to_radians(), to.0.to_radians());
    let half = ((lat_b - lat_a) / 2.0).sin().powi(2)
        + lat_a.cos() * lat_b.cos() * ((to.1 - from.1).to_radians() / 2.0).sin().powi(2);
    2.0 * 6_371.0 * half.sqrt().min(1.0).asin()
}

/// The place, or where the middle of its state's customers is.
pub fn place_or_state(place: Option<(f64, f64)>, state: &str) -> (f64, f64) {
    place.unwrap_or_else(|| {
        let state = state_of(state);
        (state.lat, state.lon)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_distance_comes_out() {
        // Sao Paulo to Rio de Janeiro, city centres: 361 km.
        let km = distance_km((-23.5505, -46.6333), (-22.9068, -43.1729));
        assert!((km - 361.0).abs() < 2.0, "{km}");
    }
}
