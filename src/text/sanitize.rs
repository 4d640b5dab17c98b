//! Foreign text made safe: it cannot steer a terminal, reorder or hide the words around it, or fill a screen.
//!
//! Two ways: [`sanitize_line`] and [`sanitize_text`] show what they find, for people who want to see what was there;
//! [`sanitize_excerpt`] leaves it out, for one short line that is kept.
//!
//! Invariant: no result has a control character (in a text of several lines: but line feeds and tabs), a mark that turns the
//! direction of writing, or one without width.

use std::borrow::Cow;
use std::str::Chars;

/// The usual length of an excerpt, in characters.
pub const EXCERPT: usize = 240;

/// One line: all that is not plain is written out (`\u{1b}`, `\n`).
pub fn sanitize_line(text: &str) -> Cow<'_, str> {
    written_out(text, is_plain)
}

/// The same for a text of several lines: line feeds and tabs stay.
pub fn sanitize_text(text: &str) -> Cow<'_, str> {
    written_out(text, |c| is_plain(c) || c == '\n' || c == '\t')
}

fn written_out(text: &str, stays: fn(char) -> bool) -> Cow<'_, str> {
    if text.chars().all(stays) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if stays(c) {
            out.push(c);
        } else {
            out.extend(c.escape_default());
        }
    }
    Cow::Owned(out)
}

/// One line of at most `most` characters, without escape sequences; what else is not plain counts as a blank, and blanks
/// are drawn together. What is cut off is marked with one more character.
pub fn sanitize_excerpt(text: &str, most: usize) -> String {
    let mut line = String::new();
    let mut chars = text.chars();
    let mut length = 0;
    while let Some(c) = chars.next() {
        if let Some(introducer) = introducer(c, &chars) {
            skip_sequence(&introducer, &mut chars);
            continue;
        }
        let blank = c.is_whitespace() || !is_plain(c);
        if blank && (line.is_empty() || line.ends_with(' ')) {
            continue;
        }
        if length == most {
            line.truncate(line.trim_end().len());
            line.push('…');
            return line;
        }
        line.push(if blank { ' ' } else { c });
        length += 1;
    }
    line.truncate(line.trim_end().len());
    line
}

/// What kind of escape sequence begins here: the character behind ESC, or the one that C1 has for both.
fn introducer(c: char, rest: &Chars<'_>) -> Option<Introducer> {
    let (kind, long) = match c {
        '\u{1b}' => (rest.clone().next(), true),
        '\u{90}' => (Some('P'), false),
        '\u{98}' => (Some('X'), false),
        '\u{9b}' => (Some('['), false),
        '\u{9d}' => (Some(']'), false),
        '\u{9e}' => (Some('^'), false),
        '\u{9f}' => (Some('_'), false),
        _ => return None,
    };
    Some(Introducer { kind, long })
}

struct Introducer {
    kind: Option<char>,
    /// It takes a second character.
    long: bool,
}

/// Past the rest of a sequence: `[`, parameters and the letter that ends them; a string up to its terminator, where it has
/// one; or one character.
fn skip_sequence(introducer: &Introducer, chars: &mut Chars<'_>) {
    if introducer.long {
        chars.next();
    }
    match introducer.kind {
        Some('[') => {
            let _ = chars.find(|c| !matches!(c, '\u{20}'..='\u{3f}'));
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            let mut string = chars.clone();
            let end = string.find(|c| matches!(c, '\u{7}' | '\u{9c}' | '\u{1b}'));
            // Without an end it would hide all that follows.
            if let Some(end) = end {
                if end == '\u{1b}' && string.as_str().starts_with('\\') {
                    string.next();
                }
                *chars = string;
            }
        }
        _ => {}
    }
}

/// Neither a control character, nor without width, nor a turn of the direction of writing.
fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each with its excerpt.
    const HOSTILE: [(&str, &str); 14] = [
        ("\u{1b}[31;1mred\u{1b}[0m\tone\r\ntwo\u{7}", "red one two"),
        ("\u{9b}31mred\u{9b}m", "red"),
        ("\u{1b}]0;title\u{7}a", "a"),
        ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
        ("\u{9d}0;title\u{9c}a", "a"),
        ("\u{1b}Pq#0\u{1b}\\a\u{1b}_x\u{1b}\\b\u{1b}^x\u{1b}\\c", "abc"),
        ("\u{1b}]0;without an end", "0;without an end"),
        ("\u{1b}", ""),
        ("a\u{1b}cb\u{1b}7c", "abc"),
        ("over\rwritten\u{8}\u{8}", "over written"),
        ("a\u{202a}b\u{202b}c\u{202c}d\u{202d}e\u{202e}f", "a b c d e f"),
        (
            "a\u{2066}b\u{2067}c\u{2068}d\u{2069}e\u{200e}f\u{200f}g\u{61c}h",
            "a b c d e f g h",
        ),
        (
            "a\u{200b}b\u{200c}c\u{200d}d\u{2060}e\u{feff}f\u{ad}g\u{180e}h",
            "a b c d e f g h",
        ),
        (
            "a\u{2028}b\u{2029}c\u{85}d\u{0}e\u{7f}f\u{e0041}g\u{3164}h",
            "a b c d e f g h",
        ),
    ];

    #[test]
    fn nothing_hostile_gets_through_any_of_the_three() {
        for (text, excerpt) in HOSTILE {
            assert_eq!(sanitize_excerpt(text, EXCERPT), excerpt, "{text:?}");
            assert!(sanitize_line(text).chars().all(is_plain), "{text:?}");
            let shown = sanitize_text(text);
            assert!(
                shown.chars().all(|c| is_plain(c) || c == '\n' || c == '\t'),
                "{text:?}"
            );
        }
    }

    #[test]
    fn what_is_shown_is_written_out_and_plain_text_stays_as_it_is() {
        assert_eq!(
            sanitize_line("a\u{1b}[31mb\nc\u{202e}d\u{9b}"),
            r"a\u{1b}[31mb\nc\u{202e}d\u{9b}"
        );
        assert_eq!(sanitize_text("a\rb\n\tc\u{1b}\n"), "a\\rb\n\tc\\u{1b}\n");
        for plain in ["grün 漢字", "\"quoted\" \\ 'path'", "e\u{301} ⚠\u{fe0f} …"] {
            assert_eq!(sanitize_line(plain), plain);
            assert_eq!(sanitize_text(plain), plain);
            assert_eq!(sanitize_excerpt(plain, EXCERPT), plain);
        }
        assert_eq!(
            sanitize_excerpt("  plain text, kept: ü §  ", EXCERPT),
            "plain text, kept: ü §"
        );
    }

    #[test]
    fn a_long_excerpt_is_cut_where_it_says_so() {
        let line = sanitize_excerpt(&"x".repeat(10_000), EXCERPT);
        assert_eq!(line.chars().count(), EXCERPT + 1);
        assert!(line.ends_with('…'));
        assert_eq!(sanitize_excerpt("ab   cd", 3), "ab…");
    }
}
