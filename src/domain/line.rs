//! One line of what others wrote (tests, tools, models), made fit to be shown: it cannot steer a terminal,
//! reorder what stands around it, or fill a screen.

/// Longest line shown, in characters.
const LONGEST: usize = 240;

/// Without escape sequences and controls, blanks drawn together, and not too long.
pub fn harmless(text: &str) -> String {
    let mut line = String::new();
    let mut chars = text.chars();
    let mut length = 0;
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            skip_sequence(&mut chars);
            continue;
        }
        let blank = c.is_whitespace() || c.is_control() || hides(c);
        if blank && (line.is_empty() || line.ends_with(' ')) {
            continue;
        }
        if length == LONGEST {
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

/// Past the rest of an escape sequence: `[`, its parameters, and the letter that ends it; or one character.
fn skip_sequence(chars: &mut std::str::Chars<'_>) {
    if chars.next() == Some('[') {
        let _ = chars.find(|c| !matches!(c, '\u{20}'..='\u{3f}'));
    }
}

/// Marks that reorder or hide what follows them.
fn hides(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_is_left() {
        assert_eq!(
            harmless("\u{1b}[31;1mred\u{1b}[0m\tone\r\ntwo\u{7}"),
            "red one two"
        );
        assert_eq!(harmless("a\u{202e}b\u{0}c"), "a b c");
        assert_eq!(harmless("\u{1b}"), "");
        assert_eq!(harmless("  plain text, kept: ü §  "), "plain text, kept: ü §");
    }

    #[test]
    fn a_long_line_is_cut_where_it_says_so() {
        let line = harmless(&"x".repeat(10_000));
        assert_eq!(line.chars().count(), LONGEST + 1);
        assert!(line.ends_with('…'));
    }
}
