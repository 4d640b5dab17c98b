//! The values of an instance: each reader notes what is wrong, and gives what is right.

use super::cells::{Cell, Cells};
use super::lists::{self, BadList};
use super::row::PARSER;
use super::{Reader, patches};
use crate::config::finding::{quoted, suggestion};
use crate::config::node::Open;
use crate::domain::InstanceId;
use crate::domain::name::BadName;

/// What a cell of a spreadsheet holds at most; longer text is cut there without a word.
const SPREADSHEET_CELL: usize = 32_767;

impl Reader<'_> {
    /// Notes that the value of a key is wrong.
    pub(super) fn wrong(&mut self, key: &str, at: usize, text: &str, what: &str, hint: &str) {
        let what = format!("`{key}` {} {what}", quoted(text));
        self.faults.add_hint(at, what, hint);
    }

    /// A string that has not been cut.
    pub(super) fn text(&mut self, (key, at, node): Cell<'_>) -> Option<String> {
        match node.open() {
            Open::Text(text) if text.encode_utf16().count() == SPREADSHEET_CELL => {
                let what = format!(
                    "`{key}` is exactly {SPREADSHEET_CELL} characters long: a spreadsheet has cut it off"
                );
                let hint = "get it from a source that was never a spreadsheet";
                self.faults.add_hint(at, what, hint);
                None
            }
            Open::Text(text) => Some(text),
            other => {
                let what = format!("`{key}` must be a string, not {}", other.article());
                self.faults.add(at, what);
                None
            }
        }
    }

    /// A string, or a whole number as it is written.
    pub(super) fn digits_or_text(&mut self, cell: Cell<'_>) -> Option<String> {
        let (key, at, node) = cell;
        match node.open() {
            Open::Number(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => Some(digits.to_owned()),
            Open::Number(number) => {
                let hint = "put the id in quotes, with all of its digits";
                self.wrong(key, at, number, "is not a whole number", hint);
                None
            }
            _ => self.text(cell),
        }
    }

    /// An id that is a name.
    pub(super) fn name(&mut self, text: &str, key: &str, at: usize) -> Option<InstanceId> {
        text.parse()
            .map_err(|bad: BadName| {
                let hint = match bad {
                    BadName::Empty => "every instance needs a name of its own",
                    BadName::Long(_) | BadName::Start(_) | BadName::Character(_) => "use another id",
                };
                self.wrong(key, at, text, &bad.to_string(), hint);
            })
            .ok()
    }

    /// Text for people and models.
    pub(super) fn prose(&mut self, cells: &mut Cells<'_>, keys: &[&'static str]) -> Option<String> {
        match cells.first(keys) {
            Some(cell) => self.text(cell),
            None => Some(String::new()),
        }
    }

    /// One word; none stands for the default.
    pub(super) fn word(&mut self, cells: &mut Cells<'_>, key: &'static str, default: &str) -> Option<String> {
        let Some(cell @ (_, at, _)) = cells.take(key) else {
            return Some(default.to_owned());
        };
        let text = self.text(cell)?;
        if text.contains(|c: char| c.is_control()) || text.len() > 100 {
            self.wrong(key, at, &text, "is no word", "write one, or leave it out");
            return None;
        }
        Some(if text.is_empty() { default.to_owned() } else { text })
    }

    /// A directory in the image; none stands for the default.
    pub(super) fn directory(
        &mut self,
        cells: &mut Cells<'_>,
        key: &'static str,
        default: &str,
    ) -> Option<String> {
        let at = cells.at;
        let path = self.prose(cells, &[key])?;
        let is_inside = path.starts_with('/')
            && !path.contains(char::is_control)
            && path.split('/').all(|part| part != "..")
            && path.len() <= 4000;
        match path.as_str() {
            "" => Some(default.to_owned()),
            _ if is_inside => Some(path),
            _ => {
                let hint = format!("write a path from the image's root, like {default}");
                self.wrong(key, at, &path, "is no directory of an image", &hint);
                None
            }
        }
    }

    /// Where the image is, if that is said.
    pub(super) fn image(&mut self, cells: &mut Cells<'_>) -> Option<(Option<String>, usize)> {
        let Some(cell @ (_, at, _)) = cells.take("image_storage_uri") else {
            return Some((None, cells.at));
        };
        let text = self.text(cell)?;
        let text = text.trim();
        Some(((!text.is_empty()).then(|| text.to_owned()), at))
    }

    /// The command that runs the tests.
    pub(super) fn command(&mut self, cells: &mut Cells<'_>) -> Option<String> {
        let Some(cell @ (key, at, _)) = cells.take("test_command") else {
            return Some("pytest".to_owned());
        };
        let text = self.text(cell)?;
        if text.trim().is_empty() {
            let what = format!("`{key}` is empty, and no tests would run");
            let hint = "write the command, or leave the key out for `pytest`";
            self.faults.add_hint(at, what, hint);
            return None;
        }
        if text.contains('\0') {
            self.wrong(key, at, &text, "contains a zero byte", "no shell takes that");
            return None;
        }
        Some(text)
    }

    /// The grammar of what the tests print.
    pub(super) fn parser(&mut self, cells: &mut Cells<'_>, language: Option<&str>) -> Option<String> {
        const KEY: &str = "test_output_parser";
        let Some(cell @ (_, at, _)) = cells.take(KEY) else {
            // The default is Python's: it would find no test in the output of anything else.
            let language = language.unwrap_or("python").to_lowercase();
            if language == "python" {
                return Some(PARSER.to_owned());
            }
            let fitting = |id: &&str| id.split('/').next() == Some(&language);
            let fitting = self.parsers.iter().copied().filter(fitting);
            let what = format!("missing key `{KEY}`; only Python has a default");
            self.faults.add_hint(cells.at, what, suggestion("", fitting));
            return None;
        };
        let text = self.text(cell)?;
        if (self.known_parser)(&text) {
            return Some(text);
        }
        let hint = suggestion(&text, self.parsers.iter().copied());
        self.faults
            .add_hint(at, format!("unknown parser {}", quoted(&text)), hint);
        None
    }

    /// Names of tests, under one of these keys.
    pub(super) fn names(
        &mut self,
        cells: &mut Cells<'_>,
        keys: &[&'static str],
        needed: bool,
    ) -> Option<Vec<String>> {
        let taken = cells.all(keys);
        let at = taken.first().map_or(cells.at, |(_, at, _)| *at);
        let names = self.agreed(taken, |reader, cell| {
            let (key, at, _) = cell;
            let names = reader.items(cell, |text| match lists::parse(text) {
                // Only raw rows have lists without brackets.
                Err(BadList::Bare) if Some(&key) != keys.first() => Ok(lists::words(text)),
                read => read,
            })?;
            reader.are_names(key, at, &names).then_some(names)
        })?;
        if needed && names.is_empty() {
            let what = format!("`{}` is empty: nothing could ever count as solved", keys[0]);
            let hint = "name the tests that the task makes pass";
            self.faults.add_hint(at, what, hint);
            return None;
        }
        Some(names)
    }

    fn are_names(&mut self, key: &str, at: usize, names: &[String]) -> bool {
        let bad = names.iter().find_map(|name| {
            let bare = name.split('[').next().unwrap_or_default();
            let what = if name.trim().is_empty() {
                "which is no name of a test"
            } else if bare.matches(".py::").count() > 1 {
                "which is several names run together"
            } else {
                return None;
            };
            Some((name, what))
        });
        if let Some((name, what)) = bad {
            let what = format!("`{key}` has {}, {what}", quoted(name));
            self.faults.add_hint(at, what, "write a JSON list of names");
        }
        bad.is_none()
    }

    /// Patches, under one of these keys.
    pub(super) fn patches(&mut self, cells: &mut Cells<'_>, keys: &[&'static str]) -> Option<Vec<String>> {
        let taken = cells.all(keys);
        self.agreed(taken, |reader, cell| {
            let (key, at, _) = cell;
            let diffs = |text: &str| {
                if text.trim_start().starts_with('[') {
                    lists::parse(text)
                } else {
                    Ok(vec![text.to_owned()])
                }
            };
            let items = reader.items(cell, diffs)?;
            // A converter of the harness wraps a list that is a string into a list once more.
            let items: Result<Vec<_>, _> = items.iter().map(|item| diffs(item)).collect();
            let items = items
                .map_err(|bad| reader.wrong(key, at, key, &bad.to_string(), "write a JSON list of diffs"))
                .ok()?
                .concat();
            let patches: Vec<String> = items.into_iter().filter(|item| !item.trim().is_empty()).collect();
            let fault = patches
                .iter()
                .find_map(|patch| patches::fault(patch).map(|fault| (patch, fault)));
            if let Some((patch, (what, hint))) = fault {
                reader.wrong(key, at, patch, what, hint);
                return None;
            }
            Some(patches.into_iter().map(patches::ended).collect())
        })
    }

    /// The strings of a list, or of a string that stands for one.
    fn items(
        &mut self,
        cell: Cell<'_>,
        parse: impl Fn(&str) -> Result<Vec<String>, BadList>,
    ) -> Option<Vec<String>> {
        let (key, at, node) = cell;
        let Open::List(nodes) = node.open() else {
            if !matches!(node.open(), Open::Text(_)) {
                let what = format!("`{key}` must be a list of strings, not {}", node.open().article());
                self.faults.add(at, what);
                return None;
            }
            let text = self.text(cell)?;
            return parse(&text)
                .map_err(|bad| self.wrong(key, at, &text, &bad.to_string(), "write a JSON list of strings"))
                .ok();
        };
        let mut items = Vec::with_capacity(nodes.len());
        for node in &nodes {
            match node.open() {
                Open::Text(text) => items.push(text),
                other => {
                    let what = format!("`{key}` is a list of strings, and this is {}", other.article());
                    self.faults.add(node.at(self.text), what);
                }
            }
        }
        (items.len() == nodes.len()).then_some(items)
    }

    /// What all of the values say; nothing is said by none.
    fn agreed(
        &mut self,
        cells: Vec<Cell<'_>>,
        mut read: impl FnMut(&mut Self, Cell<'_>) -> Option<Vec<String>>,
    ) -> Option<Vec<String>> {
        let mut agreed: Option<(&str, Vec<String>)> = None;
        let mut whole = true;
        for cell @ (key, at, _) in cells {
            match (read(self, cell), &agreed) {
                (None, _) => whole = false,
                (Some(items), None) => agreed = Some((key, items)),
                (Some(items), Some((first, same))) if items != *same => {
                    let what = format!("`{key}` and `{first}` say different things");
                    self.faults.add_hint(at, what, "remove the wrong one");
                    whole = false;
                }
                (Some(_), Some(_)) => {}
            }
        }
        whole.then(|| agreed.map_or_else(Vec::new, |(_, items)| items))
    }
}
