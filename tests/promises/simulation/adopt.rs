//! The database is lost, or an older copy of it is put back; and `fleet adopt` goes round the hosts, as the verb does.

use std::collections::BTreeMap;

use fleet::domain::{Epoch, Event, HostName};
use fleet::plan::adopt::{self, Memory};
use fleet::schedule::Fleet;

use super::world::World;

/// Hosts are asked again while they tell anything new, but not more often.
const ROUNDS: u32 = 5;
/// So many events are stored at a time; the coordinator may die in between.
const AT_ONCE: usize = 4;

impl World {
    /// One of the two, depending on the history.
    pub(crate) fn go_back(&mut self) {
        if self.dice.one_in(2) {
            self.lose_database();
        } else {
            self.put_back_database();
        }
    }

    /// The machine with the database burns down.
    pub(super) fn lose_database(&mut self) {
        self.put_back(0);
    }

    /// A copy of the database from some earlier moment is put back: of this database, or of one that was given up before.
    pub(super) fn put_back_database(&mut self) {
        if !self.seed.is_multiple_of(3) && !self.copies.is_empty() && self.dice.one_in(3) {
            let given_up = self.copies.swap_remove(self.dice.below(self.copies.len()));
            self.give_up_database();
            (self.stored, self.epochs) = given_up;
        }
        let mut events = self.dice.below(self.stored.len() + 1);
        // A copy holds whole transactions.
        let time = |n: usize| self.stored.get(n).map(|(at, _)| *at);
        while events > 0 && time(events).is_some() && time(events) == time(events - 1) {
            events += 1;
        }
        self.put_back(events);
    }

    fn put_back(&mut self, events: usize) {
        // Some histories keep their database, so that it is known throughout which host spoilt what.
        if self.seed.is_multiple_of(3) {
            return;
        }
        self.give_up_database();
        self.fleet = None;
        self.stored.truncate(events);
        self.epochs.retain(|(before, _)| *before < events);
        self.adopts = true;
        self.partial = false;
        self.muddled = true;
        self.cancelled = 0;
    }

    /// A few of the latest are kept.
    fn give_up_database(&mut self) {
        self.copies.push((self.stored.clone(), self.epochs.clone()));
        if self.copies.len() > 3 {
            self.copies.remove(0);
        }
    }

    /// `fleet adopt`: hears all hosts, and stores what they remember. If not all of them can be heard, a person tries again
    /// later, or goes on without them.
    pub(super) fn adopt(&mut self) {
        let (mut memories, heard) = self.remember(&self.refold());
        if memories.len() < self.hosts.len() && self.dice.one_in(2) {
            return;
        }
        let epoch = Epoch(self.epoch().max(heard).0 + 1);
        self.epochs.push((self.stored.len(), epoch));
        self.fleet = Some(self.loaded());
        let mut over = false;
        for round in 1.. {
            let Some(fleet) = &self.fleet else { return };
            let adopted = adopt::adopt(fleet, self.now, &memories);
            for some in adopted.events.chunks(AT_ONCE) {
                self.record(some);
            }
            let is_news = |event: &Event| !matches!(event, Event::Journaled { .. });
            over = !adopted.events.iter().any(is_news);
            if over || round == ROUNDS {
                break;
            }
            // Meanwhile the hosts go on.
            for name in self.names() {
                self.work(&name);
            }
            let Some(fleet) = self.fleet.clone() else { return };
            memories = self.remember(&fleet).0;
        }
        let Some(fleet) = &self.fleet else { return };
        let again = adopt::adopt(fleet, self.now, &memories).events;
        assert!(
            !over || again.is_empty(),
            "seed {}: adopting has more to say the second time: {again:?}",
            self.seed
        );
        let all = memories.iter();
        let mut events: Vec<Event> = all
            .clone()
            .filter_map(|(host, memory)| adopt::heard(fleet, host, &memory.inventory))
            .collect();
        let half = all.filter(|(_, memory)| adopt::is_puzzling(fleet, memory));
        let names = self.names();
        let silent = names.iter().filter(|name| !memories.contains_key(name));
        events.extend(adopt::unheard(fleet, silent.chain(half.map(|(host, _)| host))));
        self.record(&events);
        // Unless it died on the way, it has done its work.
        if self.fleet.take().is_some() {
            self.adopts = false;
            self.partial |= memories.len() < self.hosts.len();
        }
    }

    /// What hosts remember, as far as they can be heard, and the newest coordinator that any of these has heard.
    fn remember(&mut self, fleet: &Fleet) -> (BTreeMap<HostName, Memory>, Epoch) {
        let (mut memories, mut heard) = (BTreeMap::new(), Epoch(0));
        for name in self.names() {
            if self.dice.one_in(5) {
                continue;
            }
            let Some(inventory) = self.inventory(&name, true) else {
                continue;
            };
            let scene = &self.hosts[&name];
            heard = heard.max(scene.host.heard());
            let journals = inventory.capsules.iter().filter_map(|capsule| {
                let id = capsule.attempt;
                let from = adopt::wants(fleet, &name, id)?;
                let text = scene.host.journal(id).unwrap_or_default();
                let rest = usize::try_from(from).ok().and_then(|from| text.get(from..));
                Some((id, (from, rest.unwrap_or_default().to_owned())))
            });
            let journals = journals.collect();
            memories.insert(name, Memory { inventory, journals });
        }
        (memories, heard)
    }

    fn names(&self) -> Vec<HostName> {
        self.configs.iter().map(|config| config.name.clone()).collect()
    }
}
