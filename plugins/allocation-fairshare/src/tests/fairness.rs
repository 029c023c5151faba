//! How far members of a group may be apart.

use proptest::prelude::*;
use signalbox_plugin::allocation::*;

use super::{decide_with, given, rows, supply};

/// Members of one group that all draw on one supply, and how much there is.
fn groups() -> impl Strategy<Value = (Vec<DemandRow>, u32)> {
    let member =
        (1u32..200, 1u32..100, 0u32..80, 1u32..13).prop_map(|(quantity, p50, spread, pack_size)| DemandRow {
            quantity,
            pack_size,
            forecast_p50: Some(p50),
            forecast_p90: Some(p50 + spread),
            fairness_group: Some(0),
            ..DemandRow::default()
        });
    (prop::collection::vec(member, 2..9), 0u32..900)
}

/// The weight by which the test's parameters let a member share.
type Weight = fn(&DemandRow) -> u64;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// While a member could still take a pack, nobody is further ahead of it than one pack of each, and the pieces of the
    /// broken pack that was left when it could get no more: neither in pieces per forecast, nor, shared by quantity, in
    /// fill.
    #[test]
    fn nobody_is_ahead_by_more_than_packs((members, on_hand) in groups()) {
        let by_forecast: (&str, Weight) = (r#"{"p90_weight_bp": 0}"#, |row| row.forecast_p50.unwrap().into());
        let by_quantity: (&str, Weight) = (r#"{"forecast_weight_bp": 0}"#, |row| row.quantity.into());
        for (parameters, weight) in [by_forecast, by_quantity] {
            let got = given(&decide_with(parameters, &rows(vec![supply(0, on_hand)], members.clone())), members.len());
            for (behind, behind_got) in members.iter().zip(&got) {
                if behind.quantity - behind_got < behind.pack_size {
                    continue;
                }
                for (ahead, ahead_got) in members.iter().zip(&got) {
                    // ahead / weight - behind / weight <= packs / weight, multiplied out.
                    let (w_ahead, w_behind) = (weight(ahead), weight(behind));
                    let lead = i128::from(u64::from(*ahead_got) * w_behind) - i128::from(u64::from(*behind_got) * w_ahead);
                    let (p_ahead, p_behind) = (u64::from(ahead.pack_size), u64::from(behind.pack_size));
                    let broken = if p_ahead < p_behind { p_behind - 1 } else { 0 };
                    let packs = (p_ahead + broken) * w_behind + p_behind * w_ahead;
                    prop_assert!(lead <= i128::from(packs), "{} of {}, {} of {}", ahead_got, w_ahead, behind_got, w_behind);
                }
            }
        }
    }

    /// No pack is left that a member still wants.
    #[test]
    fn nothing_is_held_back((members, on_hand) in groups()) {
        let got = given(&decide_with("{}", &rows(vec![supply(0, on_hand)], members.clone())), members.len());
        let left = on_hand - got.iter().sum::<u32>();
        for (member, got) in members.iter().zip(&got) {
            prop_assert!(left < member.pack_size || member.quantity - got < member.pack_size);
        }
    }
}
