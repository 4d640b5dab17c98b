//! The open conversations: which host takes requests now, and what each pending answer will be about.

use std::collections::BTreeMap;

use tokio::sync::mpsc;

use crate::domain::wire::{Ask, Hello, Request};
use crate::domain::{AttemptId, Fleet, HostName};

/// What an answer will be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Inventory,
    Start(AttemptId),
    Follow,
    Stop,
}

#[derive(Debug)]
struct Talk {
    boot: String,
    requests: mpsc::Sender<Request>,
    pending: BTreeMap<u64, About>,
}

/// All of them. Request ids are never used twice, so that an answer of a link that is gone means nothing.
#[derive(Debug, Default)]
pub(super) struct Talks {
    last: u64,
    open: BTreeMap<HostName, Talk>,
}

impl Talks {
    pub(super) fn open(&mut self, host: &HostName, hello: &Hello, requests: mpsc::Sender<Request>) {
        self.open.insert(
            host.clone(),
            Talk {
                boot: hello.boot.clone(),
                requests,
                pending: BTreeMap::new(),
            },
        );
    }

    pub(super) fn close(&mut self, host: &HostName) {
        self.open.remove(host);
    }

    pub(super) fn boot(&self, host: &HostName) -> String {
        self.open
            .get(host)
            .map(|talk| talk.boot.clone())
            .unwrap_or_default()
    }

    pub(super) fn answered(&mut self, host: &HostName, to: u64) -> Option<About> {
        self.open.get_mut(host)?.pending.remove(&to)
    }

    /// Hands requests to their links. What a link cannot take now is told again later, by `plan`.
    pub(super) fn send(&mut self, fleet: &mut Fleet, requests: Vec<(HostName, Ask, About)>) {
        for (host, ask, about) in requests {
            let Some(talk) = self.open.get_mut(&host) else {
                continue;
            };
            self.last += 1;
            let attempt = match &ask {
                Ask::Start(start) => Some(start.spec.id()),
                Ask::Follow { attempt, .. } | Ask::Cancel { attempt, .. } => Some(*attempt),
                Ask::Ping
                | Ask::Inventory { .. }
                | Ask::Read { .. }
                | Ask::Probe
                | Ask::Images
                | Ask::Prefetch { .. }
                | Ask::Discard { .. }
                | Ask::Harness { .. }
                | Ask::Receive
                | Ask::Install(_)
                | Ask::Examine(_) => None,
            };
            match (talk.requests.try_send(Request { id: self.last, ask }), attempt) {
                (Ok(()), _) => {
                    talk.pending.insert(self.last, about);
                }
                (Err(_), Some(attempt)) => fleet.tell(&host, attempt),
                (Err(_), None) => {}
            }
        }
    }
}
