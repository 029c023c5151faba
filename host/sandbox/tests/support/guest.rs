//! Routing policies written by hand: small enough to do exactly one wrong thing.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{PackageId, Resolve};

/// What a plugin's module needs besides what a test is about: a memory, an allocator that only goes forward, its description at
/// 1024, and an empty decision at 512.
pub struct Guest {
    pub memory: &'static str,
    pub describe: String,
    pub configure: String,
    pub decide: String,
    pub more: String,
}

impl Default for Guest {
    fn default() -> Self {
        Guest {
            memory: r#"(memory (export "memory") 2)"#,
            describe: "i32.const 1024".to_owned(),
            configure: "i32.const 256".to_owned(),
            decide: "i32.const 512".to_owned(),
            more: String::new(),
        }
    }
}

impl Guest {
    /// The core module, in text.
    pub fn core(&self) -> String {
        let Guest {
            memory,
            describe,
            configure,
            decide,
            more,
        } = self;
        format!(
            r#"(module
                {memory}
                (global $next (mut i32) (i32.const 65536))
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                    (local $at i32)
                    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
                    (global.set $next (i32.add (local.get $at) (local.get 3)))
                    (block $enough
                        (br_if $enough (i32.le_u (global.get $next) (i32.mul (memory.size) (i32.const 65536))))
                        (drop (memory.grow (i32.add (i32.div_u (local.get 3) (i32.const 65536)) (i32.const 1)))))
                    (local.get $at))
                (func (export "signalbox:policy/plugin@1.0.0#describe") (result i32) {describe})
                (func (export "signalbox:policy/plugin@1.0.0#configure") (param $text i32) (param $length i32) (result i32)
                    {configure})
                (func (export "signalbox:policy/routing@1.0.0#decide")
                    (param $now i64) (param $seed i64) (param $deadline i32) (param $currency i32) (param $observe i32)
                    (param $narrow i32) (param $narrows i32) (param $wide i32) (param $wides i32)
                    (result i32)
                    {decide})
                {more}
                {data})"#,
            data = data()
        )
    }

    /// The component.
    pub fn build(&self) -> Vec<u8> {
        component(&self.core())
    }
}

/// A guest that decides by `body`.
pub fn deciding(body: &str) -> String {
    Guest {
        decide: body.to_owned(),
        ..Guest::default()
    }
    .core()
}

/// A guest that takes parameters by `body`.
pub fn configuring(body: &str) -> String {
    Guest {
        configure: body.to_owned(),
        ..Guest::default()
    }
    .core()
}

/// A component of the routing world from a core module in text.
pub fn component(core: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve
        .push_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit/policy-1.0"))
        .unwrap();
    encode(core, &resolve, package)
}

/// The same with another contract.
pub fn component_of(core: &str, wit: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("policy.wit", wit).unwrap();
    encode(core, &resolve, package)
}

fn encode(core: &str, resolve: &Resolve, package: PackageId) -> Vec<u8> {
    let mut module = wat::parse_str(core).unwrap_or_else(|error| panic!("{error}\n{core}"));
    let world = resolve.select_world(&[package], Some("routing-policy")).unwrap();
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8, false).unwrap();
    ComponentEncoder::default()
        .module(&module)
        .unwrap()
        .validate(true)
        .encode()
        .unwrap()
}

/// Strings at 2048, the description at 1024, the decision at 512, `ok` of `configure` at 256.
fn data() -> String {
    let strings = ["test-guest", "1.0.0", "routing", "A guest of a test.", "{}"];
    let mut texts = String::new();
    let mut description = Vec::new();
    for text in strings {
        description.push(2048 + texts.len() as u32);
        description.push(text.len() as u32);
        texts.push_str(text);
    }
    description.extend([0; 6]);
    // ok(decision): narrow at 4096, nothing wide, no log.
    let mut decision = vec![0, 4096, 46, 0, 0, 0, 0];
    decision.resize(16, 0);
    // 15 tables; the last, the summary, has one row without columns.
    let mut narrow = vec![15_u32];
    narrow.extend([0; 42]);
    narrow.extend([1, 0, 0]);
    format!(
        r#"(data (i32.const 2048) "{}") (data (i32.const 1024) "{}") (data (i32.const 512) "{}")
           (data (i32.const 4096) "{}")"#,
        texts.replace('"', "\\\""),
        words(&description),
        words(&decision),
        words(&narrow)
    )
}

/// 32-bit numbers as the text of a data segment.
pub fn words(numbers: &[u32]) -> String {
    numbers
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .map(|byte| format!("\\{byte:02x}"))
        .collect()
}
