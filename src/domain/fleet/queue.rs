//! The derived parts: who waits where, and who is idle.

use super::Fleet;
use crate::domain::host::Link;
use crate::domain::id::JobId;
use crate::domain::job::Place;
use crate::domain::name::HostName;

impl Fleet {
    /// Puts a waiting job of an enabled set where `plan` will see it.
    pub(super) fn enqueue(&mut self, id: JobId) {
        let Some(entry) = self.jobs.get(&id) else { return };
        if !entry.is_waiting() || !self.enabled.contains(&entry.job.set) {
            return;
        }
        let key = (entry.job.order, id);
        if entry.lost().next().is_some() {
            self.again.insert(key);
            return;
        }
        match entry.job.place.clone() {
            Place::Any => {
                self.pool.insert(key);
            }
            Place::Host(host) => {
                self.host_entry(&host).queue.insert(key);
            }
        }
    }

    /// Takes a job out of whatever queue it is in.
    pub(super) fn dequeue(&mut self, id: JobId) {
        let Some(entry) = self.jobs.get(&id) else { return };
        let key = (entry.job.order, id);
        self.pool.remove(&key);
        self.again.remove(&key);
        if let Place::Host(host) = entry.job.place.clone()
            && let Some(host) = self.hosts.get_mut(&host)
        {
            host.queue.remove(&key);
        }
    }

    /// Decides anew whether a host counts as idle.
    pub(super) fn rate(&mut self, name: &HostName) {
        let Some(host) = self.hosts.get(name) else { return };
        let room = host.live.len() < host.slots as usize;
        if room && host.gone.is_none() && matches!(host.link, Link::Up { .. }) {
            if !self.idle.contains(name) {
                self.idle.insert(name.clone());
            }
        } else {
            self.idle.remove(name);
        }
    }
}
