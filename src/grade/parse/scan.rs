//! Reading text: lines, numbers, words, colours.

use std::borrow::Cow;

use memchr::{memchr, memmem, memrchr};

/// The lines of a text, each with the byte where it begins; without their line feeds.
pub(super) fn spans(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let start = next?;
        let rest = &text[start..];
        let line = if let Some(length) = memchr(b'\n', rest.as_bytes()) {
            next = Some(start + length + 1);
            &rest[..length]
        } else {
            next = None;
            rest
        };
        Some((start, line))
    })
}

/// The lines of a text, without their line feeds.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    spans(text).map(|(_, line)| line)
}

/// The lines of a text from the last to the first, without their line feeds.
pub(super) fn lines_back(text: &str) -> impl Iterator<Item = &str> {
    let mut left = Some(text);
    std::iter::from_fn(move || {
        let text = left?;
        if let Some(at) = memrchr(b'\n', text.as_bytes()) {
            left = Some(&text[..at]);
            Some(&text[at + 1..])
        } else {
            left = None;
            Some(text)
        }
    })
}

/// The lines in which the words stand, each with the byte where it begins. Fast where few do.
pub(super) fn spans_with<'a>(text: &'a str, words: &'static str) -> impl Iterator<Item = (usize, &'a str)> {
    let finder = memmem::Finder::new(words);
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = &text.as_bytes()[from..];
        let at = finder.find(rest)?;
        let start = from + memrchr(b'\n', &rest[..at]).map_or(0, |before| before + 1);
        let end = memchr(b'\n', &rest[at..]).map_or(text.len(), |length| from + at + length);
        from = text.len().min(end + 1);
        Some((start, &text[start..end]))
    })
}

/// The lines in which the words stand.
pub(super) fn lines_with<'a>(text: &'a str, words: &'static str) -> impl Iterator<Item = &'a str> {
    spans_with(text, words).map(|(_, line)| line)
}

/// Whether the text contains the words; for whole logs.
pub(super) fn has(text: &str, words: &str) -> bool {
    memmem::find(text.as_bytes(), words.as_bytes()).is_some()
}

/// The number that a text begins with, and the rest. Larger numbers than fit are the largest that does.
pub(super) fn number(text: &str) -> Option<(u32, &str)> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    if length == 0 {
        return None;
    }
    let (digits, rest) = text.split_at(length);
    Some((digits.parse().unwrap_or(u32::MAX), rest))
}

/// What follows blanks, of which there must be one at least.
pub(super) fn after_blank(text: &str) -> Option<&str> {
    let rest = text.trim_start();
    (rest.len() < text.len()).then_some(rest)
}

/// The first word, and what follows it.
pub(super) fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()))
}

/// Whether a character belongs to a word, as `\w` has it.
pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether the text begins with this, in letters of any size.
pub(super) fn strip_prefix_any_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

/// The parts of a list such as `3 passed, 1 failed`: number and word.
pub(super) fn counted(text: &str) -> impl Iterator<Item = (u32, &str)> {
    text.split([',', ';', '|'])
        .filter_map(|part| number(part.trim_start()))
        .map(|(count, rest)| (count, rest.trim().trim_end_matches('.')))
}

/// The parts of a list such as `Tests: 3, Failures: 1`: word and number.
pub(super) fn labelled(text: &str) -> impl Iterator<Item = (&str, u32)> {
    text.split(',').filter_map(|part| {
        let (label, rest) = part.split_once(':')?;
        Some((label.trim(), number(rest.trim_start())?.0))
    })
}

/// The text without the sequences by which a terminal is told of colours and places.
pub(super) fn uncoloured(text: &str) -> Cow<'_, str> {
    let Some(first) = memchr(0x1b, text.as_bytes()) else {
        return Cow::Borrowed(text);
    };
    let mut plain = String::with_capacity(text.len());
    let (mut copied, mut next) = (0, Some(first));
    while let Some(at) = next {
        plain.push_str(&text[copied..at]);
        let rest = &text.as_bytes()[at..];
        let length = sequence(rest);
        // An escape that begins no sequence stays, as any other byte of the text.
        if length == 1 {
            plain.push('\x1b');
        }
        copied = at + length;
        next = memchr(0x1b, &text.as_bytes()[copied..]).map(|further| copied + further);
    }
    plain.push_str(&text[copied..]);
    Cow::Owned(plain)
}

/// How many bytes the sequence takes that begins here: `ESC [ parameters letter`, or `ESC ( letter`, by which
/// some terminals change their letters back when they end a colour. Its last byte is ASCII.
fn sequence(bytes: &[u8]) -> usize {
    let (begun, between, end) = match bytes.get(1) {
        Some(b'[') => (2, 0x20..=0x3f, 0x40..=0x7e),
        Some(0x20..=0x2f) => (1, 0x20..=0x2f, 0x30..=0x7e),
        _ => return 1,
    };
    let rest = &bytes[begun..];
    let parameters = rest.iter().take_while(|byte| between.contains(*byte)).count();
    match rest.get(parameters) {
        Some(last) if end.contains(last) => begun + parameters + 1,
        _ => 1,
    }
}

/// `# PASS:  3`
pub(super) fn hashed(line: &str, name: &str) -> Option<u32> {
    let rest = line.trim_start().strip_prefix('#')?.trim_start();
    Some(number(rest.strip_prefix(name)?.trim_start())?.0)
}
