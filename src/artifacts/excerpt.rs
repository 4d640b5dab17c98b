//! Long texts made short, in a way that says so.

/// At most so many characters: the beginning and the end, and between them how much is missing.
pub(super) fn ends_of_chars(text: &str, most: usize) -> String {
    let all = text.chars().count();
    if all <= most {
        return text.to_owned();
    }
    let marker = |out: usize| format!("\n[... {out} characters left out ...]\n");
    let room = most.saturating_sub(marker(all).chars().count());
    let (head, tail) = (room / 2, room - room / 2);
    let start = first_chars(text, head);
    let end = text
        .char_indices()
        .rev()
        .nth(tail.saturating_sub(1))
        .filter(|_| tail > 0)
        .map_or("", |(at, _)| &text[at..]);
    format!("{start}{}{end}", marker(all - head - tail))
}

/// Its first so many characters.
pub(super) fn first_chars(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(at, _)| &text[..at])
}

/// About so many bytes at most: the beginning and the end, and between them how much is missing.
pub(super) fn ends_of_bytes(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let start = &text[..text.floor_char_boundary(most / 2)];
    let end = &text[text.ceil_char_boundary(text.len() - most / 2)..];
    let out = text.len() - start.len() - end.len();
    format!("{start}\n[... {out} bytes left out; test_output.log.gz has them ...]\n{end}")
}
