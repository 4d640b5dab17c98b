//! The published JSON Schema of `fleet.toml`, made from the declaration of its keys.

use serde_json::{Map, Value, json};

use super::keys::File;
use super::kind::{Key, Kind, Need, UNITS};
use crate::domain::memory::UNLIMITED;

/// What a name must look like; see `domain::name`.
pub(crate) const NAME: &str = "^[A-Za-z0-9][-A-Za-z0-9._+@=]*$";
/// What the name of a variable must look like.
pub(crate) const VARIABLE: &str = "^(?!FLEET_)[A-Za-z_][A-Za-z0-9_]*$";

/// The JSON Schema (draft 2020-12) of `fleet.toml`.
pub fn schema() -> Value {
    let mut schema = table(File::KEYS);
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("fleet.toml");
    schema["description"] = json!("Hosts, models and pipelines of a fleet.");
    schema
}

fn table(keys: &[Key]) -> Value {
    let properties: Map<String, Value> = keys
        .iter()
        .map(|key| (key.name.to_owned(), property(key)))
        .collect();
    let required = keys.iter().filter(|key| matches!(key.need, Need::Required));
    json!({
        "type": "object",
        "properties": properties,
        "required": required.map(|key| key.name).collect::<Vec<_>>(),
        "additionalProperties": false,
    })
}

fn property(key: &Key) -> Value {
    let mut schema = value(key.kind);
    schema["description"] = json!(key.doc.split_whitespace().collect::<Vec<_>>().join(" "));
    if let Need::Default(text) = key.need {
        let default = match key.kind {
            Kind::Count(..) | Kind::Flag => serde_json::from_str(text).ok(),
            Kind::Table(_) => None,
            _ => Some(json!(text)),
        };
        if let Some(default) = default {
            schema["default"] = default;
        }
    }
    schema
}

fn value(kind: Kind) -> Value {
    match kind {
        Kind::Name => json!({ "type": "string", "pattern": NAME, "maxLength": 128 }),
        Kind::Script => json!({ "type": "string" }),
        Kind::Path | Kind::Directory | Kind::Text | Kind::Inside => {
            json!({ "type": "string", "minLength": 1 })
        }
        Kind::HostPath => json!({ "type": "string", "pattern": "^~?/[-A-Za-z0-9._+@=/]+$" }),
        Kind::Destination => {
            json!({ "type": "string", "pattern": r"^[A-Za-z0-9_\[][-A-Za-z0-9._+@=:/\[\]%]*$" })
        }
        Kind::Variable => json!({ "type": "string", "pattern": VARIABLE, "maxLength": 128 }),
        Kind::Count(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Kind::Bytes(..) => {
            let units: Vec<&str> = UNITS.iter().map(|(unit, _)| *unit).collect();
            json!({ "type": "string", "pattern": format!("^[0-9]+({})$", units.join("|")) })
        }
        Kind::Memory(..) => {
            json!({ "anyOf": [value(Kind::Bytes(0, 0)), { "const": UNLIMITED }] })
        }
        Kind::Time(..) => json!({ "type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$" }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Choice(words) => json!({ "enum": words }),
        Kind::Run => json!({ "type": "array", "items": { "type": "string" }, "minItems": 1 }),
        Kind::Variables => json!({
            "type": "object",
            "propertyNames": { "pattern": VARIABLE },
            "additionalProperties": { "type": "string" },
        }),
        Kind::List(kind) => json!({ "type": "array", "items": value(*kind) }),
        Kind::Table(keys) => table(keys),
        Kind::Tables(keys, least) => json!({ "type": "array", "items": table(keys), "minItems": least }),
    }
}
