use super::*;

fn component(body: &str) -> Vec<u8> {
    wat::parse_str(format!("(component {body})")).unwrap()
}

fn exporting(names: &[&str]) -> Vec<u8> {
    let mut body = String::from("(instance $i)");
    for name in names {
        body.push_str(&format!("(export \"{name}\" (instance $i))"));
    }
    component(&body)
}

fn look(bytes: &[u8]) -> Result<Inspection, InspectError> {
    inspect(bytes, &InspectBounds::default())
}

const PLUGIN: &str = "signalbox:policy/plugin@1.0.0";
const ROUTING: &str = "signalbox:policy/routing@1.0.0";

#[test]
fn the_domain_and_the_version_are_read_from_the_exported_names() {
    let found = look(&exporting(&[PLUGIN, "signalbox:policy/returns@1.0.0"])).unwrap();
    assert_eq!(found.domain, Domain::Returns);
    assert_eq!(found.contract, CONTRACT_VERSION);
    assert_eq!(found.domain_export, "signalbox:policy/returns@1.0.0");
}

#[test]
fn what_is_no_component_is_told_apart() {
    for (bytes, expected) in [
        (&b""[..], "an empty file"),
        (b"#!/bin/sh", "other bytes"),
        (b"\0asm\x01\0\0\0", "a core module"),
        (b"\0asm\x09\x09\x09\x09", "an unknown version"),
    ] {
        let message = look(bytes).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn size_is_looked_at_first() {
    let bounds = InspectBounds {
        component_bytes: 100,
        ..InspectBounds::default()
    };
    assert_eq!(
        inspect(&[0; 101], &bounds),
        Err(InspectError::TooLarge { found: 101, max: 100 })
    );
}

#[test]
fn every_forbidden_import_is_named() {
    let bytes = component(
        r#"(import "wasi:clocks/monotonic-clock@0.2.0" (instance (export "now" (func (result u64)))))
           (import "log" (func (param "code" u32)))"#,
    );
    let message = look(&bytes).unwrap_err().to_string();
    assert!(
        message.contains("wasi:clocks/monotonic-clock@0.2.0, log"),
        "{message}"
    );
}

#[test]
fn the_contracts_types_may_be_imported_and_nothing_else_under_that_name() {
    let with_types = |inside: &str| {
        component(&format!(
            r#"(import "signalbox:policy/types@1.0.0" (instance {inside}))
               (instance $i) (export "{PLUGIN}" (instance $i)) (export "{ROUTING}" (instance $i))"#
        ))
    };
    assert!(
        look(&with_types(
            r#"(type $t (record (field "a" u32))) (export "t" (type (eq $t)))"#
        ))
        .is_ok()
    );
    for hidden in [r#"(export "f" (func))"#, r#"(export "r" (type (sub resource)))"#] {
        let found = look(&with_types(hidden));
        assert!(
            matches!(found, Err(InspectError::ForbiddenImports { .. })),
            "{hidden}: {found:?}"
        );
    }
}

#[test]
fn exports_are_exactly_those_of_one_domain_in_one_spoken_version() {
    let refused = |names: &[&str]| look(&exporting(names)).unwrap_err();
    assert!(matches!(refused(&[]), InspectError::MissingExport { .. }));
    assert!(matches!(refused(&[ROUTING]), InspectError::MissingExport { .. }));
    assert!(matches!(refused(&[PLUGIN]), InspectError::MissingExport { .. }));
    assert!(
        matches!(refused(&[PLUGIN, ROUTING, "extra"]), InspectError::UnknownExport { name } if name == "extra")
    );
    assert!(matches!(
        refused(&["other:policy/plugin@1.0.0", ROUTING]),
        InspectError::UnknownExport { .. }
    ));
    assert!(matches!(
        refused(&[PLUGIN, ROUTING, "signalbox:policy/returns@1.0.0"]),
        InspectError::SeveralDomains {
            domains: [Domain::Routing, Domain::Returns]
        }
    ));
    assert!(matches!(
        refused(&[PLUGIN, "signalbox:policy/routing@1.0.1"]),
        InspectError::MixedVersions { .. }
    ));
    for version in ["1.1.0", "2.0.0", "0.9.0", "1.0.0-rc.1"] {
        let names = [
            format!("signalbox:policy/plugin@{version}"),
            format!("signalbox:policy/routing@{version}"),
        ];
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert!(
            matches!(refused(&names), InspectError::ContractVersion { .. }),
            "{version}"
        );
    }
}

#[test]
fn a_function_in_place_of_an_interface_is_no_export_of_the_contract() {
    let bytes = component(&format!(
        r#"(core module $m (func (export "f"))) (core instance $m (instantiate $m))
           (func $f (canon lift (core func $m "f")))
           (instance $i) (export "{PLUGIN}" (func $f)) (export "{ROUTING}" (instance $i))"#
    ));
    assert!(matches!(look(&bytes), Err(InspectError::UnknownExport { .. })));
}

#[test]
fn invalid_code_and_switched_off_features_are_refused_with_their_place() {
    let broken = component(r#"(core module (func (result i32)))"#);
    assert!(matches!(look(&broken), Err(InspectError::Invalid { offset, .. }) if offset > 0));
    for module in [
        "(memory i64 1)",
        "(memory 1 1 shared)",
        "(memory 1) (memory 1)",
        "(tag)",
        "(type (struct))",
        "(func (param v128) local.get 0 local.get 0 local.get 0 f32x4.relaxed_madd drop)",
    ] {
        let found = look(&component(&format!("(core module {module})")));
        assert!(
            matches!(found, Err(InspectError::Invalid { .. })),
            "{module}: {found:?}"
        );
    }
}

#[test]
fn shapes_are_bounded() {
    let bounds = InspectBounds {
        modules: 2,
        nested_components: 3,
        depth: 2,
        functions: 4,
        function_bytes: 64,
        ..InspectBounds::default()
    };
    let what = |body: &str| match inspect(&component(body), &bounds) {
        Err(InspectError::TooMany { what, .. }) => what,
        other => panic!("{other:?}"),
    };
    assert_eq!(what(&"(core module)".repeat(3)), "core modules");
    assert_eq!(what(&"(component)".repeat(4)), "nested components");
    assert_eq!(
        what("(component (component (component)))"),
        "levels of nested components"
    );
    assert_eq!(
        what(&format!("(core module {})", "(func)".repeat(5))),
        "functions"
    );
    assert_eq!(
        what(&format!("(core module (func {}))", "nop ".repeat(100))),
        "bytes in one function"
    );
    let deep_enough = inspect(&component("(component (component (core module)))"), &bounds);
    assert!(
        matches!(deep_enough, Err(InspectError::MissingExport { .. })),
        "{deep_enough:?}"
    );
}

#[test]
fn names_in_a_message_are_cut_and_escaped() {
    let names: Vec<String> = (0..20).map(|number| format!("x{number}")).collect();
    let message = InspectError::ForbiddenImports { names }.to_string();
    assert!(message.contains("x7 and 12 more"), "{message}");
    let message = InspectError::ForbiddenImports {
        names: vec!["\u{1b}[2J".into()],
    }
    .to_string();
    assert!(message.contains("\\u{1b}"), "{message}");
}
