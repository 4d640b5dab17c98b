//! Tests of the lease: one holder, released by any kind of death.

use std::fs::File;

use super::super::{Holder, Lease, LeaseError};
use super::at;
use crate::domain::Epoch;
use crate::doors::spawn;

fn me() -> Holder {
    Holder {
        pid: std::process::id(),
        host: "laptop".into(),
        since: at(1_769_159_700_000),
        epoch: None,
        runs: None,
    }
}

#[test]
fn the_second_coordinator_is_refused_in_one_clear_line() {
    let home = tempfile::tempdir().unwrap();
    let state = home.path().join("state");
    let lease = Lease::take(&state, &me()).unwrap();
    let refused = Lease::take(&state, &me()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!(
            "another coordinator is at work here (process {} on laptop since 2026-01-23T09:15:00Z); \
             `fleet status` shows what it does",
            std::process::id()
        )
    );
    drop(lease);
    Lease::take(&state, &me()).unwrap();
}

#[test]
fn the_holder_is_known_while_it_lives_and_no_longer() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(Lease::holder(home.path()), None);
    let lease = Lease::take(home.path(), &me()).unwrap();
    assert_eq!(Lease::holder(home.path()), Some(me()));
    let known = Holder {
        epoch: Some(Epoch(3)),
        ..me()
    };
    lease.announce(&known).unwrap();
    assert_eq!(Lease::holder(home.path()), Some(known));
    drop(lease);
    assert_eq!(Lease::holder(home.path()), None);
}

#[test]
fn somebody_looking_does_not_keep_the_lease_from_being_taken() {
    let home = tempfile::tempdir().unwrap();
    drop(Lease::take(home.path(), &me()).unwrap());
    let looking = File::open(home.path().join("coordinator.lock")).unwrap();
    looking.lock_shared().unwrap();
    std::thread::scope(|scope| {
        let taker = scope.spawn(|| Lease::take(home.path(), &me()));
        looking.unlock().unwrap();
        taker.join().unwrap().unwrap();
    });
}

#[test]
fn a_coordinator_that_is_killed_has_released_the_lease_at_once() {
    use std::io::Read as _;
    let home = tempfile::tempdir().unwrap();
    drop(Lease::take(home.path(), &me()).unwrap());
    // Holds the lock as its standard input, and says so.
    let file = File::open(home.path().join("coordinator.lock")).unwrap();
    file.lock().unwrap();
    let mut holder = spawn::command("sh")
        .args(["-c", "echo ready; exec sleep 600"])
        .stdin(file)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = [0; 6];
    holder.stdout.as_mut().unwrap().read_exact(&mut ready).unwrap();
    assert!(matches!(
        Lease::take(home.path(), &me()),
        Err(LeaseError::Held { .. })
    ));
    holder.kill().unwrap();
    holder.wait().unwrap();
    Lease::take(home.path(), &me()).unwrap();
}
