//! The one line of a failure's output that best says why.
//!
//! Invariant: it is plain text of one line, whatever the step printed, and holds no secret.

use crate::doors::secrets;
use crate::text::sanitize_excerpt;

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
    Some(plain_line(line))
}

fn is_reason(line: &str) -> bool {
    let line = line.to_lowercase();
    SIGNS.iter().any(|sign| line.contains(sign)) && !FALSE_SIGNS.iter().any(|sign| line.contains(sign))
}

/// A line that is kept: safe to show, without secrets, and not too long.
pub(super) fn plain_line(line: &str) -> String {
    // First the sequences, which could stand in the midst of a secret; last the cut, which could leave a part of one.
    let plain = sanitize_excerpt(&secrets::hidden(line), usize::MAX);
    sanitize_excerpt(&secrets::hidden(&plain), LONGEST - 1)
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
            Some("error: key [EXCERPT_KEY]")
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
