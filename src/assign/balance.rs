//! Fair shares: jobs of one image stay together, and the longest go first, each to the host that is free first (LPT).

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{Room, Share, Task};
use crate::domain::swe::Source;

/// Jobs that go to one host.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) load: u64,
    pub(super) tasks: Vec<Task>,
}

/// A share for each host, in the order of the hosts; some may be empty. Without hosts, nothing.
pub fn balance(tasks: Vec<Task>, rooms: &[Room]) -> Vec<Share> {
    let mut loads: Vec<(u64, Vec<Piece>)> = rooms.iter().map(|_| (0, Vec::new())).collect();
    for piece in pieces(tasks, rooms) {
        // Where it would end first. Times of hosts with different slots are compared without fractions.
        let end = |i: usize| u128::from(loads[i].0) + u128::from(piece.load);
        let slots = |i: usize| u128::from(rooms[i].slots.max(1));
        let first = (0..rooms.len()).min_by(|a, b| {
            let (left, right) = (end(*a) * slots(*b), end(*b) * slots(*a));
            left.cmp(&right).then(a.cmp(b))
        });
        if let Some((load, list)) = first.and_then(|first| loads.get_mut(first)) {
            *load = load.saturating_add(piece.load);
            list.push(piece);
        }
    }
    let shares = rooms.iter().zip(loads);
    shares
        .map(|(room, (_, pieces))| Share {
            host: room.host.clone(),
            slots: room.slots,
            tasks: in_order(pieces),
        })
        .collect()
}

/// What must not be torn apart, the longest first: the jobs of each image, or parts of these where they alone
/// would be more than a fair share.
pub(super) fn pieces(tasks: Vec<Task>, rooms: &[Room]) -> Vec<Piece> {
    let total: u64 = tasks.iter().map(weight).fold(0, u64::saturating_add);
    let slots: u64 = rooms.iter().map(|room| u64::from(room.slots.max(1))).sum();
    let largest = rooms.iter().map(|room| u64::from(room.slots.max(1))).max();
    let share = total.div_ceil(slots.max(1)).saturating_mul(largest.unwrap_or(1));
    let mut groups: BTreeMap<Source, Vec<Task>> = BTreeMap::new();
    for task in tasks {
        groups.entry(task.subject.image.clone()).or_default().push(task);
    }
    let mut pieces: Vec<Piece> = groups
        .into_values()
        .flat_map(|group| split(group, share.max(1)))
        .collect();
    // Stable: images of the same length stay in the order of their names.
    pieces.sort_by_key(|piece| Reverse(piece.load));
    pieces
}

/// As few parts as can be fair.
fn split(mut group: Vec<Task>, share: u64) -> Vec<Piece> {
    let load = group.iter().map(weight).fold(0, u64::saturating_add);
    let parts = usize::try_from(load.div_ceil(share)).unwrap_or(usize::MAX);
    let parts = parts.clamp(1, group.len().max(1));
    longest_first(&mut group);
    let mut pieces: Vec<Piece> = (0..parts)
        .map(|_| Piece {
            load: 0,
            tasks: Vec::new(),
        })
        .collect();
    for task in group {
        if let Some(piece) = pieces.iter_mut().min_by_key(|piece| piece.load) {
            piece.load = piece.load.saturating_add(weight(&task));
            piece.tasks.push(task);
        }
    }
    pieces
}

/// The jobs of a host's pieces: image by image.
fn in_order(pieces: Vec<Piece>) -> Vec<Task> {
    let mut groups: Vec<Vec<Task>> = Vec::new();
    for piece in pieces {
        let image = piece.tasks.first().map(|task| task.subject.image.clone());
        let same = groups
            .iter_mut()
            .find(|group| group.first().map(|task| &task.subject.image) == image.as_ref());
        match same {
            Some(group) => {
                group.extend(piece.tasks);
                longest_first(group);
            }
            None => groups.push(piece.tasks),
        }
    }
    groups.into_iter().flatten().collect()
}

fn longest_first(tasks: &mut [Task]) {
    tasks.sort_by(|a, b| {
        let key = |task: &Task| (Reverse(weight(task)), task.subject.id.clone(), task.run);
        key(a).cmp(&key(b)).then_with(|| a.model.cmp(&b.model))
    });
}

/// Where nothing is known, all jobs are equal; and none is for nothing.
pub(super) fn weight(task: &Task) -> u64 {
    task.expected.map_or(1, |expected| expected.0.max(1))
}
