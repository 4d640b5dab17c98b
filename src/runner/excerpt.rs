//! The one line of a failure's output that best says why.
//!
//! Invariant: it is plain text of one line, whatever the step printed, and holds no secret.

use crate::doors::secrets;

/// Most characters of an excerpt.
const LONGEST: usize = 200;

/// Words that a reason tends to contain.
const SIGNS: [&str; 14] = [
    "error",
    "failed",
    "failure",
    "fatal",
    "exception",
    "panicked",
    "no such",
    "denied",
    "cannot",
    "can't",
    "not found",
    "killed",
    "no space",
    "timed out",
];

/// Phrases that contain such a word and mean the opposite.
const FALSE_SIGNS: [&str; 6] = [
    "0 error",
    "no error",
    "0 failed",
    "0 failures",
    "without error",
    "failed: 0",
];

/// The last line that looks like a reason, else the last that is not empty.
pub(super) fn choose(output: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(output);
    let lines: Vec<&str> = text
        .split(['\n', '\r'])
        .filter(|line| !line.trim().is_empty())
        .collect();
    let line = lines.iter().rfind(|line| is_reason(line)).or(lines.last())?;
    Some(harmless(line))
}

fn is_reason(line: &str) -> bool {
    let line = line.to_lowercase();
    SIGNS.iter().any(|sign| line.contains(sign)) && !FALSE_SIGNS.iter().any(|sign| line.contains(sign))
}

/// Without escape sequences, with control characters escaped, without secrets, and not too long.
pub(super) fn harmless(line: &str) -> String {
    // First the sequences, which could stand in the midst of a secret; last the cut, which could leave a part of one.
    let mut text = secrets::hidden(&plain(line));
    if text.chars().count() > LONGEST {
        text = text.chars().take(LONGEST - 1).chain(['…']).collect();
    }
    text
}

fn plain(line: &str) -> String {
    let mut text = String::new();
    for c in without_sequences(line.trim()).chars() {
        match c {
            '\t' => text.push(' '),
            // Controls, and marks that reorder or hide what follows them.
            c if c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}') =>
            {
                text.extend(c.escape_unicode());
            }
            c => text.push(c),
        }
    }
    text
}

/// Colours and cursor movements say nothing here.
fn without_sequences(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '\u{1b}' && rest.peek() == Some(&'[') {
            rest.next();
            rest.find(|c| ('@'..='~').contains(c));
        } else {
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(output: &str) -> Option<String> {
        choose(output.as_bytes())
    }

    #[test]
    fn the_last_reason_wins_over_later_chatter() {
        let text = "start\nImportError: no module x\ncleaning up\nbye\n\n";
        assert_eq!(chosen(text).as_deref(), Some("ImportError: no module x"));
        assert_eq!(chosen("one\ntwo\n  \n").as_deref(), Some("two"));
        assert_eq!(
            chosen("boom failed\n3 passed, 0 failed\n").as_deref(),
            Some("boom failed")
        );
        assert_eq!(chosen("\n \r\n"), None);
        assert_eq!(chosen(""), None);
    }

    #[test]
    fn a_terminal_cannot_be_harmed_and_a_secret_does_not_show() {
        let pair = ("EXCERPT_KEY".to_owned(), "sk-12345".to_owned());
        secrets::learn(&[pair].into());
        assert_eq!(
            chosen("\u{1b}[31merror\u{1b}[0m: \u{1b}]0;title\u{7} \u{202e}key sk-1\u{1b}[1m2345").as_deref(),
            Some("error: \\u{1b}]0;title\\u{7} \\u{202e}key [EXCERPT_KEY]")
        );
        assert_eq!(
            choose(b"error \xff\xfe").as_deref(),
            Some("error \u{fffd}\u{fffd}")
        );
    }

    #[test]
    fn a_long_line_is_cut() {
        let line = chosen(&"é".repeat(1000)).unwrap();
        assert_eq!(line.chars().count(), LONGEST);
        assert!(line.ends_with('…'));
        let pair = ("CUT_KEY".to_owned(), "cut-9182736455".to_owned());
        secrets::learn(&[pair].into());
        let line = chosen(&format!("{}cut-9182736455 and more", "é".repeat(LONGEST - 5))).unwrap();
        assert!(!line.contains("cut"), "{line}");
    }
}
