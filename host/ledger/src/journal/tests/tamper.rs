//! Somebody with the file, SQLite and SHA-256, but without the key, changes one thing and mends what they can.

use std::sync::OnceLock;

use proptest::prelude::*;
use serde_json::Value;
use signalbox_domain::canonical;

use super::checkpoints::{damage_against, twenty};
use super::*;

const COUNT: i64 = 20;

/// The file before anybody touched it, and the checkpoint that was kept of its end.
fn whole() -> &'static (Vec<u8>, Checkpoint) {
    static WHOLE: OnceLock<(Vec<u8>, Checkpoint)> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let folder = folder();
        let (path, kept) = twenty(&folder);
        (std::fs::read(path).unwrap(), kept)
    })
}

#[derive(Clone, Debug)]
enum Mutation {
    /// Another number for a row.
    Number {
        row: i64,
        new: i64,
    },
    /// Another character in the text or the digest of a row.
    Character {
        row: i64,
        column: &'static str,
        place: prop::sample::Index,
        new: char,
    },
    /// Another value of a JSON field, or one more field; the row's digest is made to fit, and so is the head.
    Field {
        row: i64,
        leaf: prop::sample::Index,
        add: bool,
        rehash: bool,
    },
    Delete {
        row: i64,
    },
    Swap {
        row: i64,
        other: i64,
    },
    /// A copy of a row before it, all behind it moved on.
    InsertCopy {
        row: i64,
    },
    /// An entry behind the last one, chained to it, and the head made to fit.
    Append,
    /// Everything behind a row is gone, and the head made to fit.
    Truncate {
        to: i64,
    },
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let row = || 1..=COUNT;
    prop_oneof![
        (row(), prop_oneof![-30i64..=0, 21i64..60]).prop_map(|(row, new)| Mutation::Number { row, new }),
        (
            row(),
            prop::sample::select(vec!["record", "digest"]),
            any::<prop::sample::Index>(),
            prop::char::range('!', '~')
        )
            .prop_map(|(row, column, place, new)| Mutation::Character {
                row,
                column,
                place,
                new
            }),
        (row(), any::<prop::sample::Index>(), any::<bool>(), any::<bool>()).prop_map(
            |(row, leaf, add, rehash)| Mutation::Field {
                row,
                leaf,
                add,
                rehash
            }
        ),
        row().prop_map(|row| Mutation::Delete { row }),
        (row(), row()).prop_map(|(row, other)| Mutation::Swap { row, other }),
        row().prop_map(|row| Mutation::InsertCopy { row }),
        Just(Mutation::Append),
        (0..COUNT).prop_map(|to| Mutation::Truncate { to }),
    ]
}

/// Every pointer to a value that is no object.
fn leaves(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                leaves(member, &format!("{at}/{name}"), found);
            }
        }
        _ => found.push(at.to_owned()),
    }
}

fn change_leaf(value: &mut Value) {
    *value = match value {
        Value::Bool(flag) => Value::Bool(!*flag),
        Value::Number(number) => Value::from(number.as_i64().unwrap() + 1),
        Value::String(text) => {
            // In kind: another digest, instant or key, not just any text.
            let last = text.pop().unwrap();
            let other = if last == '0' { '1' } else { '0' };
            text.push(if last == 'Z' { 'z' } else { other });
            Value::String(text.clone())
        }
        other => panic!("{other}"),
    };
}

fn text_of(connection: &Connection, row: i64, column: &str) -> String {
    let sql = format!("SELECT {column} FROM journal WHERE seq = ?1");
    connection.query_row(&sql, [row], |row| row.get(0)).unwrap()
}

fn mend_head(connection: &Connection) {
    connection
        .execute_batch(
            "UPDATE head SET seq = ifnull((SELECT max(seq) FROM journal), 0), digest = ifnull(
               (SELECT digest FROM journal ORDER BY seq DESC LIMIT 1), 'sha256:' || hex(zeroblob(32)));",
        )
        .unwrap();
}

/// Applies it, and returns the records of which one has to be named; none when it changes nothing.
fn apply(connection: &Connection, mutation: &Mutation) -> Option<Vec<i64>> {
    match mutation {
        Mutation::Number { row, new } => {
            connection
                .execute("UPDATE journal SET seq = ?2 WHERE seq = ?1", [row, new])
                .unwrap();
            Some(vec![*row])
        }
        Mutation::Character {
            row,
            column,
            place,
            new,
        } => {
            let old = text_of(connection, *row, column);
            let mut characters: Vec<char> = old.chars().collect();
            let place = place.index(characters.len());
            characters[place] = *new;
            let changed: String = characters.into_iter().collect();
            let sql = format!("UPDATE journal SET {column} = ?2 WHERE seq = ?1");
            connection.execute(&sql, params![row, changed]).unwrap();
            (changed != old).then(|| vec![*row])
        }
        Mutation::Field {
            row,
            leaf,
            add,
            rehash,
        } => {
            let mut json: Value = serde_json::from_str(&text_of(connection, *row, "record")).unwrap();
            let mut found = Vec::new();
            leaves(&json, "", &mut found);
            let pointer = &found[leaf.index(found.len())];
            if *add {
                let (parent, _) = pointer.rsplit_once('/').unwrap();
                json.pointer_mut(parent).unwrap()["zz"] = Value::from(1);
            } else {
                change_leaf(json.pointer_mut(pointer).unwrap());
            }
            let text = canonical::to_string(&json).unwrap();
            connection
                .execute(
                    "UPDATE journal SET record = ?2 WHERE seq = ?1",
                    params![row, text],
                )
                .unwrap();
            if *rehash {
                let digest = Digest::of(text.as_bytes()).to_string();
                connection
                    .execute(
                        "UPDATE journal SET digest = ?2 WHERE seq = ?1",
                        params![row, digest],
                    )
                    .unwrap();
                mend_head(connection);
            }
            Some(vec![*row])
        }
        Mutation::Delete { row } => {
            connection
                .execute("DELETE FROM journal WHERE seq = ?1", [row])
                .unwrap();
            Some(vec![*row])
        }
        Mutation::Swap { row, other } => {
            for (from, to) in [(*row, 99), (*other, *row), (99, *other)] {
                connection
                    .execute("UPDATE journal SET seq = ?2 WHERE seq = ?1", [from, to])
                    .unwrap();
            }
            (row != other).then(|| vec![*row, *other])
        }
        Mutation::InsertCopy { row } => {
            for seq in (*row..=COUNT).rev() {
                connection
                    .execute("UPDATE journal SET seq = ?2 WHERE seq = ?1", [seq, seq + 1])
                    .unwrap();
            }
            connection
                .execute(
                    "INSERT INTO journal SELECT ?1, record, digest FROM journal WHERE seq = ?1 + 1",
                    [row],
                )
                .unwrap();
            mend_head(connection);
            Some(vec![*row])
        }
        Mutation::Append => {
            let record = Record {
                entry: entry(21),
                previous: text_of(connection, COUNT, "digest").parse().unwrap(),
                seq: 21,
            };
            let text = record.to_text().unwrap();
            let digest = Digest::of(text.as_bytes()).to_string();
            connection
                .execute("INSERT INTO journal VALUES (21, ?1, ?2)", params![text, digest])
                .unwrap();
            mend_head(connection);
            Some(vec![21])
        }
        Mutation::Truncate { to } => {
            connection
                .execute("DELETE FROM journal WHERE seq > ?1", [to])
                .unwrap();
            connection
                .execute("DELETE FROM checkpoints WHERE seq > ?1", [to])
                .unwrap();
            mend_head(connection);
            // An older signature of the end, where there is one.
            connection
                .execute(
                    "UPDATE head SET checkpoint = ifnull((SELECT line FROM checkpoints WHERE seq = ?1), checkpoint)",
                    [to],
                )
                .unwrap();
            Some(vec![to + 1])
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_single_change_is_found_and_its_record_is_named(mutation in mutation()) {
        let folder = folder();
        let (bytes, kept) = whole();
        let path = folder.path().join("ledger.sqlite");
        std::fs::write(&path, bytes).unwrap();
        let connection = unguarded(&path);
        connection.pragma_update(None, "synchronous", "OFF").unwrap();
        let Some(expected) = apply(&connection, &mutation) else {
            return Ok(());
        };
        drop(connection);
        let found = damage_against(&path, kept);
        prop_assert!(expected.contains(&(found.seq() as i64)), "expected {expected:?}, found {found:?}: {found}");
    }
}
