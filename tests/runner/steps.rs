//! What a step sees, and what becomes of its output.

use fleet::domain::journal::{Ending, Entry, Outcome};
use fleet::domain::spec::Spec;
use fleet::domain::wire::{Answer, Ask};

use crate::link::{Link, capsule, log, spec, start};

/// How the first phase ended, and with what excerpt.
fn first_phase(lines: &[Entry]) -> (Ending, Option<String>) {
    lines
        .iter()
        .find_map(|line| match line {
            Entry::PhaseEnded { ending, excerpt, .. } => Some((ending.clone(), excerpt.clone())),
            _ => None,
        })
        .unwrap()
}

fn run(spec: &Spec) -> (tempfile::TempDir, Vec<Entry>) {
    let dir = tempfile::tempdir().unwrap();
    let mut link = Link::open(dir.path());
    assert_eq!(link.start(spec), Answer::Done);
    let lines = link.journal(spec.id());
    (dir, lines)
}

#[test]
fn a_step_sees_its_job_its_secrets_and_no_held_lock() {
    let dir = tempfile::tempdir().unwrap();
    let mut link = Link::open(dir.path());
    let mut spec = spec(
        "a",
        3,
        &[
            "env; pwd; cat; cat $FLEET_DATASET; cat ../in/trajectory.jsonl; ls -l /proc/$$/fd; grep Sig /proc/self/status",
        ],
    );
    spec.steps[0].env = [("EXTRA".to_owned(), "x y".to_owned())].into();
    let mut start = start(&spec);
    start.dataset = Some("{\"line\":1}\n".to_owned());
    start.trajectory = Some("{\"given\":1}\n".to_owned());
    start.secrets = [("KEY".to_owned(), "sk-secret".to_owned())].into();
    assert_eq!(link.ask(Ask::Start(Box::new(start))), Answer::Done);
    link.journal(spec.id());
    let text = log(dir.path(), &spec, "p0");
    let capsule = capsule(dir.path(), &spec);
    let id = spec.id();
    for line in [
        format!("FLEET_ATTEMPT={id}"),
        format!("FLEET_JOB={}", spec.job.id),
        format!("FLEET_OUT={}/out", capsule.display()),
        format!("FLEET_DATASET={}/in/dataset.jsonl", capsule.display()),
        format!("{}/out", capsule.display()),
        "FLEET_SET=set".to_owned(),
        "FLEET_INSTANCE=a".to_owned(),
        "FLEET_MODEL=gpt".to_owned(),
        "FLEET_RUN=1".to_owned(),
        "FLEET_TASK=task-1".to_owned(),
        "FLEET_PHASE=p0".to_owned(),
        "FLEET_HOST=eval1".to_owned(),
        "EXTRA=x y".to_owned(),
        "KEY=sk-secret".to_owned(),
        "{\"line\":1}".to_owned(),
        "{\"given\":1}".to_owned(),
        "SigBlk:\t0000000000000000".to_owned(),
    ] {
        assert!(text.lines().any(|seen| seen == line), "{line} in {text}");
    }
    let root = std::fs::read_to_string(dir.path().join("identity")).unwrap();
    assert!(text.contains(&format!("FLEET_ROOT={root}")), "{text}");
    let ignored = text
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:\t"))
        .unwrap();
    let ignored = u64::from_str_radix(ignored, 16).unwrap();
    // The thirteenth. Whatever else is ignored was so before us, by nohup for example.
    assert_eq!(ignored & (1 << 12), 0, "SIGPIPE is not ignored");
    assert!(!text.contains(".lock"), "{text}");
    for file in ["spec.json", "journal.jsonl", "manifest.json", "supervisor.log"] {
        let text = std::fs::read_to_string(capsule.join(file)).unwrap();
        assert!(!text.contains("sk-secret"), "{file}");
    }
}

#[test]
fn the_first_failing_step_ends_the_attempt_and_says_why() {
    let spec = spec(
        "a",
        1,
        &[
            "echo fine; echo 'ValueError: no key sk-long'; echo bye; exit 7",
            "echo never",
        ],
    );
    let (_dir, lines) = run(&spec);
    let excerpt = Some("ValueError: no key sk-long".to_owned());
    assert_eq!(first_phase(&lines), (Ending::Exit(7), excerpt));
    let failed = Outcome::Failed {
        phase: "p0".parse().unwrap(),
        ending: Ending::Exit(7),
    };
    assert!(matches!(lines.last(), Some(Entry::Ended { outcome, seal: Some(_) }) if *outcome == failed));
    assert_eq!(
        lines
            .iter()
            .filter(|line| matches!(line, Entry::PhaseStarted { .. }))
            .count(),
        1
    );
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let mut spec = spec("a", 1, &[""]);
    spec.steps[0].argv = vec!["no-such-program".to_owned()];
    let (Ending::NotStarted(why), _) = first_phase(&run(&spec).1) else {
        panic!("it cannot have started")
    };
    assert!(
        why.contains("no-such-program") && why.contains("No such file"),
        "{why}"
    );
    spec.steps[0].argv = vec!["/bin/true".to_owned(), "a\0b".to_owned()];
    assert!(matches!(first_phase(&run(&spec).1).0, Ending::NotStarted(_)));
    spec.steps[0].argv = vec!["/bin/true".to_owned()];
    spec.steps[0].cwd = Some("/no/such/place".to_owned());
    assert!(matches!(first_phase(&run(&spec).1).0, Ending::NotStarted(_)));
}

#[test]
fn a_signal_of_its_own_is_told() {
    let spec = spec("a", 1, &["kill -9 $$"]);
    assert_eq!(first_phase(&run(&spec).1).0, Ending::Signal(9));
}

#[test]
fn a_flood_of_output_is_counted_whole_and_kept_at_both_ends() {
    let mut spec = spec("a", 1, &["seq 1 1000000"]);
    spec.output_cap = 1000;
    let (dir, lines) = run(&spec);
    let output = lines.iter().find_map(|line| match line {
        Entry::PhaseEnded { output, .. } => Some(*output),
        _ => None,
    });
    assert_eq!(output, Some(6_888_896));
    let text = log(dir.path(), &spec, "p0");
    assert!(text.starts_with("1\n2\n3\n"), "{text}");
    assert!(text.ends_with("\n999999\n1000000\n"), "{text}");
    assert!(text.contains("\n[… 6887896 bytes left out …]\n"), "{text}");
}

#[test]
fn a_file_of_the_attempt_can_be_read_over_the_link() {
    let dir = tempfile::tempdir().unwrap();
    let mut link = Link::open(dir.path());
    let spec = spec("a", 1, &["echo hello"]);
    link.start(&spec);
    link.journal(spec.id());
    let mut read = |file: &str| {
        link.ask(Ask::Read {
            attempt: spec.id(),
            file: file.to_owned(),
            from: 1,
            most: 3,
        })
    };
    let bytes = Answer::Bytes {
        data: "ZWxs".to_owned(),
        size: 6,
    };
    assert_eq!(read("log/p0.log"), bytes);
    assert!(matches!(read("../../../epoch.json"), Answer::Failed(_)));
}
