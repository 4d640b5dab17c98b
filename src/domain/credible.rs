//! What a host can truly say. Hosts are strangers' machines: a number from one is checked at the border, before it is
//! stored or reckoned with.

use super::conclusion::Conclusion;
use super::journal::{Entry, Line};
use super::manifest::Seal;
use super::time::{Span, Timestamp};
use super::wire::{Answer, Capsule, Facts, Inventory, Say, Shelved};

/// No journal is longer: an attempt of a week whose provider complains without end comes to a quarter of this.
pub const LONGEST_JOURNAL: u64 = 32 << 20;

/// No piece of a journal is longer: a runner sends a mebibyte, or one line.
const LONGEST_PIECE: usize = 8 << 20;

/// No text that a host says of itself is longer.
const LONGEST_TEXT: usize = 64 << 10;

/// No disk and no file is larger: a pebibyte.
const LARGEST: u64 = 1 << 50;

/// No host has more of anything that can be counted.
const MOST: usize = 1 << 20;

/// From 1970 to the end of the year 9999.
const TIMES: std::ops::Range<i64> = 0..253_402_300_800_000;

/// No step takes longer than a century.
const LONGEST: Span = Span::seconds(36_500 * 86_400);

/// No attempt costs more: a billion dollars, in millionths.
const DEAREST: u64 = 1_000_000_000_000_000;

/// What is not to be believed of a message; none if all of it may be true. A journal's lines are looked at one by one,
/// with [`line()`].
pub fn doubtful(say: &Say) -> Option<&'static str> {
    match say {
        Say::Journal { from, text, .. } => {
            let sound = *from <= LONGEST_JOURNAL && text.len() <= LONGEST_PIECE;
            (!sound).then_some("a piece of a journal is too long, or too far on")
        }
        Say::Answer { with, .. } => match with {
            Answer::Facts(facts) => {
                (!facts_are_sound(facts)).then_some("its state has numbers that cannot be")
            }
            Answer::Images(images) => {
                let sound = images.len() <= MOST && images.iter().all(image_is_sound);
                (!sound).then_some("an image has numbers that cannot be")
            }
            Answer::Inventory(Inventory {
                capsules,
                unreadable,
                held,
            }) => {
                let few = capsules.len().max(unreadable.len()).max(held.len()) <= MOST;
                let short = unreadable.iter().all(|one| one.why.len() <= LONGEST_TEXT);
                let sound = few && short && capsules.iter().all(capsule_is_sound);
                (!sound).then_some("its inventory has numbers that cannot be")
            }
            Answer::Bytes { size, .. } => (*size > LARGEST).then_some("a file is larger than any disk"),
            Answer::Has(bytes) => (*bytes > LARGEST).then_some("it has more than any disk holds"),
            Answer::Failed(why) => (why.len() > LONGEST_TEXT).then_some("an error is longer than a page"),
            Answer::Done
            | Answer::Lacks(_)
            | Answer::Refused(_)
            | Answer::Cleaned(_)
            | Answer::Fault(_)
            | Answer::Harness(_)
            | Answer::Room(_)
            | Answer::Installed(_)
            | Answer::Observations(_) => None,
        },
    }
}

/// Can this be a line of a journal?
pub fn line(line: &Line) -> bool {
    time(line.at)
        && match &line.entry {
            Entry::Opened { epoch, .. } => i64::try_from(epoch.0).is_ok(),
            Entry::PhaseEnded {
                took,
                output,
                conclusion,
                ..
            } => {
                let spent = conclusion.as_deref().and_then(|Conclusion { spent, .. }| *spent);
                *took <= LONGEST && *output <= LARGEST && spent.is_none_or(|spent| spent <= DEAREST)
            }
            Entry::Ended { seal, .. } => {
                seal.is_none_or(|Seal { files, bytes, .. }| files <= LARGEST && bytes <= LARGEST)
            }
            Entry::PhaseStarted { .. } | Entry::Pressed { .. } | Entry::PhaseKept { .. } => true,
        }
}

fn time(at: Timestamp) -> bool {
    TIMES.contains(&at.0)
}

fn facts_are_sound(facts: &Facts) -> bool {
    let pair = |(all, free): (u64, u64)| all.max(free) <= LARGEST;
    let root = facts.data_root.as_ref();
    pair(facts.memory)
        && pair(facts.disk)
        && pair(facts.inodes)
        && root.is_none_or(|root| pair(root.bytes) && pair(root.inodes))
        && facts.cpus <= LARGEST
        && facts.load <= LARGEST
        && facts.slots.len() <= MOST
        && time(facts.now)
}

fn image_is_sound(image: &Shelved) -> bool {
    image.size <= LARGEST
        && image.moved <= LARGEST
        && image.layers.len() <= MOST
        && image.runtime.as_ref().is_none_or(|base| base.len() <= 512)
        && image.layers.iter().all(|(_, bytes)| *bytes <= LARGEST)
        && time(image.loaded_at)
        && time(image.last_used)
}

fn capsule_is_sound(capsule: &Capsule) -> bool {
    i64::try_from(capsule.epoch.0).is_ok() && capsule.journal.is_none_or(|bytes| bytes <= LARGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(text: &str) -> Say {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn what_cannot_be_is_not_believed() {
        let most = u64::MAX;
        for text in [
            format!(r#"{{"journal":{{"attempt":{{"job":"npb2wdccpkcv","n":1}},"from":{most},"text":""}}}}"#),
            format!(r#"{{"answer":{{"to":1,"with":{{"bytes":{{"data":"","size":{most}}}}}}}}}"#),
            format!(
                r#"{{"answer":{{"to":1,"with":{{"inventory":[{{"attempt":{{"job":"npb2wdccpkcv","n":1}},"epoch":{most},"outcome":null}}]}}}}}}"#
            ),
            format!(
                r#"{{"answer":{{"to":1,"with":{{"failed":"{}"}}}}}}"#,
                "x".repeat(LONGEST_TEXT + 1)
            ),
        ] {
            assert!(doubtful(&say(&text)).is_some(), "{text}");
        }
        let facts = |free| {
            let facts = Facts {
                memory: (free, free),
                ..Facts::default()
            };
            let with = Answer::Facts(Box::new(facts));
            doubtful(&Say::Answer { to: 1, with })
        };
        assert_eq!(facts(24 << 30), None);
        assert!(facts(u64::MAX).is_some());
    }

    #[test]
    fn a_line_of_another_age_is_not_believed() {
        let line_at = |at| Line {
            at: Timestamp(at),
            entry: Entry::PhaseStarted {
                phase: "only".parse().unwrap(),
            },
        };
        assert!(line(&line_at(1_769_159_700_000)));
        assert!(!line(&line_at(i64::MAX)));
        assert!(!line(&line_at(i64::MIN)));
    }
}
