//! A canary of pilot regions and blocks of time: the arms are computed here a second time, from what the documentation says and not
//! by the host's code.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use signalbox_domain::Timestamp;
use signalbox_flows::{Host, requests};

use super::{NEAREST, NEAREST_FILE, PLAN, host, nearest, to_canary};

const VERSION: &str = "1.0.1";
/// What a release in the scope is named by, as decisions record it.
static RELEASE: LazyLock<String> = LazyLock::new(|| {
    let digest = hash(&["signalbox release 1", "routing", "routing-nearest@1.0.1"]);
    let hex: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("rel-{hex}")
});
/// Regions; a tenth of them is to take part.
const REGIONS: usize = 60;
const SHARE: u64 = 1_000;
/// Blocks of each pilot region, and of each other one.
const BLOCKS: (i64, i64) = (60, 3);
const BLOCK_MS: i64 = 4 * 3_600_000;
/// 2026-03-02T12:00:00Z, the start of a block: the latest one asked about.
const NOON_MS: i64 = 1_772_452_800_000;

/// SHA-256 over the parts, each after its length as eight little-endian bytes.
fn hash(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

/// A number from 0 to 9,999: the first 64 bits of the hash over what is drawn, the release and the key, scaled.
fn bucket(drawn: &str, key: &[&str]) -> u64 {
    let digest = hash(&[&["signalbox assignment 1", drawn, RELEASE.as_str()], key].concat());
    let first = u64::from_be_bytes(digest[..8].try_into().unwrap());
    ((u128::from(first) * 10_000) >> 64) as u64
}

fn is_pilot(region: &str) -> bool {
    bucket("pilot region", &[region]) < SHARE
}

/// The arm of a region's block that starts then.
fn expected(region: &str, start_ms: i64) -> &'static str {
    let is_drawn = bucket("block", &[region, &start_ms.to_string()]) < 5_000;
    if is_pilot(region) && is_drawn {
        "canary"
    } else {
        "champion"
    }
}

fn region(number: usize) -> String {
    format!("BR-{number}")
}

fn order(region: &str, now_ms: i64) -> Value {
    let mut request = requests::routing(1, 5, 0);
    // Every order is another one: only its region and time may matter.
    request["order"]["order_id"] = format!("O-{region}-{now_ms}").into();
    request["now"] = Timestamp(now_ms).to_string().into();
    request["deadline_ms"] = 60_000.into();
    request["delivery_groups"][0]["destination"]["region"] = region.into();
    request
}

/// Every region and block that is asked about.
fn blocks() -> Vec<(String, i64)> {
    let of_region = |number: usize| {
        let region = region(number);
        let count = if is_pilot(&region) { BLOCKS.0 } else { BLOCKS.1 };
        (0..count).map(move |block| (region.clone(), NOON_MS - block * BLOCK_MS))
    };
    (0..REGIONS).flat_map(of_region).collect()
}

/// Asks about the first and the last millisecond of each block; the blocks by arm.
async fn check(host: &Host, blocks: &[(String, i64)]) -> BTreeMap<&'static str, usize> {
    let mut arms = BTreeMap::new();
    for (region, start_ms) in blocks {
        let arm = expected(region, *start_ms);
        for now_ms in [*start_ms, start_ms + BLOCK_MS - 1] {
            let answer = host.answer("routing", &order(region, now_ms)).await;
            let version = if arm == "canary" { VERSION } else { "1.0.0" };
            assert_eq!(
                (
                    &answer["assigned_arm"],
                    &answer["answered_by"],
                    &answer["version"]
                ),
                (&json!(arm), &json!(arm), &json!(version)),
                "{region} at {now_ms}: {answer:#}"
            );
        }
        *arms.entry(arm).or_default() += 1;
    }
    arms
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pilot_regions_go_over_by_blocks_of_time_half_and_half_and_no_other_region_does() {
    let component = signalbox_plugins::get(NEAREST).unwrap().component;
    let host = host(NEAREST_FILE, component, NEAREST, &nearest("1.0.0")).await;
    let plan = PLAN.replace(
        "[rollout.canary]\n",
        "[rollout.canary]\nunit = \"pilot_region_x_time\"\n",
    );
    let toml = nearest(VERSION).replace("[rollout]\nimmediate = true\n", &plan);
    to_canary(&host, NEAREST, VERSION, &toml).await;

    let pilots = (0..REGIONS).filter(|number| is_pilot(&region(*number))).count();
    assert!(pilots > 0 && pilots < REGIONS / 2, "{pilots}");
    let blocks = blocks();
    let (pilot, other): (Vec<_>, Vec<_>) = blocks.iter().cloned().partition(|(region, _)| is_pilot(region));
    let arms = check(&host, &pilot).await;
    let (canary, all) = (arms["canary"] as f64, pilot.len() as f64);
    // Half of them, within 4.5 standard deviations.
    assert!((canary - all / 2.0).abs() < 4.5 * (all / 4.0).sqrt(), "{arms:?}");
    assert_eq!(check(&host, &other).await, [("champion", other.len())].into());

    // The record says what was assigned as a whole, and how likely.
    let (region, start_ms) = pilot
        .iter()
        .find(|(region, at)| expected(region, *at) == "canary")
        .unwrap();
    let answer = host.answer("routing", &order(region, start_ms + 1)).await;
    let path = format!("/v1/decisions/{}", answer["decision_id"].as_str().unwrap());
    let (_, record) = host.get(&path).await;
    let assigned = json!({
        "release": *RELEASE, "step": 0, "probability_bp": 5_000, "unit": format!("region:{region}@{}", Timestamp(*start_ms)),
    });
    assert_eq!(record["assigned"], assigned, "{record:#}");

    let host = host.restart().await;
    assert_eq!(check(&host, &pilot).await, arms);
    host.stop().await;
}
