//! The judge of `make chaos`, on ledgers made by hand. The run itself is a program of its own (`main.rs`), and takes long.

mod judge;
mod ledger;

use judge::{Booked, Case, Deed, Kind, breaches};

/// Two jobs on two hosts, as it should be.
const CLEAN: &str = "\
10.00 start aaa.1 eval1 7 s1/calm
10.20 beat aaa.1 eval1 7 s1/calm
12.00 end aaa.1 eval1 9 s1/calm
10.00 start bbb.1 eval2 7 s1/fails
11.00 fail bbb.1 eval2 7 s1/fails
";

fn case(ledger: &str, books: &[(&str, &str)]) -> Case {
    let booked = |(who, account): &(&str, &str)| {
        let booked = Booked {
            job: String::new(),
            account: (*account).to_owned(),
            how: String::new(),
            at_home: true,
        };
        ((*who).to_owned(), booked)
    };
    Case {
        tries: ledger::read(ledger).unwrap(),
        books: books.iter().map(booked).collect(),
        dispatched: ["s1/calm", "s1/fails"].map(str::to_owned).into(),
        slots: [("eval1".to_owned(), 1), ("eval2".to_owned(), 1)].into(),
        ..Case::default()
    }
}

const BOOKS: &[(&str, &str)] = &[("s1/calm", "succeeded"), ("s1/fails", "failed")];

#[track_caller]
fn assert_kinds(case: &Case, kinds: &[Kind]) {
    let found = breaches(case);
    let these: Vec<Kind> = found.iter().map(|breach| breach.kind).collect();
    assert_eq!(these, kinds, "{found:#?}");
}

fn deed(host: &str, attempt: Option<&str>, from: u64, to: u64) -> Deed {
    Deed {
        host: host.to_owned(),
        attempt: attempt.map(str::to_owned),
        from,
        to,
    }
}

#[test]
fn a_clean_ledger_breaks_no_promise() {
    assert_kinds(&case(CLEAN, BOOKS), &[]);
}

#[test]
fn two_attempts_of_a_job_at_a_time_are_an_overlap_whatever_was_done() {
    let ledger = format!("{CLEAN}11.90 start aaa.2 eval2 8 s1/calm\n14.00 end aaa.2 eval2 8 s1/calm\n");
    let mut case = case(&ledger, BOOKS);
    case.deeds = vec![deed("eval1", Some("aaa.1"), 1000, 1200)];
    assert_kinds(&case, &[Kind::Overlap]);
}

#[test]
fn what_an_attempt_left_behind_counts_as_alive() {
    let lost = "10.00 start aaa.1 eval1 7 s1/calm\n15.00 stray aaa.1 eval1 8 s1/calm\n";
    let next = "14.00 start aaa.2 eval2 7 s1/calm\n16.00 end aaa.2 eval2 7 s1/calm\n";
    let other = "14.00 start bbb.1 eval1 7 s1/fails\n16.00 fail bbb.1 eval1 7 s1/fails\n";
    assert_kinds(
        &case(&format!("{lost}{next}{other}"), BOOKS),
        &[Kind::Overlap, Kind::Slot],
    );
}

#[test]
fn a_number_that_was_used_twice_is_found_on_one_host_and_on_two() {
    let here = format!("{CLEAN}11.50 start aaa.1 eval1 11 s1/calm\n");
    assert_kinds(&case(&here, BOOKS), &[Kind::Twice]);
    // One after the other, too: what one of them did would be taken for the other's.
    let there = format!("{CLEAN}13.00 start aaa.1 eval2 11 s1/calm\n14.00 end aaa.1 eval2 11 s1/calm\n");
    assert_kinds(&case(&there, BOOKS), &[Kind::Twice, Kind::Again]);
    let later = format!("{CLEAN}13.00 start aaa.1 eval1 11 s1/calm\n14.00 end aaa.1 eval1 11 s1/calm\n");
    assert_kinds(&case(&later, BOOKS), &[Kind::Twice, Kind::Again]);
}

#[test]
fn a_number_may_be_used_again_only_if_host_and_database_have_both_lost_it() {
    let later = format!("{CLEAN}13.00 start aaa.1 eval2 11 s1/calm\n14.00 end aaa.1 eval2 11 s1/calm\n");
    let mut case = case(&later, BOOKS);
    case.deeds = vec![deed("eval1", Some("aaa.1"), 1220, 1220)];
    assert_kinds(&case, &[Kind::Twice]);
    for elsewhen in [1210, 1350] {
        case.losses = vec![elsewhen];
        assert_kinds(&case, &[Kind::Twice]);
    }
    case.losses = vec![1250];
    assert_kinds(&case, &[]);
    // On the same host the ledger cannot tell the two apart but by their beginnings.
    let other = "10.00 start bbb.1 eval2 7 s1/fails\n11.00 fail bbb.1 eval2 7 s1/fails\n";
    let here = format!(
        "{other}10.00 start aaa.1 eval1 7 s1/calm\n13.00 start aaa.1 eval1 11 s1/calm\n14.00 end aaa.1 eval1 11 s1/calm\n"
    );
    let mut case = self::case(&here, BOOKS);
    case.deeds = vec![deed("eval1", Some("aaa.1"), 1220, 1220)];
    for elsewhen in [1210, 1350] {
        case.losses = vec![elsewhen];
        assert_kinds(&case, &[Kind::Twice]);
    }
    case.losses = vec![1250];
    assert_kinds(&case, &[]);
}

#[test]
fn a_job_that_stands_nowhere_twice_or_open_is_told() {
    assert_kinds(&case(CLEAN, &BOOKS[..1]), &[Kind::Lost]);
    assert_kinds(&case(CLEAN, &[BOOKS, &BOOKS[..1]].concat()), &[Kind::Lost]);
    for open in ["waiting", "running"] {
        assert_kinds(&case(CLEAN, &[("s1/calm", open), BOOKS[1]]), &[Kind::Open]);
    }
}

#[test]
fn a_success_needs_an_end_and_an_end_is_a_success() {
    let stopped = CLEAN.replace("12.00 end aaa.1 eval1 9 s1/calm\n", "");
    assert_kinds(&case(&stopped, BOOKS), &[Kind::False]);
    let wrong = [("s1/calm", "failed"), BOOKS[1]];
    assert_kinds(&case(CLEAN, &wrong), &[Kind::Wrong]);
    let mut asked = case(CLEAN, &[("s1/calm", "cancelled"), BOOKS[1]]);
    assert_kinds(&asked, &[Kind::Wrong]);
    asked.cancelled.insert("s1/calm".to_owned());
    assert_kinds(&asked, &[]);
}

#[test]
fn what_is_not_at_home_is_told_unless_it_is_gone_from_its_host() {
    let mut case = case(CLEAN, BOOKS);
    case.books[0].1.at_home = false;
    assert_kinds(&case, &[Kind::Away]);
    case.deeds = vec![deed("eval1", Some("aaa.1"), 9000, 9000)];
    assert_kinds(&case, &[]);
}

#[test]
fn a_job_that_nobody_dispatched_is_told() {
    let mut case = case(CLEAN, BOOKS);
    case.dispatched.remove("s1/fails");
    assert_kinds(&case, &[Kind::Lost]);
}

#[test]
fn an_earlier_failure_does_not_outweigh_a_later_success() {
    let later = "20.00 start bbb.2 eval1 7 s1/fails\n21.00 end bbb.2 eval1 7 s1/fails\n";
    let mut case = case(&format!("{CLEAN}{later}"), BOOKS);
    case.retried.insert("s1/fails".to_owned());
    assert_kinds(&case, &[Kind::Wrong]);
    // Unless it is forgotten for good.
    case.deeds = vec![deed("eval1", Some("bbb.2"), 9000, 9000)];
    assert_kinds(&case, &[]);
}

#[test]
fn what_ended_runs_again_only_if_its_end_could_not_be_known() {
    let later = "20.00 start aaa.2 eval2 7 s1/calm\n21.00 end aaa.2 eval2 7 s1/calm\n";
    let mut case = case(&format!("{CLEAN}{later}"), BOOKS);
    assert_kinds(&case, &[Kind::Again]);
    case.deeds = vec![
        deed("eval2", None, 1100, 1100),
        deed("eval1", Some("aaa.2"), 1100, 1100),
        deed("eval1", None, 9000, 9000),
    ];
    assert_kinds(&case, &[Kind::Again]);
    case.deeds.push(deed("eval1", None, 1100, 1100));
    assert_kinds(&case, &[]);
}

#[test]
fn a_ledger_that_cannot_be_read_is_not_passed_over() {
    assert!(ledger::read("10.00 start aaa.1 eval1\n").is_err());
    assert!(ledger::read("soon start aaa.1 eval1 7 s1/calm\n").is_err());
}
