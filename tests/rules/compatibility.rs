//! What earlier builds wrote still reads: one committed sample of each format and version. (The database's
//! sample is read by the tests of `store`.) A sample is never changed; a new version gets one of its own.

use std::fs;
use std::path::PathBuf;

use fleet::collect::ResultFile;
use fleet::domain::journal::{Entry, Line, Outcome};
use fleet::domain::manifest::Manifest;
use fleet::domain::wire::{Hello, Request, Say};
use fleet::domain::{Lock, Sha256, Spec};
use serde_json::Value;

fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

/// Reads into our type and writes again: what was there must still be there, word for word.
#[track_caller]
fn survives<T: serde::de::DeserializeOwned + serde::Serialize>(sample: &Value) {
    let read: T =
        serde_json::from_value(sample.clone()).unwrap_or_else(|error| panic!("{error} in {sample}"));
    assert_eq!(serde_json::to_value(&read).unwrap(), *sample);
}

#[test]
fn a_capsule_of_version_one_still_reads() {
    let spec: Value = serde_json::from_slice(&fs::read(data("capsule-v1/spec.json")).unwrap()).unwrap();
    survives::<Spec>(&spec);
    let bytes = fs::read(data("capsule-v1/manifest.json")).unwrap();
    survives::<Manifest>(&serde_json::from_slice(&bytes).unwrap());
    let journal = fs::read_to_string(data("capsule-v1/journal.jsonl")).unwrap();
    let lines: Vec<Line> = journal
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(matches!(lines[0].entry, Entry::Opened { version: 1, .. }));
    let Some(Entry::Ended {
        outcome: Outcome::Succeeded,
        seal: Some(seal),
    }) = lines.last().map(|line| &line.entry)
    else {
        panic!("the sample does not end as it did");
    };
    assert_eq!(seal.sha256, Sha256::of(&bytes));
}

#[test]
fn a_result_of_version_one_still_reads() {
    let result = ResultFile::read(&data("capsule-v1"))
        .unwrap()
        .expect("it is understood");
    assert_eq!((result.version, result.attempt, result.verified), (1, 2, true));
}

#[test]
fn a_lock_of_version_one_still_reads() {
    let text = fs::read_to_string(data("fleet-v1.lock")).unwrap();
    let lock = Lock::parse(&text).unwrap();
    assert_eq!(lock.text().unwrap(), text);
    assert_eq!((lock.critical().len(), lock.tree().0.len()), (1, 3));
}

#[test]
fn a_conversation_of_protocol_one_still_reads() {
    for name in ["wire-v1.jsonl", "wire-v1-hosts.jsonl"] {
        conversation(&fs::read_to_string(data(name)).unwrap());
    }
}

#[test]
fn a_conversation_of_protocol_two_still_reads() {
    conversation(&fs::read_to_string(data("wire-v2.jsonl")).unwrap());
}

#[test]
fn a_conversation_of_protocol_three_still_reads() {
    conversation(&fs::read_to_string(data("wire-v3.jsonl")).unwrap());
}

fn conversation(text: &str) {
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        for (kind, sample) in line.as_object().unwrap() {
            match kind.as_str() {
                "request" => survives::<Request>(sample),
                "say" => survives::<Say>(sample),
                "hello" => survives::<Hello>(sample),
                "journal" => survives::<Line>(sample),
                other => panic!("a sample of {other}?"),
            }
        }
    }
}
