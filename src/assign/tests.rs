//! Shares are complete, fair, and keep images together, whatever is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;

use super::balance::{pieces, weight};
use super::*;

fn subject(id: usize, image: usize) -> Arc<Subject> {
    Arc::new(Subject {
        id: format!("i{id}").parse().unwrap(),
        image: Source::Engine(format!("image{image}")),
        dataset_file: format!("../data/{id}.jsonl"),
        task: None,
    })
}

fn rooms(slots: &[u32]) -> Vec<Room> {
    let rooms = slots.iter().enumerate().map(|(n, slots)| Room {
        host: format!("eval{n}").parse().unwrap(),
        slots: *slots,
    });
    rooms.collect()
}

/// A job each: its image and how long it takes.
fn tasks(jobs: &[(usize, u64)]) -> Vec<Task> {
    let tasks = jobs.iter().enumerate().map(|(n, (image, took))| Task {
        subject: subject(n, *image),
        model: "gpt".parse().unwrap(),
        run: 1,
        expected: Some(Span(*took)),
    });
    tasks.collect()
}

fn ends(shares: &[Share]) -> Vec<u64> {
    let load = |share: &Share| share.tasks.iter().map(weight).sum();
    shares.iter().map(load).collect()
}

/// The best that can be done with these pieces on so many hosts, by trying everything.
fn best(pieces: &[u64], loads: &mut [u64]) -> u64 {
    let Some((piece, rest)) = pieces.split_first() else {
        return loads.iter().copied().max().unwrap_or(0);
    };
    let mut least = u64::MAX;
    for i in 0..loads.len() {
        loads[i] += piece;
        least = least.min(best(rest, loads));
        loads[i] -= piece;
    }
    least
}

fn questions(tasks: &[Task]) -> Vec<Question> {
    let question = |task: &Task| (task.subject.id.clone(), task.model.clone(), task.run);
    let mut all: Vec<Question> = tasks.iter().map(question).collect();
    all.sort();
    all
}

proptest! {
    #[test]
    fn every_job_is_in_one_share_and_images_are_torn_apart_only_where_they_must_be(
        jobs in prop::collection::vec((0_usize..12, 0_u64..10_000), 0..80),
        slots in prop::collection::vec(1_u32..4, 1..8),
    ) {
        let (given, rooms) = (tasks(&jobs), rooms(&slots));
        let shares = balance(given.clone(), &rooms);
        let shared: Vec<Task> = shares.iter().flat_map(|share| share.tasks.clone()).collect();
        prop_assert_eq!(questions(&shared), questions(&given));
        prop_assert_eq!(&shares, &balance(given.clone(), &rooms));

        let all: u64 = slots.iter().map(|n| u64::from(*n)).sum();
        let most = u64::from(*slots.iter().max().unwrap());
        let fair = given.iter().map(weight).sum::<u64>().div_ceil(all) * most;
        let mut loads: BTreeMap<&Source, u64> = BTreeMap::new();
        let mut homes: BTreeMap<&Source, BTreeSet<&HostName>> = BTreeMap::new();
        for share in &shares {
            let mut seen = BTreeSet::new();
            let mut last = None;
            for task in &share.tasks {
                let image = &task.subject.image;
                *loads.entry(image).or_default() += weight(task);
                homes.entry(image).or_default().insert(&share.host);
                prop_assert!(last == Some(image) || seen.insert(image), "jobs of an image follow each other");
                last = Some(image);
            }
        }
        for (image, hosts) in homes {
            prop_assert!(hosts.len() == 1 || loads[image] > fair, "{image} is on {hosts:?}");
        }
    }

    #[test]
    fn no_host_ends_later_than_four_thirds_of_the_best(
        jobs in prop::collection::vec((0_usize..7, 1_u64..1000), 1..20),
        hosts in 1_usize..4,
    ) {
        let rooms = rooms(&vec![1; hosts]);
        let shares = balance(tasks(&jobs), &rooms);
        let atoms: Vec<u64> = pieces(tasks(&jobs), &rooms).iter().map(|piece| piece.load).collect();
        prop_assume!(atoms.len() <= 9);
        let best = best(&atoms, &mut vec![0; hosts]);
        let last = ends(&shares).into_iter().max().unwrap();
        prop_assert!(last * 3 <= best * 4, "{last} of {best}");
    }
}

#[test]
fn one_image_for_all_is_shared_by_all_hosts() {
    let jobs: Vec<(usize, u64)> = (0..12).map(|n| (0, 100 + n)).collect();
    let shares = balance(tasks(&jobs), &rooms(&[1, 1, 1]));
    let counts: Vec<usize> = shares.iter().map(|share| share.tasks.len()).collect();
    assert_eq!(counts, [4, 4, 4]);
}

#[test]
fn a_host_with_two_slots_gets_twice_as_much() {
    let jobs: Vec<(usize, u64)> = (0..30).map(|n| (n, 60)).collect();
    let shares = balance(tasks(&jobs), &rooms(&[1, 2]));
    assert_eq!([shares[0].tasks.len(), shares[1].tasks.len()], [10, 20]);
    assert_eq!(shares[0].expected(), shares[1].expected());
}

#[test]
fn an_estimate_is_of_the_nearest_kin_that_has_run() {
    let name = |text: &str| text.parse().unwrap();
    let past = [
        ("a", "gpt", 10),
        ("a", "gpt", 30),
        ("a", "gpt", 9000),
        ("a", "kimi", 50),
        ("b", "kimi", 70),
    ];
    let past = past.map(|(id, model, took)| (id.parse().unwrap(), name(model), Span(took)));
    let estimate = Estimate::of(&past);
    let expected = |id: &str, model: &str| estimate.expected(&id.parse().unwrap(), &name(model));
    assert_eq!(expected("a", "gpt"), Some(Span(30)), "the same");
    assert_eq!(expected("b", "gpt"), Some(Span(70)), "the instance");
    assert_eq!(expected("c", "kimi"), Some(Span(50)), "the model");
    assert_eq!(expected("c", "opus"), Some(Span(50)), "any");
    assert_eq!(
        Estimate::default().expected(&"a".parse().unwrap(), &name("gpt")),
        None
    );
}

#[test]
fn what_counts_or_is_under_way_is_taken_away_and_told() {
    let name = |text: &str| text.parse().unwrap();
    let subjects = [subject(0, 0), subject(1, 0)];
    let models = [name("gpt"), name("kimi")];
    let known = BTreeMap::from([
        ((subjects[0].id.clone(), name("gpt"), 1), Known::Result),
        ((subjects[0].id.clone(), name("gpt"), 2), Known::Void("excluded")),
        ((subjects[1].id.clone(), name("gpt"), 1), Known::UnderWay),
        ((subjects[1].id.clone(), name("kimi"), 2), Known::AtHome),
        ((subjects[1].id.clone(), name("opus"), 1), Known::Result),
    ]);
    let found = missing(&subjects, &models, 2, &known, &Estimate::default());
    assert_eq!(
        (found.wanted, found.results, found.at_home, found.under_way),
        (8, 1, 1, 1)
    );
    assert_eq!(found.again, BTreeMap::from([("excluded", 1)]));
    assert_eq!(found.tasks.len(), 5);
}
