//! JSON with places: one level of a document at a time, each value still a slice of the text.
//!
//! Nothing here recurses: a level is scanned, not built, so that depth in a file costs nothing.
//!
//! Lives beside `finding` because everything that reads JSON of people (`validate`, `dataset`) may import
//! `config`.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A value, as the slice of the text that it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'t> {
    raw: &'t RawValue,
}

/// A value, opened by one level.
#[derive(Debug)]
pub(crate) enum Open<'t> {
    Object(Vec<(Node<'t>, Node<'t>)>),
    List(Vec<Node<'t>>),
    Text(String),
    Number(&'t str),
    Flag,
    Null,
    /// Text with half a surrogate pair, which is no Unicode.
    Broken,
}

impl<'t> Node<'t> {
    /// The one value that the text holds.
    pub(crate) fn parse(text: &'t str) -> Result<Node<'t>, serde_json::Error> {
        serde_json::from_str(text).map(|raw| Node { raw })
    }

    /// The first of the values that the text holds one after another, and the byte at which it ends.
    pub(crate) fn first(text: &'t str) -> Option<Result<(Node<'t>, usize), serde_json::Error>> {
        let mut values = serde_json::Deserializer::from_str(text).into_iter();
        let first = values.next()?;
        Some(first.map(|raw| (Node { raw }, values.byte_offset())))
    }

    /// The slice of the text.
    pub(crate) fn json(self) -> &'t str {
        self.raw.get()
    }

    /// The byte of `text` at which the value begins. The text must be the one that was parsed.
    pub(crate) fn at(self, text: &str) -> usize {
        (self.raw.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
    }

    /// Opens it.
    pub(crate) fn open(self) -> Open<'t> {
        let json = self.raw.get();
        match json.as_bytes().first() {
            Some(b'{') => serde_json::from_str(json).map_or(Open::Broken, |Pairs(pairs)| Open::Object(pairs)),
            Some(b'[') => serde_json::from_str(json).map_or(Open::Broken, |Items(items)| Open::List(items)),
            Some(b'"') => serde_json::from_str(json).map_or(Open::Broken, Open::Text),
            Some(b't' | b'f') => Open::Flag,
            Some(b'n') => Open::Null,
            _ => Open::Number(json),
        }
    }

    /// Its text, if it is one.
    pub(crate) fn text(self) -> Option<String> {
        match self.open() {
            Open::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Open<'_> {
    /// What it is, for messages.
    pub(crate) fn article(&self) -> &'static str {
        match self {
            Open::Object(_) => "an object",
            Open::List(_) => "a list",
            Open::Text(_) => "a string",
            Open::Number(_) => "a number",
            Open::Flag => "true or false",
            Open::Null => "null",
            Open::Broken => "text with half a character (a lone surrogate)",
        }
    }
}

struct Pairs<'t>(Vec<(Node<'t>, Node<'t>)>);
struct Items<'t>(Vec<Node<'t>>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Level;
        impl<'de> Visitor<'de> for Level {
            type Value = Pairs<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                    pairs.push((Node { raw: key }, Node { raw: value }));
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Level)
    }
}

impl<'de> Deserialize<'de> for Items<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Level;
        impl<'de> Visitor<'de> for Level {
            type Value = Items<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Items<'de>, A::Error> {
                let mut items = Vec::new();
                while let Some(raw) = list.next_element::<&RawValue>()? {
                    items.push(Node { raw });
                }
                Ok(Items(items))
            }
        }
        deserializer.deserialize_seq(Level)
    }
}

/// The byte at which `serde_json` stopped: it counts lines, and bytes in them.
pub(crate) fn stopped_at(text: &str, error: &serde_json::Error) -> usize {
    let before: usize = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    (before + error.column().saturating_sub(1)).min(text.len())
}
