//! One value that is looked for, in every spelling that a text may have it in.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use super::shape;

/// The fewest bytes that a value has to have.
pub(super) const SHORTEST: usize = 4;

/// The fewest bytes of a part of a value that is looked for by itself.
const PART: usize = 8;

/// A value, or what its base64 looks like.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Needle {
    name: String,
    bytes: Vec<u8>,
    /// The bytes are base64: they stand as they are, in a longer word.
    coded: bool,
}

impl Needle {
    /// All that is to be looked for, so that a value does not show.
    pub(super) fn all(name: &str, value: &str) -> Vec<Needle> {
        let value = value.trim();
        let mut values = vec![value];
        values.extend(shape::parts(value).into_iter().filter(|part| part.len() >= PART));
        // A text of one line shows no more of it than a line.
        if value.contains('\n') {
            values.extend(value.lines().map(str::trim).filter(|line| line.len() >= PART));
        }
        values.retain(|value| value.len() >= SHORTEST);
        let needle = |bytes: &[u8], coded| Needle {
            name: name.to_owned(),
            bytes: bytes.to_owned(),
            coded,
        };
        let mut all = Vec::new();
        for value in values {
            all.push(needle(value.as_bytes(), false));
            all.extend(base64(value.as_bytes()).iter().map(|text| needle(text, true)));
        }
        all
    }

    /// Whose value it is.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// From where to where it stands, if it begins `at` this place. Nothing before `after` is touched.
    pub(super) fn at(&self, text: &str, after: usize, at: usize) -> Option<(usize, usize)> {
        let rest = &text.as_bytes()[at..];
        if self.coded {
            if !rest.starts_with(&self.bytes) {
                return None;
            }
            // What stands around it in the same word was encoded together with it.
            let before = text.as_bytes()[after..at].iter().rev();
            let from = at - before.take_while(|byte| is_base64(**byte)).count();
            let to = at + rest.iter().take_while(|byte| is_base64(**byte)).count();
            return Some((from, to));
        }
        if rest.first() != self.bytes.first() && !rest.first().is_some_and(|byte| b"%\\&+".contains(byte)) {
            return None;
        }
        let len = [true, false]
            .into_iter()
            .find_map(|plain| spelled(rest, &self.bytes, plain))?;
        let whole = text.is_char_boundary(at) && text.is_char_boundary(at + len);
        whole.then_some((at, at + len))
    }
}

/// How many bytes at the beginning of a text spell this value. Each of its bytes may stand for itself, or be encoded as
/// in a URL, in JSON or in XML; a byte that could be either is tried `plain` first, or last.
fn spelled(text: &[u8], value: &[u8], plain: bool) -> Option<usize> {
    let (mut at, mut left) = (0, value);
    while let Some(byte) = left.first() {
        let here = text.get(at..)?;
        let same = (here.first() == Some(byte)).then_some((1, 1));
        let (taken, of) = if plain {
            same.or_else(|| encoded(here, left))
        } else {
            encoded(here, left).or(same)
        }?;
        at += taken;
        left = &left[of..];
    }
    Some(at)
}

/// How many bytes of the text encode how many of the value.
fn encoded(text: &[u8], value: &[u8]) -> Option<(usize, usize)> {
    let byte = *value.first()?;
    let number = |digits: &[u8]| {
        let digits = std::str::from_utf8(digits).ok()?;
        let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        hex.then(|| u32::from_str_radix(digits, 16).ok())?
    };
    match text.first()? {
        b'%' => (number(text.get(1..3)?)? == u32::from(byte)).then_some((3, 1)),
        b'+' if byte == b' ' => Some((1, 1)),
        b'&' if byte == b'&' && text.starts_with(b"&amp;") => Some((5, 1)),
        b'\\' if text.get(1) == Some(&b'u') => {
            let meant = char::from_u32(number(text.get(2..6)?)?)?;
            let mut bytes = [0; 4];
            let bytes = meant.encode_utf8(&mut bytes).as_bytes();
            value.starts_with(bytes).then_some((6, bytes.len()))
        }
        b'\\' => {
            let meant = match *text.get(1)? {
                b'n' => b'\n',
                b't' => b'\t',
                b'r' => b'\r',
                b'b' => 8,
                b'f' => 12,
                byte @ (b'"' | b'\'' | b'\\' | b'/') => byte,
                _ => return None,
            };
            (meant == byte).then_some((2, 1))
        }
        _ => None,
    }
}

/// What the base64 of any text looks like where this value stands in it: three ways, by what stands before it, in
/// both alphabets. Characters that depend on its neighbours are left out.
fn base64(value: &[u8]) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    for before in 0..3 {
        let text = [&vec![0; before], value].concat();
        let (from, to) = ((before * 8).div_ceil(6), text.len() * 8 / 6);
        for code in [STANDARD.encode(&text), URL_SAFE.encode(&text)] {
            let code = code.as_bytes()[from..to].to_owned();
            if code.len() >= PART && !all.contains(&code) {
                all.push(code);
            }
        }
    }
    all
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte)
}
