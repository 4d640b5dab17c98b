//! The network goes, sshd goes, hosts stop and start again: jobs do not notice, or are lost with proof.

use super::crash::{assert_once, ledger};
use crate::support::{Lab, World, wait};

/// Long enough to outlive what is done to its host.
const LONG: &str = r#"echo "start $FLEET_JOB" >> "$HOME/ledger"
for n in $(seq 1 180); do echo "beat $n" >> "$FLEET_OUT/beats"; sleep 0.2; done
echo "end $FLEET_JOB" >> "$HOME/ledger""#;

/// Ends when the test creates `~/go` on its host; no job depends on timing.
const HELD: &str = r#"echo "start $FLEET_JOB" >> "$HOME/ledger"
while ! [ -e "$HOME/go" ]; do sleep 0.1; done
echo "end $FLEET_JOB" >> "$HOME/ledger""#;

fn started(lab: &Lab, host: &str) -> bool {
    lab.sh(host, "cat ledger 2>/dev/null || true").contains("start")
}

#[test]
fn jobs_do_not_notice_a_cut_a_restarted_sshd_or_a_frozen_host() {
    let lab = Lab::hosts(4);
    let world = World::lab(&lab).phases("120s", &[("only", LONG)]);
    let file = world.jobs("set", 1, 0);
    let mut coordinator = world.start(&["dispatch", file.to_str().unwrap()]);
    for host in lab.names() {
        wait::until("the job runs", || started(&lab, host).then_some(()));
    }
    lab.run(&["cut", "eval1"]);
    lab.run(&["restart-sshd", "eval2"]);
    lab.run(&["freeze", "eval3"]);
    for host in ["eval1", "eval2", "eval3"] {
        wait::until("the coordinator notices", || {
            world.talk().contains(&format!("{host} link down")).then_some(())
        });
    }
    // Half a minute without network is what this test is about.
    std::thread::sleep(std::time::Duration::from_secs(30));
    lab.run(&["heal", "eval1"]);
    lab.run(&["thaw", "eval3"]);
    let status = coordinator.wait().unwrap();
    assert!(status.success(), "{}", world.talk());
    assert_once(&ledger(&lab), 4);
    for host in lab.names() {
        let ups = world.talk().matches(&format!("{host} link up")).count();
        assert_eq!(
            ups > 1,
            *host != "eval4",
            "{host} came up {ups} times\n{}",
            world.talk()
        );
    }
    world.fleet(&["collect"]).ok();
    for host in lab.names() {
        let beats =
            std::fs::read_to_string(world.path(&format!("results/set/{host}-0/gpt/run1/out/beats"))).unwrap();
        assert_eq!(beats.lines().count(), 180, "the job on {host} missed a beat");
    }
    for row in std::fs::read_to_string(world.path("results/results.jsonl"))
        .unwrap()
        .lines()
    {
        let row: serde_json::Value = serde_json::from_str(row).unwrap();
        assert_eq!(row["attempt"], 1, "{row}");
    }
}

#[test]
fn a_rebooted_host_loses_its_job_with_proof_and_another_host_runs_it_once() {
    let lab = Lab::hosts(2);
    let world = World::lab(&lab).script(HELD);
    let data = "{\"instance_id\":\"x\"}\n";
    world.write("assignments/data.jsonl", data);
    let job = r#"{"instance_id":"one","model":"gpt","dataset_file":"data.jsonl"}"#;
    let file = world.assignment("set", &format!("{{\"eval1\":[{job}]}}"));
    let mut coordinator = world.start(&["dispatch", file.to_str().unwrap()]);
    wait::until("the job runs", || started(&lab, "eval1").then_some(()));
    lab.run(&["reboot", "eval1"]);
    wait::until("it runs elsewhere", || started(&lab, "eval2").then_some(()));
    assert!(world.talk().contains("rebooted"), "no proof in\n{}", world.talk());
    lab.sh("eval2", "touch go");
    assert!(coordinator.wait().unwrap().success(), "{}", world.talk());
    assert_eq!(
        lab.sh("eval1", "grep -c start ledger; grep -c end ledger || true"),
        "1\n0\n"
    );
    assert_eq!(
        lab.sh("eval2", "grep -c start ledger; grep -c end ledger"),
        "1\n1\n"
    );
    world.fleet(&["collect"]).ok();
    let result = std::fs::read_to_string(world.path("results/set/one/gpt/run1/result.json")).unwrap();
    let result: serde_json::Value = serde_json::from_str(&result).unwrap();
    assert_eq!(
        (&result["host"], &result["attempt"]),
        (&"eval2".into(), &2.into())
    );
}

#[test]
fn an_unreachable_host_keeps_its_job_until_a_person_vouches_that_it_is_gone() {
    let lab = Lab::hosts(2);
    let world = World::lab(&lab).script(HELD).unreachable("2s");
    world.write("assignments/data.jsonl", "{\"instance_id\":\"x\"}\n");
    let job = r#"{"instance_id":"one","model":"gpt","dataset_file":"data.jsonl"}"#;
    let file = world.assignment("set", &format!("{{\"eval1\":[{job}]}}"));
    let mut coordinator = world.start(&["dispatch", file.to_str().unwrap()]);
    wait::until("the job runs", || started(&lab, "eval1").then_some(()));
    lab.run(&["kill", "eval1"]);
    // It gives up waiting, not the job.
    assert_eq!(coordinator.wait().unwrap().code(), Some(3), "{}", world.talk());
    assert!(world.talk().contains("may be running 1 job"), "{}", world.talk());
    assert!(!started(&lab, "eval2"), "the job was rescued by age");
    world.fleet(&["dispatch", file.to_str().unwrap()]).code(3);
    assert!(!started(&lab, "eval2"), "the job was rescued by age");

    world
        .fleet(&["host", "gone", "eval1", "--because", "it was switched off"])
        .ok();
    let mut coordinator = world.start(&["dispatch", file.to_str().unwrap()]);
    wait::until("it runs elsewhere", || started(&lab, "eval2").then_some(()));
    lab.sh("eval2", "touch go");
    assert!(coordinator.wait().unwrap().success(), "{}", world.talk());
}

#[test]
fn a_login_shell_that_prints_does_no_harm() {
    let lab = Lab::hosts(1);
    lab.sh(
        "eval1",
        "echo 'echo welcome; echo \"@fleet-link not really\" >&2; printf \"no newline\"' > .bashrc",
    );
    let world = World::lab(&lab).script("echo fine");
    let file = world.jobs("set", 1, 0);
    world.fleet(&["dispatch", file.to_str().unwrap()]).ok();
    world.fleet(&["collect"]).ok().says("1 at home");
}
