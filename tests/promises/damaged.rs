//! A journal that is damaged under a running job, whose supervisor then dies: the job is run again, and nothing of the
//! first attempt is left.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use fleet::domain::wire::Holder;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{World, wait};

/// The first attempt never ends by itself, and leaves a process behind that has none of the attempt's marks.
const SCRIPT: &str = r#"echo "start $FLEET_ATTEMPT" >> "$LEDGER"
case $FLEET_ATTEMPT in
*.1) env -i setsid sh -c 'echo $$ > "$1.new"; mv "$1.new" "$1"; exec sleep 1000' sh "$LEDGER.orphan" &
    sleep 1000 ;;
esac
echo "end $FLEET_ATTEMPT" >> "$LEDGER""#;

/// The supervisor of the one job on `eval1`.
fn supervisor(world: &World) -> Pid {
    let slot = world.path("hosts/eval1/slots/0.lock");
    let pid = wait::until("the supervisor says who it is", || {
        serde_json::from_slice::<Holder>(&fs::read(&slot).ok()?).ok()?.pid
    });
    Pid::from_raw(pid)
}

fn orphan(world: &World) -> i32 {
    wait::until("the orphan runs", || {
        fs::read_to_string(world.path("ledger.orphan"))
            .ok()?
            .trim()
            .parse()
            .ok()
    })
}

fn damage(capsule: &Path) {
    let mut journal = fs::File::options()
        .append(true)
        .open(capsule.join("journal.jsonl"))
        .unwrap();
    journal.write_all(b"\xff\xfe no line of ours\n").unwrap();
}

#[test]
fn a_job_whose_journal_is_damaged_and_whose_supervisor_is_killed_is_run_again_and_leaves_nobody() {
    for coordinator_lives in [true, false] {
        let world = World::local(1);
        let world = world.script(SCRIPT);
        let file = world.jobs("set", 1, 0);
        let mut coordinator = world.start(&["dispatch", file.to_str().unwrap()]);
        let orphan = orphan(&world);
        let [capsule] = &world.capsules("eval1")[..] else {
            panic!("one attempt has begun")
        };
        // What it has read before the damage is not read again.
        wait::until("the coordinator knows of the phase", || {
            (world.status()["total"]["running"] == 1).then_some(())
        });
        if !coordinator_lives {
            coordinator.kill().unwrap();
        }
        damage(capsule);
        kill(supervisor(&world), Signal::SIGKILL).unwrap();
        let ended = coordinator.wait().unwrap();
        if coordinator_lives {
            assert!(ended.success(), "{}", world.talk());
        } else {
            world.fleet(&["dispatch", file.to_str().unwrap()]).ok();
        }
        let marks: Vec<String> = world
            .ledger()
            .iter()
            .map(|line| line[line.len() - 2..].to_owned())
            .collect();
        assert_eq!(marks, [".2", ".1", ".2"], "{:?}", world.ledger());
        let stat = fs::read_to_string(format!("/proc/{orphan}/stat")).unwrap_or_default();
        assert!(
            stat.is_empty() || stat.contains(") Z "),
            "the orphan lives: {stat}"
        );
        world
            .fleet(&["history", "set/eval1-0/gpt"])
            .ok()
            .prints("its journal was damaged at byte");
        let kept = fs::read(capsule.join("journal.damaged")).unwrap();
        assert!(kept.ends_with(b" no line of ours\n"));
    }
}

/// Waits to be told, so that its journal can be damaged before its end is written.
const WAITS: &str = r#"echo "start $FLEET_ATTEMPT" >> "$LEDGER"
until [ -e "$LEDGER.go" ]; do sleep 0.02; done
echo "end $FLEET_ATTEMPT" >> "$LEDGER""#;

#[test]
fn a_success_whose_journal_lost_its_first_line_is_read_by_a_coordinator_that_knows_nothing_of_it() {
    for gone in [false, true] {
        let world = World::local(1).script(WAITS);
        let file = world.jobs("set", 1, 0);
        let dispatch = ["dispatch", file.to_str().unwrap()];
        let mut coordinator = world.start(&dispatch);
        world.until_ledger_has(1);
        let [capsule] = &world.capsules("eval1")[..] else {
            panic!("one attempt has begun")
        };
        wait::until("the coordinator knows of the phase", || {
            (world.status()["total"]["running"] == 1).then_some(())
        });
        coordinator.kill().unwrap();
        coordinator.wait().unwrap();
        let journal = capsule.join("journal.jsonl");
        let text = fs::read_to_string(&journal).unwrap();
        let (first, rest) = text.split_once('\n').unwrap();
        let damaged = if gone {
            rest.to_owned()
        } else {
            format!("x{}\n{rest}", &first[1..])
        };
        // In place: its supervisor has it open, and appends.
        fs::write(&journal, damaged).unwrap();
        world.write("ledger.go", "");
        world.until_ledger_has(2);
        fs::remove_dir_all(world.path("state")).unwrap();
        world.fleet(&["adopt"]).ok();
        world.fleet(&dispatch).ok();
        assert_eq!(world.ledger().len(), 2, "it ran again: {:?}", world.ledger());
        world.fleet(&["collect"]).ok().says("1 at home");
    }
}
