//! Where two decisions differ, by structure.

use serde_json::Value;

/// Differences that are told at most.
pub const MAX: usize = 100;

/// One place at which two decisions differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Where, as a JSON pointer into the decision.
    pub pointer: String,
    /// What was recorded; none where it had nothing.
    pub recorded: Option<Value>,
    /// What came this time; none where there is nothing.
    pub replayed: Option<Value>,
}

/// Where two values differ, at most [`MAX`] places, and how many more there are.
pub fn differences(recorded: &Value, replayed: &Value) -> (Vec<Difference>, usize) {
    let mut walk = Walk::default();
    walk.visit(String::new(), Some(recorded), Some(replayed));
    (walk.found, walk.more)
}

#[derive(Default)]
struct Walk {
    found: Vec<Difference>,
    more: usize,
}

impl Walk {
    fn visit(&mut self, pointer: String, recorded: Option<&Value>, replayed: Option<&Value>) {
        match (recorded, replayed) {
            (Some(Value::Object(one)), Some(Value::Object(other))) => {
                let only_other = other.keys().filter(|key| !one.contains_key(*key));
                for key in one.keys().chain(only_other) {
                    let escaped = key.replace('~', "~0").replace('/', "~1");
                    self.visit(format!("{pointer}/{escaped}"), one.get(key), other.get(key));
                }
            }
            (Some(Value::Array(one)), Some(Value::Array(other))) => {
                for place in 0..one.len().max(other.len()) {
                    self.visit(format!("{pointer}/{place}"), one.get(place), other.get(place));
                }
            }
            (one, other) if one == other => {}
            (one, other) => self.note(pointer, one, other),
        }
    }

    fn note(&mut self, pointer: String, recorded: Option<&Value>, replayed: Option<&Value>) {
        if self.found.len() >= MAX {
            self.more = self.more.saturating_add(1);
            return;
        }
        self.found.push(Difference {
            pointer,
            recorded: recorded.cloned(),
            replayed: replayed.cloned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_place_that_differs_is_told_with_both_values() {
        let one = json!({ "shipments": [{ "from_node": "A", "lines": [1, 2] }], "status": "FULL" });
        let other =
            json!({ "shipments": [{ "from_node": "B", "lines": [1] }], "status": "FULL", "extra": null });
        let (found, more) = differences(&one, &other);
        let told: Vec<String> = found
            .iter()
            .map(|difference| {
                format!(
                    "{}: {:?} -> {:?}",
                    difference.pointer, difference.recorded, difference.replayed
                )
            })
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
        /shipments/0/from_node: Some(String("A")) -> Some(String("B"))
        /shipments/0/lines/1: Some(Number(2)) -> None
        /extra: None -> Some(Null)
        "#);
        assert_eq!(more, 0);
        assert_eq!(differences(&one, &one), (Vec::new(), 0));
    }

    #[test]
    fn what_is_not_told_is_counted() {
        let many: Vec<u32> = (0..150).collect();
        let (found, more) = differences(&json!(many), &json!(vec![1_000; 150]));
        assert_eq!((found.len(), more), (MAX, 50));
    }
}
