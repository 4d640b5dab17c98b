//! From checked values to the structs of `keys`: one declaration of a table gives the Rust type and
//! the keys that drive the reader, the suggestions for unknown keys, and the published schema.

use std::collections::BTreeMap;

use super::agent_kind::AgentKind;
use super::value::{Field, Value};
use crate::domain::memory::MemoryLimit;
use crate::domain::swe::Task;
use crate::domain::{HostName, ModelName, PhaseName, PipelineName, Span};

/// Declares a table: the struct, its keys and how it is built from a row.
macro_rules! table {
    ($(#[doc = $about:literal])* $vis:vis struct $name:ident {
        $($(#[doc = $doc:literal])* $key:ident: $type:ty = $kind:expr, $need:expr;)*
    }) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        $vis struct $name {
            $($(#[doc = $doc])* $vis $key: $type,)*
        }
        impl $name {
            pub(super) const KEYS: &'static [Key] = &[
                $(Key { name: stringify!($key), kind: $kind, need: $need, doc: concat!($($doc),*) },)*
            ];
        }
        impl Field for $name {
            fn read(value: Option<&Value>) -> Option<Self> {
                let Some(Value::Row(row)) = value else { return None };
                Some($name { $($key: row.get(stringify!($key))?,)* })
            }
        }
    };
}
pub(super) use table;

macro_rules! field {
    ($($type:ty: $pattern:pat => $value:expr;)*) => {$(
        impl Field for $type {
            fn read(value: Option<&Value>) -> Option<Self> {
                match value {
                    Some($pattern) => $value,
                    _ => None,
                }
            }
        }
    )*};
}

field! {
    String: Value::Text(text) => Some(text.clone());
    HostName: Value::Text(text) => text.parse().ok();
    ModelName: Value::Text(text) => text.parse().ok();
    PhaseName: Value::Text(text) => text.parse().ok();
    PipelineName: Value::Text(text) => text.parse().ok();
    Task: Value::Text(text) => Task::find(text);
    AgentKind: Value::Text(text) => AgentKind::find(text);
    u32: Value::Number(n) => u32::try_from(*n).ok();
    u64: Value::Number(n) => Some(*n);
    Span: Value::Number(ms) => Some(Span(*ms));
    bool: Value::Flag(flag) => Some(*flag);
}

impl Field for MemoryLimit {
    fn read(value: Option<&Value>) -> Option<Self> {
        match value {
            Some(Value::Number(bytes)) => Some(MemoryLimit::Bytes(*bytes)),
            Some(Value::Text(_)) => Some(MemoryLimit::Unlimited),
            _ => None,
        }
    }
}

impl<T: Field> Field for Option<T> {
    fn read(value: Option<&Value>) -> Option<Self> {
        match value {
            None => Some(None),
            value => T::read(value).map(Some),
        }
    }
}

impl<T: Field> Field for Vec<T> {
    fn read(value: Option<&Value>) -> Option<Self> {
        match value {
            None => Some(Vec::new()),
            Some(Value::List(list)) => list.iter().map(|(_, one)| T::read(Some(one))).collect(),
            Some(_) => None,
        }
    }
}

impl Field for BTreeMap<String, String> {
    fn read(value: Option<&Value>) -> Option<Self> {
        match value {
            None => Some(BTreeMap::new()),
            Some(Value::Map(map)) => Some(map.clone()),
            Some(_) => None,
        }
    }
}
