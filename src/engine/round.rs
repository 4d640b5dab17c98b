//! News are taken in rounds: as many as can be understood from the same fleet, because each round is one
//! transaction. Pieces of one journal that follow each other become one piece.

use std::collections::BTreeSet;

use super::reach::LinkEvent;
use crate::domain::wire::{Answer, Say};
use crate::domain::{AttemptId, HostName};

type Item = (HostName, LinkEvent);

/// Splits news, in order, into rounds.
pub(super) fn rounds(news: impl Iterator<Item = Item>) -> Vec<Vec<Item>> {
    let mut rounds = Vec::new();
    let mut round: Vec<Item> = Vec::new();
    let mut journals: BTreeSet<AttemptId> = BTreeSet::new();
    for item in news {
        let Some(item) = join(&mut round, item) else {
            continue;
        };
        // What changes a host, or tells of many attempts at once, is understood alone.
        let alone = match &item.1 {
            LinkEvent::Up(..) | LinkEvent::Down(..) => true,
            LinkEvent::Said(Say::Answer { with, .. }) => matches!(with, Answer::Inventory(_)),
            LinkEvent::Said(Say::Journal { .. }) => false,
        };
        let again = match &item.1 {
            LinkEvent::Said(Say::Journal { attempt, .. }) => !journals.insert(*attempt),
            LinkEvent::Up(..) | LinkEvent::Down(..) | LinkEvent::Said(Say::Answer { .. }) => false,
        };
        if (alone || again) && !round.is_empty() {
            rounds.push(std::mem::take(&mut round));
            journals.clear();
            if let LinkEvent::Said(Say::Journal { attempt, .. }) = &item.1 {
                journals.insert(*attempt);
            }
        }
        round.push(item);
        if alone {
            rounds.push(std::mem::take(&mut round));
        }
    }
    if !round.is_empty() {
        rounds.push(round);
    }
    rounds
}

/// Appends a piece of a journal to the piece before it, if that is in this round; else gives it back.
fn join(round: &mut [Item], item: Item) -> Option<Item> {
    if let (host, LinkEvent::Said(Say::Journal { attempt, from, text })) = &item {
        for (of, earlier) in round.iter_mut() {
            if let LinkEvent::Said(Say::Journal {
                attempt: same,
                from: start,
                text: before,
            }) = earlier
                && of == host
                && same == attempt
                && start.checked_add(before.len() as u64) == Some(*from)
            {
                before.push_str(text);
                return None;
            }
        }
    }
    Some(item)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(host: &str, n: u32, from: u64, text: &str) -> Item {
        let attempt = AttemptId {
            job: "npb2wdccpkcv".parse().unwrap(),
            n,
        };
        (
            host.parse().unwrap(),
            LinkEvent::Said(Say::Journal {
                attempt,
                from,
                text: text.to_owned(),
            }),
        )
    }

    #[test]
    fn pieces_that_follow_each_other_are_one_and_others_wait_for_the_next_round() {
        let news = [
            piece("a", 1, 0, "x\n"),
            piece("b", 2, 0, "y\n"),
            piece("a", 1, 2, "z\n"),
            piece("a", 1, 2, "z\n"),
        ];
        let rounds = rounds(news.into_iter());
        let texts: Vec<Vec<&str>> = rounds
            .iter()
            .map(|round| {
                round
                    .iter()
                    .map(|(_, news)| match news {
                        LinkEvent::Said(Say::Journal { text, .. }) => text.as_str(),
                        _ => "",
                    })
                    .collect()
            })
            .collect();
        assert_eq!(texts, [vec!["x\nz\n", "y\n"], vec!["z\n"]]);
    }
}
