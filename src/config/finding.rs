//! A finding: one fault of a file that a person wrote, with its place and what to do about it.
//!
//! Lives here because `config` makes findings, and the one module that may import `config` for the
//! same purpose is `validate`. Text from the file is always quoted harmlessly.

use std::fmt;

/// One fault of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file, as the user named it.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub hint: Option<String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.what)?;
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

/// How many bytes lie between two marks of [`Places`].
const STRIDE: usize = 256;

/// Line and column of any byte of a text, quickly even in one endless line.
#[derive(Debug)]
pub struct Places<'t> {
    text: &'t str,
    /// Line and column at the first character that begins at or after each multiple of [`STRIDE`].
    marks: Vec<(usize, u32, u32)>,
}

impl<'t> Places<'t> {
    /// Measures a text.
    pub fn of(text: &'t str) -> Places<'t> {
        let mut marks = Vec::with_capacity(text.len() / STRIDE + 1);
        let (mut line, mut column) = (1, 1);
        for (at, c) in text.char_indices() {
            if at >= marks.len() * STRIDE {
                marks.push((at, line, column));
            }
            (line, column) = step(line, column, c);
        }
        Places { text, marks }
    }

    /// The text that was measured.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// Line and column of the character at this byte; of the end, if there is none.
    pub fn at(&self, offset: usize) -> (u32, u32) {
        let mark = self.marks.partition_point(|(start, ..)| *start <= offset);
        let Some((start, mut line, mut column)) = mark.checked_sub(1).map(|mark| self.marks[mark]) else {
            return (1, 1);
        };
        for (at, c) in self.text.get(start..).unwrap_or_default().char_indices() {
            if start + at >= offset {
                break;
            }
            (line, column) = step(line, column, c);
        }
        (line, column)
    }
}

fn step(line: u32, column: u32, c: char) -> (u32, u32) {
    if c == '\n' {
        (line.saturating_add(1), 1)
    } else {
        (line, column.saturating_add(1))
    }
}

/// Faults gathered while a text is read, in any order.
#[derive(Debug, Default)]
pub struct Faults(Vec<(usize, String, Option<String>)>);

impl Faults {
    /// Adds a fault at a byte of the text.
    pub fn add(&mut self, at: usize, what: impl Into<String>) {
        self.0.push((at, what.into(), None));
    }

    /// Adds a fault with the way out of it.
    pub fn add_hint(&mut self, at: usize, what: impl Into<String>, hint: impl Into<String>) {
        self.0.push((at, what.into(), Some(hint.into())));
    }

    /// Nothing is wrong so far.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As findings of this file, in the order of the text.
    pub fn findings(mut self, file: &str, places: &Places<'_>) -> Vec<Finding> {
        self.0.sort();
        self.0.dedup();
        let finding = |(at, what, hint)| {
            let (line, column) = places.at(at);
            Finding {
                file: file.to_owned(),
                line,
                column,
                what,
                hint,
            }
        };
        self.0.into_iter().map(finding).collect()
    }
}

/// Text of a user in a message: in backquotes, with control characters escaped, not endless.
pub fn quoted(text: &str) -> String {
    const MOST: usize = 60;
    let mut quoted: String = text.chars().take(MOST).flat_map(char::escape_debug).collect();
    if text.chars().nth(MOST).is_some() {
        quoted.push('…');
    }
    format!("`{quoted}`")
}

/// What to say to a word that is none of the known ones: one that it begins, the nearest, or all of them.
pub fn suggestion<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    const MOST: usize = 12;
    let known: Vec<&str> = known.into_iter().collect();
    // Distance costs the product of the lengths, and no name is that long.
    let short: String = word.chars().take(130).collect();
    if short.len() > 2
        && let Some(longer) = known.iter().find(|k| k.starts_with(&short))
    {
        return format!("did you mean `{longer}`?");
    }
    let near = known
        .iter()
        .map(|k| (strsim::damerau_levenshtein(&short, k), *k))
        .min();
    match near {
        None => "none is defined".to_owned(),
        Some((distance, best)) if distance <= (best.len() / 3).max(1) => format!("did you mean `{best}`?"),
        Some(_) if known.len() > MOST => {
            format!(
                "known: {} and {} more",
                known[..MOST].join(", "),
                known.len() - MOST
            )
        }
        Some(_) => format!("known: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_characters_however_long_the_line() {
        let text = format!("ä\nöx\n{}y\nz", "é".repeat(5000));
        let places = Places::of(&text);
        assert_eq!(places.at(0), (1, 1));
        assert_eq!(places.at(text.find('x').unwrap()), (2, 2));
        assert_eq!(places.at(text.find('y').unwrap()), (3, 5001));
        assert_eq!(places.at(text.find('z').unwrap()), (4, 1));
        assert_eq!(places.at(usize::MAX), (4, 2));
        assert_eq!(Places::of("").at(7), (1, 1));
    }

    #[test]
    fn a_suggestion_is_the_nearest_word_or_all_of_them() {
        let known = ["dataset_file", "model"];
        assert_eq!(suggestion("dataset", known), "did you mean `dataset_file`?");
        assert_eq!(suggestion("modle", known), "did you mean `model`?");
        assert_eq!(suggestion("x", known), "known: dataset_file, model");
        assert_eq!(suggestion("x", []), "none is defined");
        let many: Vec<String> = (0..20).map(|n| format!("host-number-{n}")).collect();
        let said = suggestion("x", many.iter().map(String::as_str));
        assert!(said.ends_with("host-number-11 and 8 more"), "{said}");
    }

    #[test]
    fn quoted_text_is_harmless_and_short() {
        assert_eq!(quoted("a\u{1b}[31m\n"), "`a\\u{1b}[31m\\n`");
        assert!(quoted(&"x".repeat(10_000)).len() < 100);
    }
}
