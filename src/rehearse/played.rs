//! What came of one play.

use std::collections::BTreeMap;

use crate::domain::{AttemptId, HostName, Span, Timestamp};

/// One play, from its beginning to its end.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Played {
    /// When it began.
    pub begins: Timestamp,
    /// When the last job was closed; or when nothing moved any more.
    pub ends: Timestamp,
    /// Every attempt, in the order in which they were placed.
    pub turns: Vec<Turn>,
    /// By host.
    pub hosts: BTreeMap<HostName, HostPlayed>,
    /// Jobs that were closed, and how: succeeded, failed, cancelled, given up.
    pub closed: BTreeMap<&'static str, usize>,
    /// Jobs that are left, and what they wait for.
    pub left: usize,
    /// Why nothing moves any more.
    pub stuck: Vec<String>,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// Which.
    pub attempt: AttemptId,
    /// Where.
    pub host: HostName,
    /// It was under way already.
    pub resumed: bool,
    /// When it was placed.
    pub from: Timestamp,
    /// When its end was known; none, if it never was.
    pub to: Option<Timestamp>,
    /// How it ended.
    pub word: &'static str,
    /// Bytes that its image had to move.
    pub moved: u64,
}

/// What one host did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HostPlayed {
    /// How many attempts it ran.
    pub turns: usize,
    /// How long its slots were taken, all together.
    pub busy: Span,
    /// How long they were there to be taken.
    pub there: Span,
    /// Bytes that were moved to it.
    pub moved: u64,
    /// Most bytes of images that it had.
    pub peak: u64,
    /// When its last attempt ended.
    pub last: Option<Timestamp>,
}

impl Played {
    /// How long it took.
    pub fn took(&self) -> Span {
        self.ends.since(self.begins)
    }

    /// Bytes that were moved to all hosts.
    pub fn moved(&self) -> u64 {
        self.hosts.values().map(|host| host.moved).sum()
    }

    /// The part of all slots' time that nothing ran in.
    pub fn idle(&self) -> f64 {
        let seconds = |span: fn(&HostPlayed) -> Span| -> f64 {
            let spans = self.hosts.values().map(span);
            spans.map(|span| span.duration().as_secs_f64()).sum()
        };
        // The time for which an absent host is still believed to work does not count.
        let (busy, there) = (
            seconds(|host| host.busy.min(host.there)),
            seconds(|host| host.there),
        );
        if there > 0.0 {
            (1.0 - busy / there).max(0.0)
        } else {
            0.0
        }
    }

    /// The host that is ready last, and so decides when all is.
    pub fn critical(&self) -> Option<&HostName> {
        let ready = self.hosts.iter().filter(|(_, host)| host.last.is_some());
        ready.max_by_key(|(_, host)| host.last).map(|(name, _)| name)
    }
}
