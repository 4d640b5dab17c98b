//! The keys of a `package.json` that are a runner's. All others keep their text and their order: among the conditions of
//! `exports`, the order has a meaning.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::merged::Merged;

/// Settings of runners.
const KEYS: &[&str] = &["jest", "mocha", "ava", "tap", "vitest", "karma"];

const SCRIPTS: &str = "scripts";

pub(super) fn merge(before: &str, after: &str) -> Merged {
    let (Some(old), Some(mut new)) = (Fields::read(before), Fields::read(after)) else {
        return Merged::Unclear;
    };
    let (Some(old_scripts), Some(mut scripts)) = (old.object(SCRIPTS), new.object(SCRIPTS)) else {
        return Merged::Unclear;
    };
    let settings = new.take_from(&old, |key| KEYS.contains(&key));
    if scripts.take_from(&old_scripts, is_test) {
        let Ok(text) = RawValue::from_string(scripts.text("    ", "  }")) else {
            return Merged::Unclear;
        };
        new.set(SCRIPTS, text);
    } else if !settings {
        return Merged::Same;
    }
    Merged::Text(new.text("  ", "}\n"))
}

/// `test`, `test:unit`, and what npm runs before and after them.
fn is_test(script: &str) -> bool {
    let script = script
        .strip_prefix("pre")
        .or_else(|| script.strip_prefix("post"))
        .unwrap_or(script);
    script.starts_with("test")
}

/// An object: its fields in order, each with its own text.
#[derive(Default)]
struct Fields(Vec<(String, Box<RawValue>)>);

impl Fields {
    fn read(text: &str) -> Option<Fields> {
        if text.trim().is_empty() {
            return Some(Fields::default());
        }
        serde_json::from_str(text).ok()
    }

    fn get(&self, name: &str) -> Option<&RawValue> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_ref())
    }

    /// A field that is an object; an empty one if there is none of this name.
    fn object(&self, name: &str) -> Option<Fields> {
        self.get(name)
            .map_or(Some(Fields::default()), |value| Fields::read(value.get()))
    }

    fn set(&mut self, name: &str, value: Box<RawValue>) {
        match self.0.iter_mut().find(|(key, _)| key == name) {
            Some(field) => field.1 = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Makes those fields what they are in the other object; true if any was something else.
    fn take_from(&mut self, old: &Fields, these: fn(&str) -> bool) -> bool {
        let value = |raw: &RawValue| serde_json::from_str::<Value>(raw.get()).ok();
        let before = self.0.len();
        self.0.retain(|(key, _)| !these(key) || old.get(key).is_some());
        let mut changed = self.0.len() != before;
        for (key, wanted) in old.0.iter().filter(|(key, _)| these(key)) {
            if self.get(key).and_then(value) != value(wanted) {
                self.set(key, wanted.clone());
                changed = true;
            }
        }
        changed
    }

    fn text(&self, indent: &str, end: &str) -> String {
        let field = |(key, value): &(String, Box<RawValue>)| {
            format!("\n{indent}{}: {}", Value::from(key.as_str()), value.get())
        };
        let fields: Vec<String> = self.0.iter().map(field).collect();
        format!("{{{}\n{end}", fields.join(","))
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Fields::default();
                // Of several with one name the last counts, as in JavaScript.
                while let Some((key, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    fields.set(&key, value);
                }
                Ok(fields)
            }
        }
        from.deserialize_map(Object)
    }
}
