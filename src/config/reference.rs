//! The keys of `fleet.toml` as tables of a page: what each takes, its default, its meaning. The manual holds this text.

use std::fmt::Write as _;

use super::keys::File;
use super::kind::{Key, Kind, Need, UNITS};
use crate::domain::memory::UNLIMITED;

/// All keys, by table.
pub fn reference() -> String {
    let mut out = String::new();
    sections(&mut out, "", File::KEYS);
    out
}

/// The tables among these keys, with the tables within them.
fn sections(out: &mut String, within: &str, keys: &[Key]) {
    for key in keys {
        let path = format!("{within}{}", key.name);
        let (head, inner) = match key.kind {
            Kind::Table(inner) => (format!("[{path}]"), inner),
            Kind::Tables(inner, _) => (format!("[[{path}]]"), inner),
            _ => continue,
        };
        // Writing to a String cannot fail.
        let _ = writeln!(out, "### `{head}`\n\n{}\n", meaning(key));
        let _ = writeln!(out, "| key | takes | default | meaning |\n|---|---|---|---|");
        for key in inner.iter().filter(|key| !is_table(key)) {
            let _ = writeln!(
                out,
                "| `{}` | {} | {} | {} |",
                key.name,
                takes(key.kind),
                default(key.need),
                meaning(key)
            );
        }
        out.push('\n');
        sections(out, &format!("{path}."), inner);
    }
}

fn is_table(key: &Key) -> bool {
    matches!(key.kind, Kind::Table(_) | Kind::Tables(..))
}

/// The comment of a key, in one line.
fn meaning(key: &Key) -> String {
    let words: Vec<&str> = key.doc.split_whitespace().collect();
    words.join(" ").replace('|', "\\|")
}

fn default(need: Need) -> String {
    match need {
        Need::Required => "needed".to_owned(),
        Need::Optional => String::new(),
        Need::Default(text) => format!("`{text}`"),
    }
}

fn takes(kind: Kind) -> String {
    match kind {
        Kind::Name => "name".to_owned(),
        Kind::Path => "path".to_owned(),
        Kind::Inside => "path in the harness".to_owned(),
        Kind::HostPath => "path on the host".to_owned(),
        Kind::Directory => "directory".to_owned(),
        Kind::Text => "text".to_owned(),
        Kind::Script => "script".to_owned(),
        Kind::Destination => "ssh destination".to_owned(),
        Kind::Variable => "name of a variable".to_owned(),
        Kind::Count(least, most) => format!("{least} to {most}"),
        Kind::Bytes(least, most) => format!("size, {} to {}", size(least), size(most)),
        Kind::Memory(least, most) => format!("size, {} to {}, or `{UNLIMITED}`", size(least), size(most)),
        Kind::Time(least, most) => format!("time, {} to {}", time(least), time(most)),
        Kind::Flag => "`true`, `false`".to_owned(),
        Kind::Choice(words) => format!("`{}`", words.join("`, `")),
        Kind::Run => "program and arguments".to_owned(),
        Kind::Variables => "variables".to_owned(),
        Kind::List(one) => format!("list: {}", takes(*one)),
        Kind::Table(_) | Kind::Tables(..) => "table".to_owned(),
    }
}

/// A size in the largest unit that needs no fraction.
fn size(bytes: u64) -> String {
    let units = UNITS.iter().filter(|(unit, _)| unit.ends_with("iB")).rev();
    let mut whole = units.filter(|(_, size)| bytes.is_multiple_of(*size));
    match whole.next() {
        Some((unit, size)) => format!("{}{unit}", bytes / size),
        None => format!("{bytes}B"),
    }
}

/// The same for a length of time.
fn time(seconds: u64) -> String {
    let units = [("d", 86_400), ("h", 3600), ("m", 60)];
    let mut whole = units
        .iter()
        .filter(|(_, one)| seconds > 0 && seconds.is_multiple_of(*one));
    match whole.next() {
        Some((unit, one)) => format!("{}{unit}", seconds / one),
        None => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_stands_there_with_its_keys() {
        let text = reference();
        for part in [
            "### `[fleet]`",
            "### `[[pipeline.phase]]`",
            "| `output_cap` | size, 4KiB to 4GiB | `8MiB` |",
            "| `deadline` | time, 1s to 30d | needed |",
            "| `kind` | `openhands`, `command` | needed |",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }
}
