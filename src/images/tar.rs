//! The headers of a tar, read one after the other without the data between them; and headers to write.
//!
//! Pure: says which bytes it needs next, and is fed them. Knows ustar, pax and GNU long names.

use serde::{Deserialize, Serialize};

/// The unit of a tar.
pub(super) const BLOCK: u64 = 512;

/// Longest name or pax header that is believed.
const MOST_EXTENSION: u64 = 1 << 20;

/// Most members that are believed; a `docker save` archive has four a layer.
const MOST_MEMBERS: usize = 20_000;

/// One member, without its data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Member {
    /// Its path, without a leading `./` or a trailing `/`.
    pub(super) name: String,
    /// What it is.
    pub(super) kind: Kind,
    /// Where its data begins in the archive.
    pub(super) at: u64,
    /// How long its data is.
    pub(super) size: u64,
}

/// What a member is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// A file.
    File,
    /// A directory, a device: nothing that has data for us.
    Other,
    /// A symbolic link, relative to its own directory.
    Symlink(String),
    /// A hard link, relative to the top.
    Hardlink(String),
}

/// Why a tar cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum TarError {
    /// The archive says more than there is.
    #[error("`{name}` should end at byte {end}, the object at {size}")]
    Beyond {
        /// The member.
        name: String,
        /// Where it should end.
        end: u64,
        /// How long the archive is.
        size: u64,
    },
    /// No tar, or none that we know.
    #[error("byte {at}: {what}")]
    Unreadable {
        /// Where.
        at: u64,
        /// Why.
        what: &'static str,
    },
}

/// What comes next.
#[derive(Debug)]
enum Next {
    Header,
    Extension { flag: u8, size: u64 },
    End,
}

/// A walk over the headers of an archive of a known size.
#[derive(Debug)]
pub(super) struct Walk {
    at: u64,
    size: u64,
    next: Next,
    members: Vec<Member>,
    long: Long,
}

/// What extension headers say about the member that follows.
#[derive(Debug, Default)]
struct Long {
    name: Option<String>,
    link: Option<String>,
    size: Option<u64>,
}

impl Walk {
    /// Over an archive of this size.
    pub(super) fn new(size: u64) -> Walk {
        Walk {
            at: 0,
            size,
            next: Next::Header,
            members: Vec::new(),
            long: Long::default(),
        }
    }

    /// The bytes that are needed next: where, and how many. None at the end.
    pub(super) fn need(&self) -> Option<(u64, u64)> {
        match self.next {
            Next::Header if self.at + BLOCK <= self.size => Some((self.at, BLOCK)),
            Next::Extension { size, .. } => Some((self.at, size)),
            Next::Header | Next::End => None,
        }
    }

    /// Takes in what was needed.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<(), TarError> {
        match self.next {
            Next::Header => self.header(bytes),
            Next::Extension { flag, size } => {
                self.extension(flag, bytes)?;
                self.at += padded(size);
                self.next = Next::Header;
                Ok(())
            }
            Next::End => Ok(()),
        }
    }

    /// All members; or the last thing that is wrong.
    pub(super) fn finish(self) -> Result<Vec<Member>, TarError> {
        if matches!(self.next, Next::End) || self.at == self.size {
            return Ok(self.members);
        }
        Err(TarError::Beyond {
            name: "the next header".to_owned(),
            end: self.at + BLOCK,
            size: self.size,
        })
    }

    fn header(&mut self, block: &[u8]) -> Result<(), TarError> {
        let at = self.at;
        let bad = |what| TarError::Unreadable { at, what };
        if block.len() != 512 {
            return Err(bad("half a header"));
        }
        if block.iter().all(|byte| *byte == 0) {
            self.next = Next::End;
            return Ok(());
        }
        let sum = number(&block[148..156]).ok_or_else(|| bad("no tar header"))?;
        if sum != checksum(block) {
            return Err(bad("no tar header, or a damaged one"));
        }
        let size = number(&block[124..136]).ok_or_else(|| bad("no size"))?;
        let flag = block[156];
        self.at += BLOCK;
        if matches!(flag, b'L' | b'K' | b'x' | b'g') {
            if size > MOST_EXTENSION {
                return Err(bad("an endless name"));
            }
            self.check_end("a long name", size)?;
            self.next = Next::Extension { flag, size };
            return Ok(());
        }
        let long = std::mem::take(&mut self.long);
        let size = long.size.unwrap_or(size);
        let name = plain(&long.name.unwrap_or_else(|| short_name(block)));
        let link = long.link.unwrap_or_else(|| text(&block[157..257]));
        let kind = match flag {
            b'0' | b'7' | 0 => Kind::File,
            b'1' => Kind::Hardlink(plain(&link)),
            b'2' => Kind::Symlink(link),
            b'3' | b'4' | b'5' | b'6' => Kind::Other,
            _ => return Err(bad("a kind of member that is not known")),
        };
        let size = if kind == Kind::File { size } else { 0 };
        self.check_end(&name, size)?;
        if self.members.len() == MOST_MEMBERS {
            return Err(bad("too many members"));
        }
        self.members.push(Member {
            name,
            kind,
            at: self.at,
            size,
        });
        // The padding of the last member may be cut off without harm.
        self.at = (self.at + padded(size)).min(self.size.max(self.at + size));
        Ok(())
    }

    fn check_end(&self, name: &str, size: u64) -> Result<(), TarError> {
        match self.at.checked_add(size) {
            Some(end) if end <= self.size => Ok(()),
            end => Err(TarError::Beyond {
                name: name.to_owned(),
                end: end.unwrap_or(u64::MAX),
                size: self.size,
            }),
        }
    }

    fn extension(&mut self, flag: u8, bytes: &[u8]) -> Result<(), TarError> {
        match flag {
            b'L' => self.long.name = Some(text(bytes)),
            b'K' => self.long.link = Some(text(bytes)),
            b'x' => {
                for (key, value) in pax(bytes).ok_or(TarError::Unreadable {
                    at: self.at,
                    what: "a damaged pax header",
                })? {
                    match key {
                        "path" => self.long.name = Some(value.to_owned()),
                        "linkpath" => self.long.link = Some(value.to_owned()),
                        "size" => self.long.size = value.parse().ok(),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// The records of a pax header. Values that are no text are of no use to us.
fn pax(mut bytes: &[u8]) -> Option<Vec<(&str, &str)>> {
    let mut records = Vec::new();
    while !bytes.is_empty() {
        let space = bytes.iter().position(|byte| *byte == b' ')?;
        let length: usize = std::str::from_utf8(&bytes[..space]).ok()?.parse().ok()?;
        let record = bytes.get(space + 1..length)?.strip_suffix(b"\n")?;
        if let Some((key, value)) = std::str::from_utf8(record)
            .ok()
            .and_then(|text| text.split_once('='))
        {
            records.push((key, value));
        }
        bytes = &bytes[length..];
    }
    Some(records)
}

/// With the padding to whole blocks.
pub(super) fn padded(size: u64) -> u64 {
    size.div_ceil(BLOCK).saturating_mul(BLOCK)
}

/// Without `./` before it and `/` after it.
pub(super) fn plain(name: &str) -> String {
    name.trim_start_matches("./").trim_end_matches('/').to_owned()
}

fn short_name(block: &[u8]) -> String {
    let name = text(&block[..100]);
    let prefix = text(&block[345..500]);
    // Old GNU headers keep times where ustar keeps the prefix.
    if &block[257..263] == b"ustar\0" && !prefix.is_empty() {
        format!("{prefix}/{name}")
    } else {
        name
    }
}

fn text(field: &[u8]) -> String {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}

/// Octal, or base 256 where the first bit is set.
fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        let (first, rest) = field.split_first()?;
        let start = u64::from(first & 0x7f);
        return rest.iter().try_fold(start, |sum, byte| {
            sum.checked_mul(256).map(|sum| sum | u64::from(*byte))
        });
    }
    let digits = text(field);
    let digits = digits.trim();
    if digits.is_empty() {
        return Some(0);
    }
    u64::from_str_radix(digits, 8).ok()
}

fn checksum(block: &[u8]) -> u64 {
    let field = 148..156;
    let byte = |(n, byte): (usize, &u8)| u64::from(if field.contains(&n) { b' ' } else { *byte });
    block.iter().enumerate().map(byte).sum()
}

/// The header of a file, with a pax header before it if the name or the size needs one.
pub(super) fn file_header(name: &str, size: u64) -> Vec<u8> {
    let fits = name.len() <= 100 && name.is_ascii() && size < 1 << 33;
    if fits {
        return header(name.as_bytes(), b'0', size).to_vec();
    }
    let records = [record("path", name), record("size", &size.to_string())].concat();
    let length = records.len() as u64;
    let mut bytes = header(b"pax", b'x', length).to_vec();
    bytes.extend(records.as_bytes());
    bytes.resize(512 + usize::try_from(padded(length)).unwrap_or_default(), 0);
    bytes.extend(header(b"see-pax", b'0', size.min((1 << 33) - 1)));
    bytes
}

/// `<length> key=value\n`, where the length counts itself.
fn record(key: &str, value: &str) -> String {
    let rest = format!(" {key}={value}\n");
    let mut length = rest.len() + 1;
    while length != rest.len() + length.to_string().len() {
        length += 1;
    }
    format!("{length}{rest}")
}

fn header(name: &[u8], flag: u8, size: u64) -> [u8; 512] {
    let mut block = [0; 512];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, name);
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{size:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    put(156, &[flag]);
    put(257, b"ustar\x0000");
    let sum = format!("{:06o}\0 ", checksum(&block));
    block[148..156].copy_from_slice(sum.as_bytes());
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(bytes: &[u8], size: u64) -> Result<Vec<Member>, TarError> {
        let mut walk = Walk::new(size);
        while let Some((from, len)) = walk.need() {
            let from = usize::try_from(from).unwrap();
            let end = from + usize::try_from(len).unwrap();
            walk.feed(bytes.get(from..end).unwrap_or_default())?;
        }
        walk.finish()
    }

    fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (name, data) in files {
            bytes.extend(file_header(name, data.len() as u64));
            bytes.extend(*data);
            bytes.resize(bytes.len().div_ceil(512) * 512, 0);
        }
        bytes.extend([0; 1024]);
        bytes
    }

    #[test]
    fn what_was_written_is_read_with_any_name() {
        let long = format!("{}/layer.tar", "d".repeat(300));
        let umlaut = "bücher/layer.tar";
        let files: [(&str, &[u8]); 3] = [("a", b"1"), (&long, &[7; 513]), (umlaut, b"")];
        let bytes = tar(&files);
        let members = walk(&bytes, bytes.len() as u64).unwrap();
        assert_eq!(members.len(), 3);
        for (member, (name, data)) in members.iter().zip(files) {
            assert_eq!(member.name, name);
            let at = usize::try_from(member.at).unwrap();
            assert_eq!(&bytes[at..at + data.len()], data);
        }
    }

    #[test]
    fn an_archive_cut_anywhere_inside_a_member_is_beyond_its_end() {
        let bytes = tar(&[("a", &[1; 2000]), ("b", &[2; 2000])]);
        for cut in [600, 2511, 2560 + 100, 2560 + 512 + 1999] {
            let torn = walk(&bytes[..cut], cut as u64);
            assert!(matches!(torn, Err(TarError::Beyond { .. })), "{cut}: {torn:?}");
        }
    }

    #[test]
    fn what_is_no_tar_is_unreadable_and_never_a_panic() {
        for junk in [&[0x1f_u8; 4096][..], &[b'1'; 4096], &[0x80; 512], &[0xff; 1024]] {
            assert!(matches!(
                walk(junk, junk.len() as u64),
                Err(TarError::Unreadable { .. })
            ));
        }
        let mut bytes = tar(&[("a", b"1")]);
        bytes[3] ^= 1;
        assert!(matches!(
            walk(&bytes, bytes.len() as u64),
            Err(TarError::Unreadable { .. })
        ));
        assert_eq!(walk(&[], 0), Ok(Vec::new()));
    }

    #[test]
    fn headers_of_gnu_tar_are_read() {
        let link = header(b"dir/link", b'2', 0);
        let mut long = header(b"././@LongLink", b'L', 151).to_vec();
        long.extend([b'n'; 150]);
        long.resize(1024, 0);
        long.extend(header(b"nnn", b'0', 3));
        long.resize(2048, b'x');
        let mut bytes = link.to_vec();
        bytes[157..160].copy_from_slice(b"../");
        let sum = format!("{:06o}\0 ", checksum(&bytes));
        bytes[148..156].copy_from_slice(sum.as_bytes());
        bytes.extend(long);
        bytes.extend([0; 512]);
        let members = walk(&bytes, bytes.len() as u64).unwrap();
        assert_eq!(members[0].kind, Kind::Symlink("../".to_owned()));
        assert_eq!((members[1].name.len(), members[1].size), (150, 3));
    }
}
