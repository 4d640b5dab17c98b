//! Reading a table of `fleet.toml`: [`read`] checks it against its keys and notes every fault.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::finding::{Faults, quoted, suggestion};
use super::kind::{Fault, Key, Kind, Need, variable_fault};
use super::template;
use super::value::{Row, Value};

/// Checks a table against its keys.
pub(super) fn read(keys: &'static [Key], table: &DeTable<'_>, at: usize, faults: &mut Faults) -> Row {
    let mut row = Row::default();
    for (name, value) in table {
        let Some(key) = keys.iter().find(|key| key.name == name.get_ref().as_ref()) else {
            faults.add_hint(
                name.span().start,
                format!("unknown key {}", quoted(name.get_ref())),
                suggestion(name.get_ref(), keys.iter().map(|key| key.name)),
            );
            continue;
        };
        if let Some(checked) = value_of(key.kind, value, key.name, faults) {
            row.cells.insert(key.name, (value.span().start, checked));
        } else {
            row.refused.push(key.name);
        }
    }
    for key in keys {
        // A value that was refused has been complained of already.
        if table.iter().any(|(name, _)| name.get_ref().as_ref() == key.name) {
            continue;
        }
        match (key.need, key.kind) {
            (Need::Required, Kind::Tables(..)) => {
                faults.add(
                    at,
                    format!("there is no [[{}]]; at least one is needed", key.name),
                );
            }
            (Need::Required, kind) => faults.add_hint(
                at,
                format!("missing key `{}`", key.name),
                format!("it is {}", kind.wanted()),
            ),
            (Need::Default(_), Kind::Table(keys)) => {
                let empty = read(keys, &DeTable::default(), at, faults);
                row.cells.insert(key.name, (at, Value::Row(empty)));
            }
            (Need::Default(text), kind) => {
                if let Ok(value) = kind.of_text(text) {
                    row.cells.insert(key.name, (at, value));
                }
            }
            (Need::Optional, _) => {}
        }
    }
    row
}

fn value_of(kind: Kind, value: &Spanned<DeValue<'_>>, name: &str, faults: &mut Faults) -> Option<Value> {
    let at = value.span().start;
    let named = |(what, hint): Fault| (format!("{name}: {what}"), hint);
    let checked = match (kind, value.get_ref()) {
        (Kind::Table(keys), DeValue::Table(table)) => Ok(Value::Row(read(keys, table, at, faults))),
        (Kind::Tables(keys, least), DeValue::Array(array)) => {
            if array.len() < least {
                faults.add(at, format!("`{name}` is empty; at least {least} is needed"));
            }
            Ok(tables(keys, array, name, faults))
        }
        (Kind::List(kind), DeValue::Array(array)) => {
            let read = |one| Some((Spanned::span(one).start, value_of(*kind, one, name, faults)?));
            Ok(Value::List(array.iter().filter_map(read).collect()))
        }
        (Kind::Run, DeValue::Array(array)) => return run(array, at, faults),
        (Kind::Variables, DeValue::Table(table)) => Ok(variables(table, faults)),
        (Kind::Flag, DeValue::Boolean(flag)) => Ok(Value::Flag(*flag)),
        (Kind::Count(..), DeValue::Integer(n)) if n.radix() == 10 => kind.of_text(n.as_str()).map_err(named),
        (kind, DeValue::String(text)) if kind.is_text() => kind.of_text(text).map_err(named),
        (kind, other) => Err((
            format!("`{name}` must be {}, not {}", kind.wanted(), article(other)),
            None,
        )),
    };
    note(checked, at, faults)
}

fn note<T>(checked: Result<T, Fault>, at: usize, faults: &mut Faults) -> Option<T> {
    match checked {
        Ok(value) => return Some(value),
        Err((what, Some(hint))) => faults.add_hint(at, what, hint),
        Err((what, None)) => faults.add(at, what),
    }
    None
}

fn article(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn tables(keys: &'static [Key], array: &[Spanned<DeValue<'_>>], name: &str, faults: &mut Faults) -> Value {
    let mut rows = Vec::with_capacity(array.len());
    let mut seen = BTreeMap::new();
    for one in array {
        let at = one.span().start;
        let DeValue::Table(table) = one.get_ref() else {
            faults.add(
                at,
                format!("`{name}` must be tables, not {}", article(one.get_ref())),
            );
            continue;
        };
        let row = read(keys, table, at, faults);
        if let Some((at, Value::Text(text))) = row.cells.get("name")
            && seen.insert(text.clone(), *at).is_some()
        {
            faults.add_hint(
                *at,
                format!("there is a {name} {} already", quoted(text)),
                "give it another name",
            );
        }
        rows.push((at, Value::Row(row)));
    }
    Value::List(rows)
}

fn run(array: &[Spanned<DeValue<'_>>], at: usize, faults: &mut Faults) -> Option<Value> {
    let mut words = Vec::with_capacity(array.len());
    for one in array {
        match one.get_ref() {
            DeValue::String(text) if !text.contains('\0') => {
                words.push((one.span().start, text.as_ref().to_owned()));
            }
            DeValue::String(_) => faults.add(one.span().start, "an argument cannot contain a NUL"),
            other => faults.add_hint(
                one.span().start,
                format!("an argument must be a string, not {}", article(other)),
                "put it in quotes",
            ),
        }
    }
    if words.len() < array.len() {
        return None;
    }
    if words.first().is_none_or(|(_, program)| program.is_empty()) {
        faults.add(at, "`run` names no program");
        return None;
    }
    let argv: Vec<&str> = words.iter().map(|(_, word)| word.as_str()).collect();
    for (n, (what, hint)) in template::check(&argv) {
        faults.add_hint(words[n].0, what, hint);
    }
    let cell = |(at, word)| (at, Value::Text(word));
    Some(Value::List(words.into_iter().map(cell).collect()))
}

fn variables(table: &DeTable<'_>, faults: &mut Faults) -> Value {
    let mut map = BTreeMap::new();
    for (name, value) in table {
        if let Some(fault) = variable_fault(name.get_ref()) {
            faults.add(name.span().start, format!("{} {fault}", quoted(name.get_ref())));
        }
        match value.get_ref() {
            DeValue::String(text) if !text.contains('\0') => {
                map.insert(name.get_ref().as_ref().to_owned(), text.as_ref().to_owned());
            }
            DeValue::String(_) => faults.add(value.span().start, "a variable cannot contain a NUL"),
            other => faults.add_hint(
                value.span().start,
                format!("a variable must be a string, not {}", article(other)),
                "put it in quotes",
            ),
        }
    }
    Value::Map(map)
}
