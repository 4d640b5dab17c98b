//! Texts of starts that are too large for one line: they go ahead in pieces, each with an answer, and the start names
//! their digests. So nothing waits long behind them, and a host that lives is heard all the while.
//!
//! Invariant: requests about one attempt keep their order. A start goes once the host has what it names, or is refused.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::domain::event::Refusal;
use crate::domain::wire::{Answer, Ask, Request, Say};
use crate::domain::{AttemptId, Sha256};

/// A text up to this size travels in its start.
const SMALL: usize = 32 << 10;
/// A piece has so many bytes at most.
const PIECE: usize = 32 << 10;
/// So many pieces are on their way at most: half a megabyte, on which everything else waits.
const FLYING: usize = 16;
/// So often a text, or a start, is sent anew before that is the host's fault.
const TRIES: u32 = 3;
/// The link's own requests have numbers from here on.
const OWN: u64 = 1 << 63;

/// What of a link's requests waits for texts, and what of these is on its way.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    last: u64,
    held: VecDeque<Held>,
    /// Starts that named texts and are not answered yet.
    named: BTreeMap<u64, Held>,
    parcel: Option<Parcel>,
}

#[derive(Debug)]
struct Held {
    request: Request,
    texts: Vec<Text>,
    /// Digests of those that must be sent yet.
    missing: BTreeSet<Sha256>,
    tries: u32,
}

#[derive(Debug, Clone)]
struct Text(Sha256, Arc<str>);

/// The text that is being sent.
#[derive(Debug)]
struct Parcel {
    text: Text,
    /// Where the next piece begins; none until the host has said how much of it is there.
    next: Option<usize>,
    /// How far the host must have come when it answers this request.
    flying: BTreeMap<u64, u64>,
    /// It has not come so far: from here on all is sent anew.
    back: Option<u64>,
    tries: u32,
}

impl Inputs {
    /// Gives back what goes at once. What must wait is kept.
    pub(super) fn take(&mut self, mut request: Request) -> Option<Request> {
        let mut texts = Vec::new();
        if let Ask::Start(start) = &mut request.ask {
            texts.extend(large(&mut start.dataset, &mut start.sent.dataset));
            texts.extend(large(&mut start.trajectory, &mut start.sent.trajectory));
        }
        let about = request.ask.attempt();
        if texts.is_empty() && about.is_none_or(|attempt| !self.waits_for(attempt)) {
            return Some(request);
        }
        self.held.push_back(Held {
            request,
            missing: texts.iter().map(|text| text.0).collect(),
            texts,
            tries: 0,
        });
        None
    }

    /// What goes next of that which was kept: a request that need not wait any more, or a piece.
    pub(super) fn next(&mut self) -> Option<Request> {
        self.release().or_else(|| self.piece())
    }

    /// An answer from the host: what the engine is to hear of it.
    pub(super) fn heard(&mut self, to: u64, with: Answer) -> Vec<Say> {
        if to >= OWN {
            return self.heard_of_piece(to, with);
        }
        let Some(mut held) = self.named.remove(&to) else {
            return vec![Say::Answer { to, with }];
        };
        let Answer::Lacks(sha256) = with else {
            return vec![Say::Answer { to, with }];
        };
        held.tries += 1;
        if held.tries > TRIES || held.texts.iter().all(|text| text.0 != sha256) {
            return vec![refused(to, "the host does not keep the inputs that it gets")];
        }
        held.missing.insert(sha256);
        self.held.push_front(held);
        Vec::new()
    }

    fn waits_for(&self, attempt: AttemptId) -> bool {
        let mut waiting = self.held.iter().chain(self.named.values());
        waiting.any(|held| held.request.ask.attempt() == Some(attempt))
    }

    fn release(&mut self) -> Option<Request> {
        let of = |held: &Held| held.request.ask.attempt();
        let mut before: BTreeSet<AttemptId> = self.named.values().filter_map(of).collect();
        let ready = self.held.iter().position(|held| {
            let first = of(held).is_none_or(|attempt| before.insert(attempt));
            first && held.missing.is_empty()
        })?;
        let held = self.held.remove(ready)?;
        let request = held.request.clone();
        if !held.texts.is_empty() {
            self.named.insert(request.id, held);
        }
        Some(request)
    }

    fn piece(&mut self) -> Option<Request> {
        if self.parcel.is_none() {
            let first = self.held.iter().find_map(|held| {
                let text = held.texts.iter().find(|text| held.missing.contains(&text.0));
                text.cloned()
            });
            self.parcel = first.map(|text| Parcel {
                text,
                next: None,
                flying: BTreeMap::new(),
                back: None,
                tries: 0,
            });
        }
        let parcel = self.parcel.as_mut()?;
        let Text(sha256, text) = &parcel.text;
        let (at, end) = match parcel.next {
            None if parcel.flying.is_empty() => (0, 0),
            Some(at) if at < text.len() && parcel.flying.len() < FLYING && parcel.back.is_none() => {
                (at, text.floor_char_boundary(at + PIECE))
            }
            None | Some(_) => return None,
        };
        self.last += 1;
        let id = OWN + self.last;
        parcel.flying.insert(id, end as u64);
        parcel.next = parcel.next.map(|_| end);
        Some(Request {
            id,
            ask: Ask::Put {
                sha256: *sha256,
                size: text.len() as u64,
                at: at as u64,
                text: text[at..end].to_owned(),
            },
        })
    }

    fn heard_of_piece(&mut self, to: u64, with: Answer) -> Vec<Say> {
        let Some(parcel) = &mut self.parcel else {
            return Vec::new();
        };
        let Some(end) = parcel.flying.remove(&to) else {
            return Vec::new();
        };
        let size = parcel.text.1.len();
        let has = match with {
            Answer::Has(has) => has,
            Answer::Failed(why) => return self.give_up(&why),
            other => return self.give_up(&format!("it answers an input with {other:?}")),
        };
        if has >= size as u64 {
            let sha256 = parcel.text.0;
            self.parcel = None;
            for held in &mut self.held {
                held.missing.remove(&sha256);
            }
            return Vec::new();
        }
        if parcel.next.is_none() || has < end {
            parcel.back = Some(parcel.back.map_or(has, |back| back.min(has)));
        }
        if parcel.flying.is_empty()
            && let Some(back) = parcel.back.take()
        {
            if parcel.next.is_some() {
                parcel.tries += 1;
            }
            if parcel.tries > TRIES {
                return self.give_up("the host does not keep the inputs that it gets");
            }
            let back = usize::try_from(back).unwrap_or(0);
            parcel.next = Some(parcel.text.1.floor_char_boundary(back));
        }
        Vec::new()
    }

    /// The text cannot be sent: neither can any start that needs it.
    fn give_up(&mut self, why: &str) -> Vec<Say> {
        let Some(parcel) = self.parcel.take() else {
            return Vec::new();
        };
        let needs = |held: &Held| held.missing.contains(&parcel.text.0);
        let says = self.held.iter().filter(|held| needs(held));
        let says = says.map(|held| refused(held.request.id, why)).collect();
        self.held.retain(|held| !needs(held));
        says
    }
}

/// Takes a large text out of its start, and leaves its digest there.
fn large(text: &mut Option<String>, sent: &mut Option<Sha256>) -> Option<Text> {
    let text = text.take_if(|text| text.len() > SMALL)?;
    let sha256 = Sha256::of(text.as_bytes());
    *sent = Some(sha256);
    Some(Text(sha256, text.into()))
}

fn refused(to: u64, why: &str) -> Say {
    Say::Answer {
        to,
        with: Answer::Refused(Refusal::HostFault(why.to_owned())),
    }
}

#[cfg(test)]
mod tests;
