//! A file of sections, cut at its headers.

/// The lines from one header to the next.
pub(super) struct Block<'t> {
    pub(super) text: &'t str,
    pub(super) steers: bool,
}

pub(super) fn blocks(text: &str, steers: fn(&str) -> bool) -> Vec<Block<'_>> {
    let mut found = Vec::new();
    let (mut start, mut at, mut mine) = (0, 0, false);
    for line in text.split_inclusive('\n') {
        if let Some(header) = header(line) {
            found.push(Block {
                text: &text[start..at],
                steers: mine,
            });
            (start, mine) = (at, steers(header));
        }
        at += line.len();
    }
    found.push(Block {
        text: &text[start..],
        steers: mine,
    });
    found
}

/// `[name]`, with its brackets off.
pub(super) fn header(line: &str) -> Option<&str> {
    let inner = line.trim().strip_prefix('[')?;
    let inner = inner.strip_prefix('[').unwrap_or(inner);
    let (name, _) = inner.split_once(']')?;
    Some(name.trim())
}

pub(super) fn texts<'t>(blocks: &[Block<'t>], steers: bool) -> Vec<&'t str> {
    let wanted = blocks.iter().filter(|block| block.steers == steers);
    wanted.map(|block| block.text).collect()
}
