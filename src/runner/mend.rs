//! Making a damaged journal readable, once no other process writes it.
//!
//! Invariant: a line that can be read stays where it is, byte for byte, since a coordinator may have applied it and
//! knows it by its offset; only an end may move on, to have the first line before it. What cannot be read is replaced by blanks, and cut off behind the last good line. The
//! journal as it was lies beside it then, for a person.

use std::fmt;
use std::fs::OpenOptions;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::capsule::Capsule;
use super::error::{Doing as _, RunnerError};
use super::journal;
use super::root::write_durably;
use crate::domain::journal::{Entry, Line};
use crate::domain::{AttemptId, layout};

/// What is wrong with a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Damage {
    /// Whole lines that cannot be read.
    bad: Vec<Range<usize>>,
    /// Where its last good line ends.
    end: usize,
    /// Where its end begins, if it has one.
    ended: Option<usize>,
    /// The attempt's first line is nowhere in it.
    headless: bool,
}

/// What is wrong with the whole lines of `text`, which should be the journal of this attempt.
pub(super) fn damage(text: &[u8], attempt: AttemptId) -> Option<Damage> {
    let mut found = Damage {
        bad: Vec::new(),
        end: 0,
        ended: None,
        headless: true,
    };
    let mut at = 0;
    for piece in journal::whole(text).split_inclusive(|byte| *byte == b'\n') {
        let here = at..at + piece.len();
        at = here.end;
        if piece.trim_ascii().is_empty() {
            continue;
        }
        let Ok(line) = serde_json::from_slice::<Line>(piece) else {
            found.bad.push(here);
            continue;
        };
        if matches!(line.entry, Entry::Opened { attempt: other, .. } if other == attempt) {
            found.headless = false;
        }
        if matches!(line.entry, Entry::Ended { .. }) {
            found.ended = Some(here.start);
        }
        found.end = here.end;
    }
    (found.headless || !found.bad.is_empty()).then_some(found)
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.bad.first() {
            Some(first) => write!(f, "its journal was damaged at byte {}", first.start)?,
            None => f.write_str("its journal had lost its first line")?,
        }
        write!(f, ", and is as it was in {}", layout::DAMAGED)
    }
}

impl Damage {
    /// Does it lack its first line?
    pub(super) fn is_headless(&self) -> bool {
        self.headless
    }

    /// Mends the capsule's journal, which says `text`. A first line that is missing is put back as `opened` has it: in
    /// its place where there is room, or else behind all others but the end, where a coordinator that reads on, and one
    /// that begins anew, will meet both. Can be repeated.
    pub(super) fn mend(
        &self,
        capsule: &Capsule,
        text: &[u8],
        opened: Option<&Line>,
    ) -> Result<(), RunnerError> {
        let copy = capsule.path.join(layout::DAMAGED);
        if !copy.exists() {
            write_durably(&copy, text)?;
        }
        let path = capsule.journal();
        let opened = opened.map_or(Ok(Vec::new()), journal::line)?;
        let mended = self.mended(text, &opened);
        write(&path, &mended).doing(|| format!("mend {}", path.display()))
    }

    fn mended(&self, text: &[u8], opened: &[u8]) -> Vec<u8> {
        let mut mended = text[..self.end].to_vec();
        for bad in self.bad.iter().filter(|bad| bad.end <= self.end) {
            // The newline stays.
            mended[bad.start..bad.end - 1].fill(b' ');
        }
        if self.headless {
            let room = mended
                .iter()
                .take_while(|byte| byte.is_ascii_whitespace())
                .count();
            match mended.get_mut(..opened.len()) {
                Some(place) if opened.len() <= room => place.copy_from_slice(opened),
                Some(_) | None => {
                    let behind = self.ended.unwrap_or(self.end);
                    mended.splice(behind..behind, opened.iter().copied());
                }
            }
        }
        mended
    }
}

/// Writes in place: the thread that follows the journal has this file open.
fn write(path: &Path, mended: &[u8]) -> io::Result<()> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    file.write_all_at(mended, 0)?;
    file.set_len(mended.len() as u64)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::fixture::{opened, spec};

    fn line(line: &Line) -> String {
        String::from_utf8(journal::line(line).unwrap()).unwrap()
    }

    fn started() -> String {
        let entry = Entry::PhaseStarted {
            phase: "one".parse().unwrap(),
        };
        line(&Line {
            at: crate::domain::Timestamp(1),
            entry,
        })
    }

    fn mended(text: &str) -> String {
        let opened = opened(1, "now");
        let damage = damage(text.as_bytes(), spec(1, &[]).id()).unwrap();
        let mended = damage.mended(text.as_bytes(), &journal::line(&opened).unwrap());
        String::from_utf8(mended).unwrap()
    }

    #[test]
    fn good_lines_stay_where_they_are_and_bad_ones_become_empty_or_are_cut_off() {
        let (first, second) = (line(&opened(1, "now")), started());
        assert_eq!(
            damage(format!("{first}{second}").as_bytes(), spec(1, &[]).id()),
            None
        );
        assert_eq!(
            damage(format!("{first}\n\n{second}torn").as_bytes(), spec(1, &[]).id()),
            None
        );
        assert_eq!(
            mended(&format!("{first}garbage\n{second}more\n")),
            format!("{first}       \n{second}")
        );
        assert_eq!(mended(&format!("{first}garbage\n")), first);
    }

    #[test]
    fn a_first_line_that_is_missing_is_put_back_where_it_stood_or_behind_all_others() {
        let (first, second) = (line(&opened(1, "now")), started());
        let long = "x".repeat(first.len() + 2);
        assert_eq!(
            mended(&format!("{long}\n{second}")),
            format!("{first}  \n{second}")
        );
        assert_eq!(mended(&second), format!("{second}{first}"));
        assert_eq!(mended("no json\n"), first);
        assert_eq!(mended(""), first);
        let ended = line(&Line {
            at: crate::domain::Timestamp(2),
            entry: Entry::Ended {
                outcome: crate::domain::journal::Outcome::Succeeded,
                seal: None,
            },
        });
        assert_eq!(
            mended(&format!("{long}\n{second}{ended}")),
            format!("{first}  \n{second}{ended}"),
            "a coordinator that knows nothing of it reads it from the start"
        );
        assert_eq!(
            mended(&format!("{second}{ended}")),
            format!("{second}{first}{ended}")
        );
        let again = format!("{second}{first}{ended}");
        assert_eq!(
            damage(again.as_bytes(), spec(1, &[]).id()),
            None,
            "mended once is mended"
        );
        let other = line(&opened(2, "now"));
        assert_eq!(
            mended(&other),
            format!("{other}{first}"),
            "the journal of somebody else"
        );
    }
}
