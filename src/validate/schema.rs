//! The published JSON Schema of assignments.

use serde_json::{Map, Value, json};

use super::keys::{KEYS, MOST_RUNS};
use crate::config::{NAME, VARIABLE};

/// The JSON Schema (draft 2020-12) of an assignment.
pub fn schema() -> Value {
    let properties: Map<String, Value> = KEYS
        .iter()
        .map(|(name, _, doc)| {
            let mut schema = value(name);
            schema["description"] = json!(doc);
            ((*name).to_owned(), schema)
        })
        .collect();
    let required = KEYS.iter().filter(|(_, required, _)| *required);
    let job = json!({
        "type": "object",
        "properties": properties,
        "required": required.map(|(name, ..)| name).collect::<Vec<_>>(),
        "additionalProperties": false,
        "not": { "required": ["run", "runs"] },
    });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "assignment",
        "description": "Which host does which jobs; the host * stands for any.",
        "type": "object",
        "minProperties": 1,
        "propertyNames": { "anyOf": [{ "const": super::POOL }, { "pattern": NAME }] },
        "additionalProperties": { "type": "array", "minItems": 1, "items": job },
    })
}

fn value(key: &str) -> Value {
    match key {
        "run" | "runs" => json!({ "type": "integer", "minimum": 1, "maximum": MOST_RUNS }),
        "env" => json!({ "type": "array", "items": { "type": "string", "pattern": VARIABLE } }),
        "dataset_file" | "trajectory_file" => json!({ "type": "string", "minLength": 1 }),
        _ => json!({ "type": "string", "pattern": NAME, "maxLength": 128 }),
    }
}
