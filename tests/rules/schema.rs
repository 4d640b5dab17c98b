//! `fleet schema`: the published schemas are valid, and take what is shipped.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

fn schema(of: &str) -> Value {
    let ran: crate::support::Ran = Command::new(env!("CARGO_BIN_EXE_fleet"))
        .args(["schema", of])
        .output()
        .unwrap()
        .into();
    ran.ok().json()
}

fn shipped(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn faults(of: &str, document: &Value) -> Vec<String> {
    let schema = schema(of);
    assert!(jsonschema::draft202012::meta::is_valid(&schema));
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    validator
        .iter_errors(document)
        .map(|fault| fault.to_string())
        .collect()
}

#[test]
fn the_shipped_configuration_fits_its_schema() {
    let table: toml::Table = toml::from_str(&shipped("fleet.toml")).unwrap();
    let document = serde_json::to_value(table).unwrap();
    assert_eq!(faults("fleet.toml", &document), Vec::<String>::new());
}

#[test]
fn the_shipped_assignment_fits_its_schema() {
    let document: Value = serde_json::from_str(&shipped("assignments/phase8.json")).unwrap();
    assert_eq!(faults("assignment", &document), Vec::<String>::new());
}

#[test]
fn what_dispatch_refuses_does_not_fit() {
    let entry = |key: &str, value: Value| {
        let mut entry = json!({ "instance_id": "a", "model": "gpt", "dataset_file": "d.jsonl" });
        entry[key] = value;
        json!({ "eval1": [entry] })
    };
    assert_eq!(
        faults("assignment", &entry("run", json!(2))),
        Vec::<String>::new()
    );
    let bad = [
        json!([]),
        json!({}),
        json!({ "eval1": [] }),
        json!({ "eval1": [{}] }),
        json!({ "../x": [{ "instance_id": "a", "model": "gpt", "dataset_file": "d" }] }),
        entry("instance_id", json!("../a")),
        entry("instance_id", json!(1)),
        entry("model", json!("a b")),
        entry("runs", json!(0)),
        entry("env", json!(["A=b"])),
        entry("color", json!("red")),
    ];
    for document in bad {
        assert!(!faults("assignment", &document).is_empty(), "{document}");
    }
}

#[test]
fn a_schema_of_nothing_is_refused() {
    let ran: crate::support::Ran = Command::new(env!("CARGO_BIN_EXE_fleet"))
        .args(["schema", "weather"])
        .output()
        .unwrap()
        .into();
    ran.code(2).says("fleet.toml").says("assignment");
}
