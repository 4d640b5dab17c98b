//! Lists in strings, in every form that spreadsheets, Python and numpy have left them in: JSON,
//! `['a', 'b']`, `['a' 'b']`. Quoted strings with optional commas; one pass, whatever the length.

use std::iter::Peekable;
use std::str::Chars;

/// Why a text is no list of strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadList {
    /// It has no brackets.
    #[error("is no list")]
    Bare,
    /// It ends within the list.
    #[error("ends in the middle of the list; it has been cut off")]
    Cut,
    /// numpy prints long lists like that.
    #[error("has `...` where numpy left items out")]
    Elided,
    /// Two strings with nothing between them: one, or two?
    #[error("has two strings with nothing between them")]
    Joined,
    /// A number, `None`, or a list within the list.
    #[error("has an item that is no string")]
    Item,
    /// `\x4`, `\uD800`.
    #[error("has a broken escape sequence")]
    Escape,
    /// Something comes after the list.
    #[error("goes on after the list's end")]
    Trailing,
}

/// Is this what a tool writes where there is nothing?
pub(super) fn is_blank(text: &str) -> bool {
    matches!(text.trim(), "" | "null" | "None" | "nan" | "NaN")
}

/// The strings of a list. Nothing, `null`, `None` and `nan` stand for an empty one.
pub fn parse(text: &str) -> Result<Vec<String>, BadList> {
    let text = text.trim();
    if is_blank(text) {
        return Ok(Vec::new());
    }
    if !text.starts_with('[') {
        return Err(BadList::Bare);
    }
    // JSON first: it alone has surrogate pairs. What it does not take may still be Python's.
    if let Ok(items) = serde_json::from_str(text) {
        return Ok(items);
    }
    let mut rest = text[1..].chars().peekable();
    let mut items = Vec::new();
    // May an item begin here?
    let mut free = true;
    loop {
        match rest.next().ok_or(BadList::Cut)? {
            ']' => break,
            ',' => free = true,
            c if c.is_whitespace() => free = true,
            '\'' | '"' if !free => return Err(BadList::Joined),
            quote @ ('\'' | '"') => {
                items.push(string(&mut rest, quote)?);
                free = false;
            }
            '.' => return Err(elided(rest)),
            _ => return Err(BadList::Item),
        }
    }
    match rest.next() {
        None => Ok(items),
        Some(_) => Err(BadList::Trailing),
    }
}

/// The items of `a,b,c`. A comma in brackets belongs to the name: `t.py::t[a,b]`.
pub fn words(text: &str) -> Vec<String> {
    let mut items = vec![String::new()];
    let mut depth = 0_u32;
    for c in text.chars() {
        match c {
            '[' | '(' | '{' => depth = depth.saturating_add(1),
            ']' | ')' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        match items.last_mut() {
            Some(item) if c != ',' || depth > 0 => item.push(c),
            _ => items.push(String::new()),
        }
    }
    let trimmed = items.iter().map(|item| item.trim().to_owned());
    trimmed.filter(|item| !item.is_empty()).collect()
}

fn elided(mut rest: Peekable<Chars<'_>>) -> BadList {
    if rest.next() == Some('.') && rest.next() == Some('.') {
        BadList::Elided
    } else {
        BadList::Item
    }
}

/// The rest of a string whose opening quote has been read.
fn string(rest: &mut Peekable<Chars<'_>>, quote: char) -> Result<String, BadList> {
    let mut text = String::new();
    loop {
        match rest.next().ok_or(BadList::Cut)? {
            c if c == quote => return Ok(text),
            '\\' => escape(rest, &mut text)?,
            c => text.push(c),
        }
    }
}

/// One escape sequence of Python's `repr`. Those that it does not know stand for themselves, as there.
fn escape(rest: &mut Peekable<Chars<'_>>, text: &mut String) -> Result<(), BadList> {
    let c = rest.next().ok_or(BadList::Cut)?;
    let digits = match c {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => 0,
    };
    match c {
        '\\' | '\'' | '"' => text.push(c),
        'n' => text.push('\n'),
        't' => text.push('\t'),
        'r' => text.push('\r'),
        '0' if !rest.peek().is_some_and(char::is_ascii_digit) => text.push('\0'),
        'x' | 'u' | 'U' => {
            let mut code = 0;
            for _ in 0..digits {
                let digit = rest.next().ok_or(BadList::Cut)?;
                code = code << 4 | digit.to_digit(16).ok_or(BadList::Escape)?;
            }
            text.push(char::from_u32(code).ok_or(BadList::Escape)?);
        }
        _ => text.extend(['\\', c]),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The items, or what is wrong instead of them.
    fn read(text: &str) -> Vec<String> {
        parse(text).unwrap_or_else(|bad| vec![bad.to_string()])
    }

    #[test]
    fn every_known_form_gives_the_same_list() {
        for text in [
            "['a', 'b']",
            r#"["a","b"]"#,
            "['a' 'b']",
            "['a'\n 'b']",
            " [ 'a',\n\"b\" , ] ",
        ] {
            assert_eq!(read(text), ["a", "b"], "{text:?}");
        }
        for text in ["", "  ", "[]", "[ ]", "null", "None", "nan"] {
            assert_eq!(parse(text), Ok(Vec::new()), "{text:?}");
        }
    }

    #[test]
    fn quotes_brackets_and_escapes_within_names_are_kept() {
        assert_eq!(read(r#"["it's", 'say "x"']"#), ["it's", "say \"x\""]);
        assert_eq!(read(r"['t.py::t[a\\b, c]' 'd\'e']"), ["t.py::t[a\\b, c]", "d'e"]);
        assert_eq!(read(r"['\n\t\r\x41\u00e9\U0001F600\d']"), ["\n\t\rAé😀\\d"]);
        assert_eq!(read(r#"["\ud83d\ude00"]"#), ["😀"]);
    }

    #[test]
    fn a_list_that_was_damaged_is_refused_and_not_guessed() {
        for (text, bad) in [
            ("a,b", BadList::Bare),
            ("t.py::t", BadList::Bare),
            ("[", BadList::Cut),
            ("['a', 'b", BadList::Cut),
            ("['a', 'b'", BadList::Cut),
            ("['a\\", BadList::Cut),
            ("['a\\x4", BadList::Cut),
            ("['a' ... 'z']", BadList::Elided),
            ("['a''b']", BadList::Joined),
            ("[1, 2]", BadList::Item),
            ("[null]", BadList::Item),
            ("[['a']]", BadList::Item),
            ("['a', None]", BadList::Item),
            ("['\\xzz']", BadList::Escape),
            ("['\\uD800']", BadList::Escape),
            ("['a'] x", BadList::Trailing),
        ] {
            assert_eq!(parse(text), Err(bad), "{text:?}");
        }
    }

    #[test]
    fn commas_divide_names_but_not_their_parameters() {
        assert_eq!(words("a,b, c ,"), ["a", "b", "c"]);
        assert_eq!(
            words("t.py::t[x,y],t.py::u(1,2)"),
            ["t.py::t[x,y]", "t.py::u(1,2)"]
        );
        assert_eq!(words("]],a"), ["]]", "a"]);
        assert!(words(" , ").is_empty());
    }

    proptest! {
        #[test]
        fn any_text_is_a_list_or_none(text in "\\[?['\"\\\\, a-z\\]x0-9.\\n]{0,60}") {
            let _ = (parse(&text), words(&text));
        }

        #[test]
        fn what_json_writes_is_read(items in prop::collection::vec(".*", 0..6)) {
            prop_assert_eq!(parse(&serde_json::to_string(&items).unwrap()), Ok(items));
        }

        #[test]
        fn what_python_and_numpy_write_is_read(items in prop::collection::vec("[ -~éñ\n]{0,9}", 0..6)) {
            let quoted: Vec<String> = items.iter().map(|item| {
                let item = item.replace('\\', "\\\\").replace('\n', "\\n");
                if item.contains('\'') && !item.contains('"') {
                    format!("\"{item}\"")
                } else {
                    format!("'{}'", item.replace('\'', "\\'"))
                }
            }).collect();
            for joint in [", ", "\n "] {
                prop_assert_eq!(parse(&format!("[{}]", quoted.join(joint))), Ok(items.clone()));
            }
        }
    }
}
