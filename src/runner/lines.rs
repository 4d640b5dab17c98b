//! Reading requests, one a line, however long or broken the line is.

use std::io::{self, BufRead};

/// What comes next on the link.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A line, without its newline.
    Line(Vec<u8>),
    /// A line that is longer than `most`.
    TooLong,
    /// Nothing any more.
    End,
}

/// The next line, `most` bytes at most. What stands before the end without a newline is no line.
pub(super) fn next(input: &mut impl BufRead, most: usize) -> io::Result<Next> {
    let mut line = Vec::new();
    loop {
        let buffer = match input.fill_buf() {
            Ok([]) => return Ok(Next::End),
            Ok(buffer) => buffer,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let part = &buffer[..end.unwrap_or(buffer.len())];
        if line.len() + part.len() > most {
            return Ok(Next::TooLong);
        }
        line.extend(part);
        let used = part.len() + usize::from(end.is_some());
        input.consume(used);
        if end.is_some() {
            return Ok(Next::Line(line));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_bounded_and_a_torn_one_is_none() {
        let mut input = io::BufReader::with_capacity(3, &b"one\n\nlonger\nend"[..]);
        let mut next = || next(&mut input, 5).unwrap();
        assert_eq!(next(), Next::Line(b"one".to_vec()));
        assert_eq!(next(), Next::Line(b"".to_vec()));
        assert_eq!(next(), Next::TooLong);
        let mut input = &b"end"[..];
        assert_eq!(super::next(&mut input, 5).unwrap(), Next::End);
    }
}
