//! Large inputs come ahead of their start, in pieces.

use fleet::domain::wire::{Answer, Ask, Sent, Start};
use fleet::domain::{Sha256, layout};

use crate::link::{Link, capsule, log, spec, start};

fn put(link: &mut Link, text: &str, at: usize, piece: &str) -> Answer {
    link.ask(Ask::Put {
        sha256: Sha256::of(text.as_bytes()),
        size: text.len() as u64,
        at: at as u64,
        text: piece.to_owned(),
    })
}

#[test]
fn a_text_that_came_in_pieces_over_two_links_becomes_the_dataset_of_every_start_that_names_it() {
    let root = tempfile::tempdir().unwrap();
    let text = "{\"instance_id\":\"ä\"}\n".repeat(1000);
    let (first, second) = text.split_at(8001);
    let mut link = Link::open(root.path());
    assert_eq!(put(&mut link, &text, 0, ""), Answer::Has(0));
    assert_eq!(put(&mut link, &text, 0, first), Answer::Has(first.len() as u64));
    link.kill();

    let mut link = Link::open(root.path());
    assert_eq!(put(&mut link, &text, 0, ""), Answer::Has(first.len() as u64));
    // A piece that leaves a gap is not taken, one that comes twice changes nothing.
    assert_eq!(put(&mut link, &text, 9000, "x"), Answer::Has(first.len() as u64));
    assert_eq!(
        put(&mut link, &text, 0, &first[..100]),
        Answer::Has(first.len() as u64)
    );
    assert_eq!(
        put(&mut link, &text, first.len(), second),
        Answer::Has(text.len() as u64)
    );
    assert_eq!(put(&mut link, &text, 0, ""), Answer::Has(text.len() as u64));
    for instance in ["one", "two"] {
        let spec = spec(
            instance,
            1,
            &["cmp \"$FLEET_DATASET\" \"$FLEET_DATASET\" && wc -c < \"$FLEET_DATASET\""],
        );
        let sent = Sent {
            dataset: Some(Sha256::of(text.as_bytes())),
            trajectory: None,
        };
        let start = Start { sent, ..start(&spec) };
        assert_eq!(link.ask(Ask::Start(Box::new(start))), Answer::Done);
        link.journal(spec.id());
        let found = std::fs::read_to_string(capsule(root.path(), &spec).join(layout::DATASET)).unwrap();
        assert!(found == text);
        assert_eq!(log(root.path(), &spec, "p0").trim(), text.len().to_string());
    }
    link.close();
}

#[test]
fn what_is_damaged_or_gone_is_asked_for_again_and_nothing_starts() {
    let root = tempfile::tempdir().unwrap();
    let mut link = Link::open(root.path());
    let text = "right".repeat(1000);
    let wrong = "wrong".repeat(1000);
    // All bytes are there, and they are not the right ones.
    assert_eq!(put(&mut link, &text, 0, &wrong), Answer::Has(0));
    assert_eq!(put(&mut link, &text, 0, &text), Answer::Has(5000));
    let sha256 = Sha256::of(text.as_bytes());
    let (whole, _) = layout::text(&root.path().canonicalize().unwrap(), sha256);
    // As a power failure leaves it.
    std::fs::write(&whole, vec![0; 5000]).unwrap();
    let spec = spec("one", 1, &["true"]);
    let start = Start {
        sent: Sent {
            dataset: None,
            trajectory: Some(sha256),
        },
        ..start(&spec)
    };
    for _ in 0..2 {
        assert_eq!(
            link.ask(Ask::Start(Box::new(start.clone()))),
            Answer::Lacks(sha256)
        );
        assert!(!capsule(root.path(), &spec).exists());
    }
    assert_eq!(put(&mut link, &text, 0, ""), Answer::Has(0));
    assert_eq!(put(&mut link, &text, 0, &text), Answer::Has(5000));
    assert_eq!(link.ask(Ask::Start(Box::new(start))), Answer::Done);
    link.journal(spec.id());
    let found = std::fs::read_to_string(capsule(root.path(), &spec).join(layout::TRAJECTORY)).unwrap();
    assert!(found == text);
    link.close();
}

#[test]
fn texts_that_nobody_has_used_for_long_go_and_too_large_ones_never_come() {
    let root = tempfile::tempdir().unwrap();
    let mut link = Link::open(root.path());
    let (old, new) = ("old".repeat(10), "new".repeat(10));
    assert_eq!(put(&mut link, &old, 0, &old), Answer::Has(30));
    assert_eq!(put(&mut link, &old[..29], 0, "half"), Answer::Has(4));
    for entry in std::fs::read_dir(root.path().join("inputs")).unwrap().flatten() {
        let file = std::fs::File::options().append(true).open(entry.path()).unwrap();
        let past = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_hours(1);
        file.set_modified(past).unwrap();
    }
    assert_eq!(put(&mut link, &new, 0, &new), Answer::Has(30));
    let names = || -> Vec<String> {
        let entries = std::fs::read_dir(root.path().join("inputs")).unwrap().flatten();
        entries
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect()
    };
    assert_eq!(names(), [Sha256::of(new.as_bytes()).to_string()]);
    let answer = link.ask(Ask::Put {
        sha256: Sha256::of(b"x"),
        size: u64::MAX,
        at: u64::MAX - 1,
        text: "x".to_owned(),
    });
    assert!(matches!(answer, Answer::Failed(_)), "{answer:?}");
    link.close();
}
