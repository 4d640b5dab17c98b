//! What is wrong with a host: its disk, its engine, its network, what was deployed to it.

use super::{SET, TIDES, TIDES_LATER, closed, explained, follow, held, with_agent, with_phases};
use serde_json::json;

use crate::support::instances::{first, instance};
use crate::support::{Lab, World, wait};

#[test]
fn a_full_disk_holds_its_host_alone_and_once_it_has_room_the_advised_command_finishes() {
    let lab = Lab::hosts(2);
    let world = World::lab(&lab)
        .script("head -c 100000 /dev/urandom > \"$FLEET_OUT/answer\"")
        .unreachable("3s");
    // The runner is there already; only jobs find no room.
    world.fleet(&["hosts"]).ok();
    lab.run(&["fill", "eval1"]);
    world.assign(
        "set",
        &[
            ("eval1", "a", "gpt"),
            ("eval1", "b", "gpt"),
            ("eval2", "c", "gpt"),
        ],
    );
    let ran = world.fleet(&["dispatch", SET]).ok();
    assert!(
        ran.stderr
            .contains("host eval1 is ailing: its disk is full: 0 MB free"),
        "{}",
        ran.stderr
    );
    closed(&world, &[("succeeded", 3)]);

    // Where jobs may run nowhere else, they wait, and that is told.
    world.assign("bound", &[("eval1", "d", "gpt"), ("eval2", "e", "gpt")]);
    let ran = world
        .fleet(&["dispatch", "--pinned", "assignments/bound.json"])
        .code(3)
        .says("host eval1 (1 job waits for it): ailing: its disk is full")
        .says("`fleet doctor` says how to mend hosts");
    assert_eq!((world.count("waiting"), world.count("succeeded")), (1, 4));
    lab.run(&["unfill", "eval1"]);
    follow(&world, &ran, "dispatch --pinned").ok();
    closed(&world, &[("succeeded", 5)]);
    assert_eq!(held(&world), [""; 0]);
    assert!(explained(&world, "bound/d/gpt").contains("eval1"));
}

/// Leaves the gold patch as its own, once it may.
fn solver() -> String {
    let patch = instance(TIDES)["patch"].as_str().unwrap().to_owned();
    format!(
        "echo \"$FLEET_HOST\" >> \"$HOME/began\"\nuntil [ -e \"$HOME/go\" ]; do sleep 0.05; done\ncat > \"$FLEET_OUT/patch.diff\" <<\"ANSWER\"\n{patch}\nANSWER"
    )
}

#[test]
fn an_engine_that_stops_costs_no_trajectory_and_is_no_models_fault() {
    let evaluation = "[[pipeline.phase]]\nname = \"evaluation\"\ndoes = \"evaluation\"\ntests = \"60s\"\ndeadline = \"5m\"\n\
                      [[pipeline.phase]]\nname = \"report\"\ndoes = \"report\"\ndeadline = \"1m\"\n";
    let (lab, world) = with_phases(2, &solver(), evaluation);
    let world = world.unreachable("5s");
    world.instances("set", &[("*", TIDES, "gpt", 2), ("*", TIDES, "kimi", 1)]);
    lab.sh("eval2", "touch go");
    let mut dispatch = world.start(&["dispatch", SET]);
    wait::until("an agent is at work on eval1", || {
        let began = lab.sh("eval1", "cat began 2>/dev/null || true");
        began.contains("eval1").then_some(())
    });
    lab.run(&["engine-stop", "eval1"]);
    lab.sh("eval1", "touch go");
    assert_eq!(dispatch.wait().unwrap().code(), Some(3), "{}", world.talk());
    let talk = world.talk();
    assert!(
        talk.contains("host eval1 (1 job waits for it): ailing: its Docker engine does not answer"),
        "{talk}"
    );
    assert!(talk.contains("`fleet doctor` says how to mend hosts"), "{talk}");
    assert_eq!(
        (
            world.count("resolved"),
            world.count("waiting"),
            world.count("excluded")
        ),
        (2, 1, 0)
    );
    lab.run(&["engine-start", "eval1"]);
    world.fleet(&["dispatch", SET]).ok();
    closed(&world, &[("resolved", 3)]);
    // It was paid for once.
    assert_eq!(lab.sh("eval1", "grep -c . began").trim(), "1");
    let set: String = ["gpt/run1", "gpt/run2", "kimi/run1"]
        .iter()
        .map(|job| explained(&world, &format!("set/{TIDES}/{job}")))
        .collect();
    assert!(
        set.contains("attempt 1 on eval1: ") && set.contains("(host): "),
        "{set}"
    );
    assert_eq!(held(&world), [""; 0]);
}

#[test]
fn a_host_that_loses_its_network_for_good_keeps_its_job_until_the_advised_word_is_said() {
    let lab = Lab::hosts(2);
    let world = World::lab(&lab)
        .script("[ $FLEET_HOST != eval1 ] || { touch \"$HOME/began\"; sleep 1000; }")
        .unreachable("3s");
    world.assign(
        "set",
        &[
            ("eval1", "a", "gpt"),
            ("eval1", "b", "gpt"),
            ("eval2", "c", "kimi"),
        ],
    );
    let mut dispatch = world.start(&["dispatch", SET]);
    wait::until("a job runs on eval1", || {
        lab.sh("eval1", "ls").contains("began").then_some(())
    });
    lab.run(&["cut", "eval1"]);
    assert_eq!(dispatch.wait().unwrap().code(), Some(3), "{}", world.talk());
    let talk = world.talk();
    assert!(talk.contains("host eval1 (may be running 1 job"), "{talk}");
    // Nothing was given away that may still be running; all else went elsewhere.
    assert_eq!((world.count("running"), world.count("succeeded")), (1, 2));
    let advice = "`fleet host gone NAME --because WHY` frees its jobs";
    assert!(talk.contains(advice), "{talk}");
    world
        .fleet(&["host", "gone", "eval1", "--because", "the switch is dead"])
        .ok();
    world.fleet(&["dispatch", SET]).ok();
    closed(&world, &[("succeeded", 3)]);
    let jobs = format!(
        "{}{}",
        explained(&world, "set/a/gpt"),
        explained(&world, "set/b/gpt")
    );
    assert!(jobs.contains("declared gone: the switch is dead"), "{jobs}");
}

/// A harness that is deployed wrongly on hosts that have a file `wrong`.
const DEPLOYED: &str = r#"
echo "$FLEET_HOST" >> "$HOME/began"
if [ -e "$HOME/wrong" ]; then echo "ModuleNotFoundError: No module named 'openhands.agenthub'"; exit 1; fi
: > "$FLEET_OUT/patch.diff""#;

#[test]
fn a_wrong_deploy_on_one_host_puts_that_host_in_quarantine_and_every_job_runs_elsewhere() {
    let (lab, world) = with_agent(2, DEPLOYED);
    lab.sh("eval1", "touch wrong");
    world.instances("set", &[("*", TIDES, "gpt", 7), ("*", TIDES_LATER, "kimi", 7)]);
    let ran = world.fleet(&["dispatch", SET]).ok();
    closed(&world, &[("succeeded", 14)]);
    let [hold] = &held(&world)[..] else {
        panic!("{:?}", held(&world));
    };
    assert!(hold.starts_with("host eval1 quarantined: "), "{hold}");
    assert!(hold.contains("jobs failed here, 0 of "), "{hold}");
    assert!(hold.contains("times openhands-missing"), "{hold}");
    let tried = lab.sh("eval1", "grep -c . began").trim().to_owned();

    // As it is mended, so it is said; then it takes jobs again.
    lab.sh("eval1", "rm wrong");
    assert_eq!(
        follow(&world, &ran, "resume host eval1").ok().stdout,
        "host eval1 may go on\n"
    );
    assert_eq!(held(&world), [""; 0]);
    world.instances("more", &[("eval1", TIDES, "gpt", 1)]);
    world
        .fleet(&["dispatch", "--pinned", "assignments/more.json"])
        .ok();
    closed(&world, &[("succeeded", 15)]);
    assert_ne!(lab.sh("eval1", "grep -c . began").trim(), tried);
}

#[test]
fn what_only_root_may_read_of_an_agents_leftovers_costs_no_second_run_of_it() {
    let agent = r#"echo "$FLEET_HOST" >> "$HOME/began"
docker run --rm --network none --user 0 -v "$FLEET_OUT:/o" fleet-lab/job:1 sh -euc 'mkdir /o/private; echo x > /o/private/x; echo x > /o/root-only; chmod 700 /o/private; chmod 600 /o/root-only'
: > "$FLEET_OUT/patch.diff""#;
    let later = "[[pipeline.phase]]\nname = \"later\"\nrun = [\"sh\", \"-c\", 'test -e \"$HOME/mended\"']\ndeadline = \"1m\"\n";
    let (lab, world) = with_phases(1, agent, later);
    lab.run(&["image", "eval1"]);
    world.instances("set", &[("*", TIDES, "gpt", 1)]);
    world.fleet(&["dispatch", SET]).code(4);
    let told = lab.sh("eval1", "cat .fleet/jobs/*/1/journal.jsonl");
    assert!(
        told.contains("it left what may not be read and stays on the host: "),
        "{told}"
    );
    // What was paid for is taken over, without what may not be read.
    lab.sh("eval1", "touch mended");
    world.fleet(&["retry", "--set", "set"]).ok();
    world.fleet(&["dispatch", SET]).ok();
    closed(&world, &[("succeeded", 1)]);
    assert_eq!(lab.sh("eval1", "cat began"), "eval1\n");
    let kept = lab.sh("eval1", "cd .fleet/jobs/*; ls -A 1/out/agent 2/out/agent");
    assert_eq!(
        kept,
        "1/out/agent:\npatch.diff\nprivate\nroot-only\n\n2/out/agent:\npatch.diff\nprivate\n"
    );
    world.fleet(&["collect"]).ok();
}

#[test]
fn a_disk_that_the_tests_fill_is_their_doing_and_one_that_others_fill_is_the_hosts() {
    let phases = "[[pipeline.phase]]\nname = \"evaluation\"\ndoes = \"evaluation\"\ntests = \"60s\"\ndeadline = \"5m\"\n\
                  [[pipeline.phase]]\nname = \"report\"\ndoes = \"report\"\ndeadline = \"1m\"\n";
    let (lab, world) = with_phases(1, ": > \"$FLEET_OUT/patch.diff\"", phases);
    let world = world.fleet_key("lost_retries = 0").unreachable("5s");
    lab.run(&["engine-disk", "eval1", "600"]);
    let case = |id: &str, words: &str| {
        world.variant(TIDES, id, |instance| first(instance, words));
        let job = json!({ "instance_id": id, "model": "gpt", "dataset_file": format!("{id}.jsonl") });
        world.asked(id, "eval1", &[job])
    };
    let tests_do = case("2000000000009301", "cat /dev/zero > /tmp/fill 2> /dev/null");
    world.fleet(&["dispatch", &tests_do]).ok();
    assert_eq!((world.count("unresolved"), world.count("excluded")), (1, 0));

    let others_do = case(
        "2000000000009302",
        "touch /tmp/go /tmp/here; until [ -s /tmp/go ] || [ ! -e /tmp/go ]; do sleep 0.05; done",
    );
    let mut dispatch = world.start(&["dispatch", &others_do]);
    let in_container = |line: &str| {
        let line = format!(
            "c=$(docker ps -q --filter label=fleet.attempt); [ -n \"$c\" ] && docker exec $c sh -c '{line}' && echo yes; true"
        );
        lab.sh("eval1", &line).contains("yes").then_some(())
    };
    wait::until("the tests wait", || in_container("test -e /tmp/here"));
    lab.run(&["engine-fill", "eval1"]);
    in_container("rm /tmp/go").unwrap();
    dispatch.wait().unwrap();
    assert_eq!((world.count("unresolved"), world.count("excluded")), (1, 1));
    let why = explained(&world, "2000000000009302/2000000000009302/gpt");
    assert!(why.contains("no-space (host): the disk at "), "{why}");
    lab.run(&["engine-unfill", "eval1"]);
}
