//! One line of JSON as Python writes it: an object whose fields keep their order and their bytes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The fields of an object, each with the text of its value. Nothing of a value is copied.
pub(super) struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Fields<'a> {
    /// The object that this text is.
    pub(super) fn of(text: &'a str) -> Result<Fields<'a>, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The value of a field; of several with one name the last counts, as in Python.
    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// A field that is an object itself.
    pub(super) fn object(&self, name: &str) -> Option<Fields<'a>> {
        Fields::of(self.get(name)?.get()).ok()
    }

    /// A field that is a text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        text(self.get(name)?)
    }

    /// A field that is a count.
    pub(super) fn count(&self, name: &str) -> Option<u64> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }

    /// All fields, each name once, in the order in which they were first named.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(key, value)| (key.as_str(), *value))
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields: Vec<(String, &RawValue)> = Vec::new();
                let mut place = BTreeMap::new();
                while let Some((key, value)) = map.next_entry::<String, &RawValue>()? {
                    if let Some(at) = place.get(&key) {
                        fields[*at] = (key, value);
                    } else {
                        place.insert(key.clone(), fields.len());
                        fields.push((key, value));
                    }
                }
                Ok(Fields(fields))
            }
        }
        from.deserialize_map(Object)
    }
}

/// The text that a value is. Half a surrogate pair, which Python writes for a byte that is no UTF-8, is
/// replaced: better than to refuse the whole line for it.
pub(super) fn text(value: &RawValue) -> Option<String> {
    struct Lossy(String);
    impl<'de> Deserialize<'de> for Lossy {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            struct Text;
            impl Visitor<'_> for Text {
                type Value = Lossy;
                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("a text")
                }
                fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Lossy, E> {
                    Ok(Lossy(String::from_utf8_lossy(bytes).into_owned()))
                }
            }
            from.deserialize_bytes(Text)
        }
    }
    // Lists of numbers would do as bytes, too.
    if !value.get().starts_with('"') {
        return None;
    }
    serde_json::from_str(value.get()).ok().map(|Lossy(text)| text)
}

/// The line with `null` for the numbers that Python writes and JSON does not know; unchanged if there is none.
pub(super) fn without_nan(line: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let (mut from, mut at, mut quoted) = (0, 0, false);
    let bytes = line.as_bytes();
    while let Some(byte) = bytes.get(at) {
        let word = match byte {
            b'"' => {
                quoted = !quoted;
                None
            }
            b'\\' if quoted => {
                at += 1;
                None
            }
            b'N' | b'I' | b'-' if !quoted => ["NaN", "Infinity", "-Infinity"]
                .into_iter()
                .find(|word| bytes[at..].starts_with(word.as_bytes())),
            _ => None,
        };
        at += word.map_or(1, str::len);
        if let Some(word) = word {
            out.push_str(&line[from..at - word.len()]);
            out.push_str("null");
            from = at;
        }
    }
    if from == 0 {
        return Cow::Borrowed(line);
    }
    out.push_str(&line[from..]);
    Cow::Owned(out)
}
