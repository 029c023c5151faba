use serde_json::json;

use super::*;

const SALT: &[u8] = b"a host's own salt";

fn rule(pointer: &str, action: MaskAction) -> MaskRule {
    MaskRule {
        pointer: pointer.to_owned(),
        action,
    }
}

fn request() -> String {
    let group = |code: &str, lat: f64| json!({"group_id": "g", "destination": {"country": "DE", "postal_code": code, "lat": lat, "lon": 13.404_954}});
    json!({
        "delivery_groups": [group("10115", 52.520_008), group("10117", -52.56), group("10115", 52.5)],
        "nodes": [{"node_id": "n", "lat": 48.137_154}],
    })
    .to_string()
}

#[test]
fn by_default_postal_codes_are_hashed_and_coordinates_of_destinations_are_rounded() {
    let masked = mask(&request(), &default_rules(), SALT).unwrap();
    let value: Value = serde_json::from_str(&masked.text).unwrap();
    let destination = |place: usize| &value["delivery_groups"][place]["destination"];
    let code = destination(0)["postal_code"].as_str().unwrap();
    assert!(
        code.len() == 16 && code.bytes().all(|digit| digit.is_ascii_hexdigit()),
        "{code}"
    );
    assert_eq!(
        code,
        destination(2)["postal_code"],
        "the same value gives the same text"
    );
    assert_ne!(code, destination(1)["postal_code"]);
    let latitudes = [0, 1, 2].map(|place| destination(place)["lat"].as_f64().unwrap());
    assert_eq!(latitudes, [52.5, -52.6, 52.5]);
    assert_eq!(value["nodes"][0]["lat"], 48.137_154, "a node is no person");
    assert_eq!(destination(0)["country"], "DE");
    // The third latitude had one decimal before.
    let mut pointers = vec![];
    pointers.extend((0..3).map(|place| format!("/delivery_groups/{place}/destination/postal_code")));
    pointers.extend((0..2).map(|place| format!("/delivery_groups/{place}/destination/lat")));
    pointers.extend((0..3).map(|place| format!("/delivery_groups/{place}/destination/lon")));
    assert_eq!(masked.pointers, pointers);
    for clear in ["10115", "10117", "52.520008", "13.404954"] {
        assert!(!masked.text.contains(clear), "{clear} in {}", masked.text);
    }
}

#[test]
fn a_hash_is_hmac_sha_256_of_the_canonical_value_with_the_salt() {
    // `printf 1 | openssl dgst -sha256 -hmac Jefe` begins with these digits.
    let masked = mask("[1]", &[rule("/*", MaskAction::Hash)], b"Jefe").unwrap();
    assert_eq!(masked.text, "[\"abcd7b0d1fc01e44\"]");
    let other = mask("[1]", &[rule("/*", MaskAction::Hash)], b"another salt").unwrap();
    assert_ne!(masked.text, other.text, "hosts cannot be joined by hashes");
}

#[test]
fn pointers_reach_escaped_names_items_by_number_and_whole_objects() {
    let text = r#"{"a/b":{"~":[{"x":1},{"x":2}]},"whole":{"name":"A","age":3},"none":null}"#;
    let rules = [
        rule("/a~1b/~0/1/x", MaskAction::Hash),
        rule("/whole", MaskAction::Hash),
        rule("/none", MaskAction::Hash),
        rule("/absent/*/x", MaskAction::Hash),
        rule("/a~1b/~0/7/x", MaskAction::Hash),
    ];
    let masked = mask(text, &rules, SALT).unwrap();
    assert_eq!(masked.pointers, ["/a~1b/~0/1/x", "/whole"]);
    let value: Value = serde_json::from_str(&masked.text).unwrap();
    assert_eq!(value["a/b"]["~"][0]["x"], 1);
    assert!(value["whole"].is_string() && value["none"].is_null());
    for pointer in &masked.pointers {
        assert!(
            value.pointer(pointer).is_some(),
            "{pointer} is a pointer of RFC 6901"
        );
    }
}

#[test]
fn what_should_be_a_number_and_is_none_is_hashed_rather_than_kept() {
    let rules = [rule("/lat", MaskAction::Round { decimals: 1 })];
    let masked = mask(r#"{"lat":"52.520008"}"#, &rules, SALT).unwrap();
    assert!(!masked.text.contains("52.5"), "{}", masked.text);
    assert_eq!(masked.pointers, ["/lat"]);
}

#[test]
fn the_text_is_canonical_and_without_rules_unchanged() {
    let masked = mask(r#"{ "b": 1, "a": [1.50, "é"] }"#, &[], SALT).unwrap();
    assert_eq!(masked.text, r#"{"a":[1.5,"é"],"b":1}"#);
    assert_eq!(masked.pointers, Vec::<String>::new());
}

#[test]
fn bad_pointers_and_texts_are_refused() {
    let pointer = |pointer: &str| mask("{}", &[rule(pointer, MaskAction::Hash)], SALT);
    assert_eq!(pointer("a/b"), Err(MaskError::Pointer("a/b".to_owned())));
    assert!(pointer("").is_err(), "the whole request is erased, not masked");
    assert!(pointer(&"/a".repeat(33)).is_err());
    assert!(matches!(mask("{", &[], SALT), Err(MaskError::Text(_))));
}
