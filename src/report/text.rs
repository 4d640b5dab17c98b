//! How wide a text is on a terminal, and how it is made to fit.

use std::borrow::Cow;

/// Columns that the text takes on a terminal.
pub fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

/// A coarse table: combining marks take none, East Asian and pictorial characters take two.
fn columns(c: char) -> usize {
    match u32::from(c) {
        0x300..=0x36f | 0x1ab0..=0x1aff | 0x20d0..=0x20ff | 0xfe00..=0xfe0f | 0xfe20..=0xfe2f => 0,
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f
        | 0x1f680..=0x1f6ff
        | 0x1f900..=0x1f9ff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// How many bytes of the text fit into so many columns: one character at least.
pub fn fitting(text: &str, most: usize) -> usize {
    let mut wide = text.chars().next().map_or(0, columns);
    let over = text.char_indices().skip(1).find(|(_, c)| {
        wide += columns(*c);
        wide > most
    });
    over.map_or(text.len(), |(at, _)| at)
}

/// The text in at most `most` columns; what is cut off is marked.
pub fn clip(text: &str, most: usize) -> Cow<'_, str> {
    if width(text) <= most {
        return Cow::Borrowed(text);
    }
    let mut left = most.saturating_sub(1);
    let mut out = String::new();
    for c in text.chars() {
        let Some(rest) = left.checked_sub(columns(c)) else {
            break;
        };
        left = rest;
        out.push(c);
    }
    if most > 0 {
        out.push('…');
    }
    Cow::Owned(out)
}

/// The text in at most `most` columns, its beginning and its end kept: names often differ in their last characters.
pub fn elide(text: &str, most: usize) -> Cow<'_, str> {
    if width(text) <= most || most < 3 {
        return clip(text, most);
    }
    let (mut first, mut last) = (most / 2, (most - 1) / 2);
    let fits = |c: &char, left: &mut usize| match left.checked_sub(columns(*c)) {
        Some(rest) => {
            *left = rest;
            true
        }
        None => false,
    };
    let head: String = text.chars().take_while(|c| fits(c, &mut first)).collect();
    let tail: Vec<char> = text.chars().rev().take_while(|c| fits(c, &mut last)).collect();
    Cow::Owned(head + "…" + &tail.into_iter().rev().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clipping_counts_columns_and_says_that_it_clipped() {
        assert_eq!(clip("abcdef", 6), "abcdef");
        assert_eq!(clip("abcdef", 5), "abcd…");
        assert_eq!(clip("漢字漢字", 6), "漢字…");
        assert_eq!(width("e\u{301}"), 1);
    }

    #[test]
    fn a_name_that_is_too_long_keeps_its_beginning_and_its_end() {
        assert_eq!(elide("1319603449576684", 16), "1319603449576684");
        assert_eq!(elide("1319603449576684", 9), "1319…6684");
        assert_eq!(elide("1319603449576684", 8), "1319…684");
        assert_eq!(elide("漢字漢字", 6), "漢…字");
        assert_eq!(elide("abc", 2), "a…");
        assert_eq!(
            [fitting("abc", 2), fitting("漢字", 3), fitting("漢字", 1)],
            [2, 3, 3]
        );
    }
}
