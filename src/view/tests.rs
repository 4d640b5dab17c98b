//! Tests of what people see: the board, its tables, the progress.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;
use crate::domain::hold::Kind;
use crate::domain::host::{HostConfig, Outlook, Reach};
use crate::domain::journal::{Ending, Entry, Line, Outcome};
use crate::domain::{AttemptId, Epoch, Event, Job, JobId, Place, Span, Timestamp};
use crate::plan::Policy;
use crate::plan::reason::Coordination;
use crate::schedule::Fleet;

const START: Timestamp = Timestamp(1_769_159_700_000);

pub(super) fn at(seconds: u64) -> Timestamp {
    Timestamp(START.0 + 1000 * i64::try_from(seconds).unwrap())
}

fn hosts() -> Vec<HostConfig> {
    ["eval1", "eval2", "lancer1"]
        .map(|name| HostConfig {
            name: name.parse().unwrap(),
            reach: Reach::Local,
            slots: 1,
            arch: "x86_64".to_owned(),
            tags: Vec::new(),
            root: "~/.fleet".to_owned(),
            harness: None,
        })
        .to_vec()
}

fn job(order: u64, host: Option<&str>) -> Arc<Job> {
    let (set, instance, model) = (
        "phase8".parse().unwrap(),
        format!("inst-{order}").parse().unwrap(),
        "gpt".parse().unwrap(),
    );
    Arc::new(Job {
        id: JobId::derive(&set, &instance, &model, 1),
        set,
        instance,
        model,
        run: 1,
        task: None,
        pipeline: "swe".parse().unwrap(),
        dataset: None,
        trajectory: None,
        env: Vec::new(),
        place: host.map_or(Place::Any, |host| Place::Host(host.parse().unwrap())),
        order,
    })
}

fn first(order: u64) -> AttemptId {
    AttemptId {
        job: job(order, None).id,
        n: 1,
    }
}

/// A fleet to which things happen, and the plain lines of them.
pub(super) struct Story {
    pub(super) fleet: Fleet,
    history: History,
    lines: Vec<String>,
}

impl Story {
    pub(super) fn tell(&mut self, seconds: u64, event: &Event) {
        self.fleet.fold(at(seconds), event).unwrap();
        self.history.observe(&self.fleet, at(seconds), event);
        self.lines.extend(plain(&self.fleet, at(seconds), event));
    }

    fn start(&mut self, seconds: u64, order: u64, host: &str) {
        let (attempt, host) = (first(order), host.parse().unwrap());
        let epoch = Epoch(1);
        self.tell(seconds, &Event::Intended { attempt, host, epoch });
        let opened = Entry::Opened {
            version: 1,
            attempt,
            epoch,
            host: "eval1".parse().unwrap(),
            boot: "b".to_owned(),
            machine: None,
        };
        self.journal(seconds, order, opened);
        let phase = "evaluation".parse().unwrap();
        self.journal(seconds, order, Entry::PhaseStarted { phase });
    }

    fn journal(&mut self, seconds: u64, order: u64, entry: Entry) {
        let line = Line {
            at: at(seconds),
            entry,
        };
        let attempt = first(order);
        self.tell(seconds, &Event::Journaled { attempt, to: 0, line });
    }

    fn end(&mut self, seconds: u64, order: u64, ending: &Ending, excerpt: Option<&str>) {
        let phase: crate::domain::PhaseName = "evaluation".parse().unwrap();
        let ended = Entry::PhaseEnded {
            phase: phase.clone(),
            ending: ending.clone(),
            took: Span::seconds(60),
            output: 0,
            excerpt: excerpt.map(ToOwned::to_owned),
            conclusion: None,
        };
        self.journal(seconds, order, ended);
        let outcome = if ending.is_success() {
            Outcome::Succeeded
        } else {
            Outcome::Failed {
                phase,
                ending: ending.clone(),
            }
        };
        self.journal(seconds, order, Entry::Ended { outcome, seal: None });
    }
}

/// One job succeeded, one failed, one runs, one waits for a dead host, two for a slot.
pub(super) fn story() -> Story {
    let mut story = Story {
        fleet: Fleet::new(Epoch(1), &hosts()),
        history: History::default(),
        lines: Vec::new(),
    };
    story.fleet.enable(&"phase8".parse().unwrap());
    for (order, host) in [
        Some("eval1"),
        Some("eval2"),
        Some("eval1"),
        Some("lancer1"),
        Some("eval1"),
        None,
    ]
    .into_iter()
    .enumerate()
    {
        story.tell(0, &Event::JobAdded(job(order as u64, host)));
    }
    for host in ["eval1", "eval2"] {
        let (host, boot) = (host.parse().unwrap(), "b".to_owned());
        story.tell(1, &Event::LinkUp { host, boot });
    }
    let down = Event::LinkDown {
        host: "lancer1".parse().unwrap(),
        reason: "connection refused\u{1b}[2J".to_owned(),
        outlook: Outlook::Transient,
    };
    story.tell(2, &down);
    story.start(2, 0, "eval1");
    story.start(2, 1, "eval2");
    story.end(62, 0, &Ending::Exit(0), None);
    story.start(63, 2, "eval1");
    story.end(70, 1, &Ending::Exit(2), Some("E   assert 1 == 2"));
    story
}

fn seen(now: Timestamp, by: Coordination) -> Seen {
    Seen {
        now,
        by,
        last_known: Some(at(75)),
    }
}

fn board(story: &Story) -> Board {
    board_by(story, Coordination::AtWork)
}

pub(super) fn board_by(story: &Story, by: Coordination) -> Board {
    Board::of(
        &story.fleet,
        &Policy::default(),
        seen(at(100), by),
        &BTreeSet::from([first(0).job]),
        &hosts(),
    )
}

#[test]
fn status_tells_what_is_where_and_why() {
    insta::assert_snapshot!(status(&board(&story()), None), @r"
    host     link    for  slots  now
    eval1    up    1m39s    1/1  inst-2 gpt run 1: evaluation 37s
    eval2    up    1m39s    0/1
    lancer1  down  1m38s    0/1  connection refused\u{1b}[2J

    set     waiting  running  succeeded  failed  jobs  collected
    phase8        3        1          1       1     6          1

    running       instance  model  run  host   phase       for  age
    vmt98gwy0hbw  inst-2    gpt      1  eval1  evaluation  37s  37s

    waiting  for host  because of
          1  any       a host has room; it starts next, after what is more urgent
          1  eval1     a host has room; it starts next, after what is more urgent
          1  lancer1   a host has room; it starts next, after what is more urgent

    failed        instance  model  run  host   phase       how          first failing line
    y5wp0wfa1y4k  inst-1    gpt      1  eval2  evaluation  exit code 2  E   assert 1 == 2
    ");
}

#[test]
fn status_fits_a_narrow_terminal() {
    insta::assert_snapshot!(status(&board(&story()), Some(72)), @r"
    host     link    for  slots  now
    eval1    up    1m39s    1/1  inst-2 gpt run 1: evaluation 37s
    eval2    up    1m39s    0/1
    lancer1  down  1m38s    0/1  connection refused\u{1b}[2J

    set     waiting  running  succeeded  failed  jobs  collected
    phase8        3        1          1       1     6          1

    running       instance  model  run  host   phase       for  age
    vmt98gwy0hbw  inst-2    gpt      1  eval1  evaluation  37s  37s

    waiting  for host  because of
          1  any       a host has room; it starts next, after what is more …
          1  eval1     a host has room; it starts next, after what is more …
          1  lancer1   a host has room; it starts next, after what is more …

    failed        instance  model  how          first failing line
    y5wp0wfa1y4k  inst-1    gpt    exit code 2  E   assert 1 == 2
    ");
}

#[test]
fn without_a_coordinator_hosts_are_as_they_were_last_known() {
    let board = board_by(&story(), Coordination::Nobody);
    insta::assert_snapshot!(status(&board, None).split("\n\n").next().unwrap(), @r"
    host     link            for  slots  now
    eval1    was up      25s ago    1/1  inst-2 gpt run 1: evaluation 37s
    eval2    was up      25s ago    0/1
    lancer1  was down  1m38s ago    0/1  connection refused\u{1b}[2J
    ");
}

#[test]
fn status_of_nothing_says_how_to_begin() {
    let fleet = Fleet::new(Epoch(1), &hosts());
    let seen = seen(at(0), Coordination::Nobody);
    let board = Board::of(&fleet, &Policy::default(), seen, &BTreeSet::new(), &hosts()[..1]);
    insta::assert_snapshot!(status(&board, None), @"
    host   link   for  slots  now
    eval1  never         0/1

    no jobs yet; `fleet dispatch <file>` adds some
    ");
}

#[test]
fn the_accounts_on_the_board_add_up() {
    let board = board(&story());
    let waiting: usize = board.waiting.iter().map(|group| group.jobs.len()).sum();
    assert_eq!(board.total.jobs, 6);
    assert_eq!(board.total.waiting, waiting);
    assert_eq!(board.total.running, board.running.len());
    assert_eq!(board.total.closed() + waiting + board.running.len(), 6);
    let json: serde_json::Value = serde_json::from_str(&board.json().unwrap()).unwrap();
    assert_eq!(json["version"], 1);
    assert_eq!(json["total"]["failed"], 1);
}

fn picture(story: &Story, history: &History, wide: Option<usize>, high: Option<usize>) -> Vec<String> {
    let policy = Policy::default();
    progress(
        &story.fleet,
        &policy,
        at(100),
        at(0),
        history,
        Window { wide, high },
    )
}

fn hold(story: &mut Story, subject: &str, kind: Kind, why: &str) {
    let event = Event::Held {
        subject: subject.parse().unwrap(),
        kind,
        why: why.to_owned(),
        until: None,
    };
    story.tell(80, &event);
}

#[test]
fn progress_shows_each_host_and_what_is_left_and_no_count_is_cut() {
    let story = story();
    insta::assert_snapshot!(picture(&story, &story.history, Some(80), None).join("\n"), @r"
    eval1    inst-2 gpt run 1: evaluation 37s
    eval2    idle
    lancer1  down for 1m38s: connection refused\u{1b}[2J
    [########----------------] 2/6  left ~1m49s  elapsed 1m40s
    3 waiting, 1 running, 1 succeeded, 1 failed
    ");
    for wide in 20..=120 {
        let lines = picture(&story, &story.history, Some(wide), None);
        assert!(
            lines.iter().all(|line| crate::report::text::width(line) <= wide),
            "{lines:#?}"
        );
        let text = lines.join(" ");
        for count in ["3 waiting", "1 running", "1 succeeded", "1 failed", "2/6"] {
            assert!(text.contains(count), "{wide}: {text}");
        }
    }
}

#[test]
fn a_low_window_keeps_the_sums_and_says_how_many_hosts_it_leaves_out() {
    let story = story();
    for high in 1..=5 {
        let lines = picture(&story, &story.history, Some(80), Some(high));
        assert!(lines.len() <= high, "{lines:#?}");
        assert!(lines.last().unwrap().contains("3 waiting"), "{lines:#?}");
    }
    let lines = picture(&story, &story.history, Some(80), Some(4));
    assert_eq!(lines[1], "… and 2 hosts more (`fleet status`)");
}

#[test]
fn what_is_held_is_not_called_idle_and_nothing_that_is_blocked_has_an_eta() {
    let mut story = story();
    hold(&mut story, "host eval2", Kind::Draining, "new disk");
    hold(&mut story, "model gpt", Kind::Refused, "401 invalid key");
    insta::assert_snapshot!(picture(&story, &story.history, Some(80), None).join("\n"), @r"
    eval1    inst-2 gpt run 1: evaluation 37s
    eval2    draining: new disk
    lancer1  down for 1m38s: connection refused\u{1b}[2J
    blocked: 3 jobs need `fleet resume model gpt`: 401 invalid key
    [########----------------] 2/6  left ~27s  elapsed 1m40s
    3 waiting, 1 running, 1 succeeded, 1 failed
    ");
    story.end(90, 2, &Ending::Exit(0), None);
    let lines = picture(&story, &story.history, Some(80), None);
    assert!(
        lines.iter().any(|line| line.contains("left —")),
        "nothing can move: {lines:#?}"
    );
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("blocked: 3 jobs need `fleet resume model gpt`"))
    );
}

#[test]
fn a_host_that_nothing_waits_for_is_not_said_to_be_connecting() {
    let mut story = Story {
        fleet: Fleet::new(Epoch(1), &hosts()),
        history: History::default(),
        lines: Vec::new(),
    };
    story.fleet.enable(&"phase8".parse().unwrap());
    story.tell(0, &Event::JobAdded(job(0, Some("eval1"))));
    let policy = Policy {
        pinned: true,
        ..Policy::default()
    };
    let lines = progress(
        &story.fleet,
        &policy,
        at(1),
        at(0),
        &story.history,
        Window::default(),
    );
    assert_eq!(lines[..2], ["eval1    connecting", "eval2    not needed yet"]);
}

#[test]
fn without_history_nobody_knows_what_is_left() {
    let story = story();
    let lines = picture(&story, &History::default(), None, None);
    assert!(lines.last().unwrap().contains("left —"));
}

#[test]
fn without_a_terminal_each_event_is_one_line() {
    insta::assert_snapshot!(story().lines.join("\n"), @r"
    2026-01-23T09:15:01Z eval1 link up
    2026-01-23T09:15:01Z eval2 link up
    2026-01-23T09:15:02Z lancer1 link down: connection refused\u{1b}[2J
    2026-01-23T09:15:02Z eval1 inst-0 gpt run1 sent
    2026-01-23T09:15:02Z eval2 inst-1 gpt run1 sent
    2026-01-23T09:16:02Z eval1 inst-0 gpt run1 evaluation ended well, took 1m00s
    2026-01-23T09:16:02Z eval1 inst-0 gpt run1 succeeded after 1m00s
    2026-01-23T09:16:03Z eval1 inst-2 gpt run1 sent
    2026-01-23T09:16:10Z eval2 inst-1 gpt run1 evaluation exit code 2, took 1m00s
    2026-01-23T09:16:10Z eval2 inst-1 gpt run1 failed after 1m08s in evaluation, exit code 2: E   assert 1 == 2
    ");
}
