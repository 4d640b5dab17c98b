//! The open conversations: which host takes requests now, and what each pending answer will be about.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::domain::wire::{Ask, Hello, Request};
use crate::domain::{AttemptId, Fault, HostName};
use crate::doors::clock;
use crate::schedule::fleet::LiveNotes;

/// What an answer will be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PendingReply {
    Inventory,
    Start(AttemptId),
    Follow,
    Stop,
    /// Whether an attempt is there that could not be started now, and why it could not.
    Seek(AttemptId, Fault),
    /// That the attempt is withdrawn: no older coordinator can start it any more.
    Withdraw(AttemptId, Fault),
    /// How the host is.
    Look,
    /// Which images it has.
    Shelf,
    /// An image that is fetched ahead.
    Fetch,
    /// The image with this source, which is to go.
    Evict(String),
    /// Leftovers.
    Clean,
}

#[derive(Debug)]
struct Connection {
    boot: String,
    requests: mpsc::Sender<Request>,
    pending: BTreeMap<u64, PendingReply>,
    /// When it was last asked how it is.
    looked: Option<Instant>,
    /// It has said what runs there.
    up: bool,
    /// When it was last asked what runs there.
    counted: Option<Instant>,
    /// It must be asked again.
    doubted: bool,
}

/// All of them. Request ids are never used twice, so that an answer of a link that is gone means nothing.
#[derive(Debug, Default)]
pub(super) struct Connections {
    last: u64,
    open: BTreeMap<HostName, Connection>,
}

impl Connections {
    pub(super) fn open(&mut self, host: &HostName, hello: &Hello, requests: mpsc::Sender<Request>) {
        self.open.insert(
            host.clone(),
            Connection {
                boot: hello.boot.clone(),
                requests,
                pending: BTreeMap::new(),
                looked: None,
                up: false,
                counted: None,
                doubted: false,
            },
        );
    }

    pub(super) fn close(&mut self, host: &HostName) {
        self.open.remove(host);
    }

    /// The host has said what runs there. Its boot, if that was the first time over this link.
    pub(super) fn first_inventory(&mut self, host: &HostName) -> Option<String> {
        let talk = self.open.get_mut(host)?;
        (!std::mem::replace(&mut talk.up, true)).then(|| talk.boot.clone())
    }

    /// What is known of the attempts on this host may be wrong.
    pub(super) fn doubt(&mut self, host: &HostName) {
        if let Some(talk) = self.open.get_mut(host) {
            talk.doubted = true;
        }
    }

    /// Hosts that are to be asked again what runs there: in doubt, and not asked for so long.
    pub(super) fn doubted(&self, pause: Duration) -> Vec<HostName> {
        let now = clock::tick();
        let due = self.open.iter().filter(|(host, talk)| {
            let late = talk.counted.is_none_or(|at| now.duration_since(at) >= pause);
            talk.up && talk.doubted && late && !self.awaits(host, &PendingReply::Inventory)
        });
        due.map(|(host, _)| host.clone()).collect()
    }

    /// Hosts that have not said for so long what runs there, although they were asked.
    pub(super) fn mute(&self, patience: Duration) -> Vec<HostName> {
        let now = clock::tick();
        let mute = self.open.iter().filter(|(host, talk)| {
            let late = talk.counted.is_some_and(|at| now.duration_since(at) >= patience);
            late && self.awaits(host, &PendingReply::Inventory)
        });
        mute.map(|(host, _)| host.clone()).collect()
    }

    pub(super) fn answered(&mut self, host: &HostName, to: u64) -> Option<PendingReply> {
        self.open.get_mut(host)?.pending.remove(&to)
    }

    /// Is an answer of this kind on its way?
    pub(super) fn awaits(&self, host: &HostName, about: &PendingReply) -> bool {
        let talk = self.open.get(host);
        talk.is_some_and(|talk| talk.pending.values().any(|pending| pending == about))
    }

    /// Hosts that have not been asked how they are for so long, and are not about to say so.
    pub(super) fn unheard_for(&self, span: Duration) -> Vec<HostName> {
        let now = clock::tick();
        let due = self.open.iter().filter(|(host, talk)| {
            let late = talk.looked.is_none_or(|at| now.duration_since(at) >= span);
            late && !self.awaits(host, &PendingReply::Look)
        });
        due.map(|(host, _)| host.clone()).collect()
    }

    /// Hands requests to their links. What a link cannot take now is told again later, by `plan`.
    pub(super) fn send(&mut self, notes: &mut LiveNotes, requests: Vec<(HostName, Ask, PendingReply)>) {
        for (host, ask, about) in requests {
            let Some(talk) = self.open.get_mut(&host) else {
                continue;
            };
            self.last += 1;
            let attempt = ask.attempt();
            match (talk.requests.try_send(Request { id: self.last, ask }), attempt) {
                (Ok(()), _) => {
                    match about {
                        PendingReply::Look => talk.looked = Some(clock::tick()),
                        PendingReply::Inventory => {
                            (talk.counted, talk.doubted) = (Some(clock::tick()), false);
                        }
                        PendingReply::Start(_)
                        | PendingReply::Follow
                        | PendingReply::Stop
                        | PendingReply::Seek(..)
                        | PendingReply::Withdraw(..)
                        | PendingReply::Shelf
                        | PendingReply::Fetch
                        | PendingReply::Evict(_)
                        | PendingReply::Clean => {}
                    }
                    talk.pending.insert(self.last, about);
                }
                (Err(_), Some(attempt)) => notes.mark_unsent(&host, attempt),
                (Err(_), None) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::domain::wire::PROTOCOL;

    /// One open conversation, and where its requests arrive.
    fn talks(host: &HostName) -> (Connections, mpsc::Receiver<Request>) {
        let mut talks = Connections::default();
        let (requests, taken) = mpsc::channel(8);
        let hello = Hello {
            protocol: PROTOCOL,
            version: String::new(),
            boot: "boot".to_owned(),
            now: Timestamp(0),
        };
        talks.open(host, &hello, requests);
        (talks, taken)
    }

    #[test]
    fn a_host_that_does_not_say_what_runs_there_is_known_as_one_until_it_says_so() {
        let host: HostName = "eval1".parse().unwrap();
        let (mut talks, mut taken) = talks(&host);
        let mut notes = LiveNotes::default();
        assert_eq!(talks.mute(Duration::ZERO), [], "nobody has asked");
        let ask = Ask::Inventory { jobs: false };
        talks.send(&mut notes, vec![(host.clone(), ask, PendingReply::Inventory)]);
        assert_eq!(talks.mute(Duration::from_hours(1)), [], "it has time");
        assert_eq!(talks.mute(Duration::ZERO), std::slice::from_ref(&host));
        let asked = taken.try_recv().unwrap();
        assert_eq!(talks.answered(&host, asked.id), Some(PendingReply::Inventory));
        assert_eq!(talks.mute(Duration::ZERO), []);
    }

    #[test]
    fn a_host_that_has_just_said_how_it_is_is_left_alone_for_a_while() {
        let host: HostName = "eval1".parse().unwrap();
        let (mut talks, mut taken) = talks(&host);
        let mut notes = LiveNotes::default();
        let hour = Duration::from_hours(1);
        assert_eq!(talks.unheard_for(hour), std::slice::from_ref(&host));
        talks.send(&mut notes, vec![(host.clone(), Ask::Probe, PendingReply::Look)]);
        assert_eq!(talks.unheard_for(Duration::ZERO), [], "its answer is on its way");
        let asked = taken.try_recv().unwrap();
        assert_eq!(talks.answered(&host, asked.id), Some(PendingReply::Look));
        assert_eq!(talks.unheard_for(hour), []);
        assert_eq!(talks.unheard_for(Duration::ZERO), [host]);
    }
}
