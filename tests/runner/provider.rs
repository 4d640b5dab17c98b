//! What the provider of a model shows on a host: how often it turns an agent away, and what it was paid.

use fleet::domain::conclusion::Conclusion;
use fleet::domain::fault::FaultName;
use fleet::domain::journal::Entry;
use fleet::domain::swe::Task;
use fleet::domain::wire::{Answer, Ask};
use serde_json::json;

use crate::link::{Link, spec, start};

#[test]
fn what_a_provider_turns_away_is_counted_in_the_journal_before_the_phase_ends() {
    let limited = "for i in $(seq 25); do echo 'litellm.RateLimitError: Error code: 429'; done";
    let spec = spec(
        "a",
        1,
        &[
            &format!(
                "echo start; {limited}; echo 'openai.InternalServerError: Error code: 503' >&2; \
                 seq 1 100000; printf 'x Error code: 42'; printf '9 - without an end'"
            ),
            "echo 'nothing of the kind: 429 items, no error'",
        ],
    );
    let dir = tempfile::tempdir().unwrap();
    let mut link = Link::open(dir.path());
    assert_eq!(link.start(&spec), Answer::Done);
    let lines = link.journal(spec.id());
    let (mut limited, mut failed, mut ended) = (0, 0, false);
    for line in &lines {
        match line {
            Entry::Pressed {
                phase,
                limited: some,
                failed: others,
            } => {
                assert!(phase.as_str() == "p0" && !ended, "{lines:?}");
                assert!(some + others > 0, "a line that tells nothing");
                limited += some;
                failed += others;
            }
            Entry::PhaseEnded { .. } => ended = true,
            _ => {}
        }
    }
    assert_eq!((limited, failed), (26, 1), "{lines:?}");
}

/// What the trajectory of an agent concludes that leaves this line and runs this script.
fn trajectory(left: &serde_json::Value, script: &str) -> Conclusion {
    let mut spec = spec("calc-1", 1, &[""]);
    spec.steps[0].task = Some(Task::Trajectory);
    let base = "0123456789012345678901234567890123456789";
    let script = format!("cat > \"$FLEET_OUT/output.jsonl\" <<'END'\n{left}\nEND\n{script}");
    let swe = json!({
        "image": {
            "source": { "engine": "lab/calc:1" }, "tags": ["lab/calc:1"], "base_commit": base,
            "repo_path": "/app/repo", "platform": "linux/amd64",
        },
        "agent": { "command": { "argv": ["sh", "-euc", script], "env": {}, "cwd": null } },
        "evaluation": { "tests": 60_000, "network": "none", "processes": 256, "log_cap": 1 << 20 },
    });
    spec.swe = Some(Box::new(serde_json::from_value(swe).unwrap()));
    let mut start = start(&spec);
    let instance = json!({
        "instance_id": "calc-1", "repo": "lab/calc", "base_commit": base, "FAIL_TO_PASS": [], "PASS_TO_PASS": [],
        "test_command": "true", "test_output_parser": "python/parse_log_pytest_v3",
    });
    start.dataset = Some(format!("{instance}\n"));
    let dir = tempfile::tempdir().unwrap();
    let mut link = Link::open(dir.path());
    assert_eq!(link.ask(Ask::Start(Box::new(start))), Answer::Done);
    let lines = link.journal(spec.id());
    let said = lines.iter().find_map(|line| match line {
        Entry::PhaseEnded { conclusion, .. } => conclusion.as_deref(),
        _ => None,
    });
    said.unwrap_or_else(|| panic!("{lines:?}")).clone()
}

#[test]
fn what_an_agent_says_it_has_spent_is_told_whether_or_not_the_phase_went_well() {
    let line = |patch: &str, error: Option<&str>| {
        json!({
            "instance_id": "calc-1", "test_result": { "git_patch": patch }, "error": error,
            "metrics": { "accumulated_cost": 1.25 },
        })
    };
    let well = trajectory(&line("diff --git a/x b/x\n", None), "true");
    assert_eq!((well.spent, &well.fault), (Some(1_250_000), &None), "{well:?}");
    let ill = trajectory(&line("", Some("litellm.RateLimitError: slow down")), "exit 1");
    assert_eq!(ill.spent, Some(1_250_000), "{ill:?}");
    assert_eq!(ill.fault.unwrap().name, FaultName::RateLimit);
    let silent = json!({ "instance_id": "calc-1", "test_result": { "git_patch": "" }, "error": null });
    assert_eq!(trajectory(&silent, "true").spent, None);
}
