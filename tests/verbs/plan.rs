//! `fleet plan`: who would run what when; nothing happens.

#![expect(clippy::float_cmp, reason = "these are whole numbers")]

use std::fs;

use crate::support::{GO, World, wait};

const FILE: &str = "assignments/phase8.json";

#[test]
fn it_tells_who_runs_what_when_and_leaves_no_trace() {
    let world = World::local(2).script("true");
    world.jobs("phase8", 3, 2);
    let plan = world.fleet(&["plan", FILE]).ok();
    let plan = plan
        .prints("phase8/eval1-0/gpt/run1")
        .prints("phase8/pool-0/gpt/run1")
        .prints("8: 8 succeeded")
        .prints("P50")
        .says("nothing has been measured here yet")
        .says("only 1m00s");
    assert_eq!(plan.stdout.matches("eval2-").count(), 3, "{}", plan.stdout);
    assert!(!world.path("state").exists(), "planning leaves no trace");
    assert!(!world.path("hosts").exists(), "no host was asked");
}

#[test]
fn long_lists_are_cut_for_people_and_complete_on_request() {
    let world = World::local(2).script("true");
    world.jobs("phase8", 9, 0);
    let short = world.fleet(&["plan", FILE]).ok().prints("… and 4 more");
    assert_eq!(short.stdout.matches("phase8/").count(), 10, "{}", short.stdout);
    let all = world.fleet(&["plan", "--all", FILE]).ok();
    assert_eq!(all.stdout.matches("phase8/").count(), 18, "{}", all.stdout);
    let json = world.fleet(&["plan", "--json", FILE]).ok().json();
    assert_eq!(json["version"], 1);
    assert_eq!(json["sets"][0], "phase8");
    let attempts = json["plan"]["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 18);
    assert!(json.get("changed").is_none());
    for attempt in attempts {
        let (start, end) = (
            attempt["start_s"].as_f64().unwrap(),
            attempt["end_s"].as_f64().unwrap(),
        );
        assert!(0.0 <= start && start < end, "{attempt}");
    }
    // One slot a host: nothing overlaps.
    for pair in attempts
        .windows(2)
        .filter(|pair| pair[0]["host"] == pair[1]["host"])
    {
        assert!(
            pair[0]["end_s"].as_f64() <= pair[1]["start_s"].as_f64(),
            "{pair:?}"
        );
    }
    let narrow = world
        .command(&["plan", FILE])
        .env("COLUMNS", "80")
        .output()
        .unwrap();
    let narrow = String::from_utf8(narrow.stdout).unwrap();
    let widest = narrow.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(80), "{narrow}");
}

#[test]
fn a_change_is_shown_beside_what_was_planned_without_it() {
    let world = World::local(2).script("true");
    world.jobs("phase8", 0, 8);
    let planned = world.fleet(&["plan", "--json", FILE]).ok().json();
    let finish = planned["plan"]["finish_s"].as_f64().unwrap();
    let with = |change: &str| {
        let json = world
            .fleet(&["plan", "--json", "--what-if", change, FILE])
            .ok()
            .json();
        assert_eq!(json["plan"]["finish_s"].as_f64().unwrap().round(), finish.round());
        json["changed"].clone()
    };
    let dead = with("eval2 dies at +1m");
    assert_eq!(
        (dead["closed"]["succeeded"].as_u64(), dead["left"].as_u64()),
        (Some(8), Some(0))
    );
    assert!(dead["finish_s"].as_f64().unwrap() > finish * 1.5, "{dead}");
    let on_two = dead["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|job| job["host"] == "eval2");
    let ends: Vec<_> = on_two.map(|job| job["ends"].as_str().unwrap()).collect();
    assert_eq!(
        ends,
        ["lost"],
        "what ran there is lost, and nothing more goes there"
    );
    assert!(with("2 more hosts")["finish_s"].as_f64().unwrap() < finish * 0.6);
    assert!(with("eval2 slows 10x at +1m")["finish_s"].as_f64().unwrap() > finish);
    assert!(with("eval2 joins at +30m")["finish_s"].as_f64().unwrap() > finish);
    let refused = with("gpt refuses");
    assert_eq!(refused["closed"]["succeeded"].as_u64(), None, "{refused}");
    world
        .fleet(&["plan", "--what-if", "eval2 dies at +1m", FILE])
        .ok()
        .prints("changed")
        .prints("(lost)");
}

#[test]
fn changes_that_are_not_understood_are_told_all_at_once() {
    let world = World::local(2).script("true");
    world.jobs("phase8", 1, 0);
    world
        .fleet(&[
            "plan",
            "--what-if",
            "evall dies, gtp refuses at 2h",
            "--what-if",
            "sing",
            FILE,
        ])
        .code(2)
        .says("column 1: no host is called `evall`; did you mean `eval1`?")
        .says("column 13: no model is called `gtp`; did you mean `gpt`?")
        .says("column 13: `2h` is not a time from now; write +30m, +2h or +1h30m")
        .says("`sing` is not understood; write one of `HOST dies at +2h`");
    world.assignment("bad", "{\"eval9\": [{}]}");
    world
        .fleet(&["plan", "--what-if", "sing", "assignments/bad.json"])
        .code(2)
        .says("eval9")
        .says("`sing` is not understood");
    let noisy = world
        .fleet(&["plan", "--what-if", "\u{1b}[31m dies", FILE])
        .code(2);
    assert!(!noisy.stderr.contains('\u{1b}'), "{}", noisy.stderr);
}

#[test]
fn what_is_closed_is_not_run_again_and_what_runs_is_counted_from_its_start() {
    let world = World::local(1).phases(
        "60s",
        &[("only", &format!("[ $FLEET_INSTANCE = eval1-0 ] || {GO}"))],
    );
    world.jobs("phase8", 3, 0);
    let mut dispatch = world.start(&["dispatch", FILE]);
    wait::until("the first job is done and the second runs", || {
        let json = world
            .path("state")
            .exists()
            .then(|| world.fleet(&["plan", "--json", FILE]).ok().json())?;
        let attempts = json["plan"]["attempts"].as_array()?.clone();
        let running = attempts.first()?["running"].as_bool()?;
        (attempts.len() == 2 && running).then_some(attempts)
    });
    let database = fs::read(world.path("state/fleet.sqlite")).unwrap();
    let json = world.fleet(&["plan", "--json", FILE]).ok().json();
    let attempts = &json["plan"]["attempts"];
    assert_eq!(attempts[0]["instance"], "eval1-1");
    assert!(attempts[0]["start_s"].as_f64().unwrap() < 0.0, "{attempts}");
    assert_eq!(
        (&attempts[1]["instance"], &attempts[1]["running"]),
        (&"eval1-2".into(), &false.into())
    );
    assert_eq!(json["plan"]["closed"]["succeeded"], 3);
    world.fleet(&["plan", FILE]).ok().prints("(running)");
    assert_eq!(
        fs::read(world.path("state/fleet.sqlite")).unwrap(),
        database,
        "planning stores nothing"
    );
    world.go();
    assert!(dispatch.wait().unwrap().success());
    let json = world.fleet(&["plan", "--json", FILE]).ok().json();
    assert_eq!(json["plan"]["attempts"].as_array().unwrap().len(), 0);
    assert_eq!(json["plan"]["finish_s"], 0.0);
}

#[test]
fn times_follow_what_was_measured_here() {
    let world = World::local(1).script("sleep 1");
    world.jobs("phase8", 3, 0);
    world.fleet(&["dispatch", FILE]).ok();
    world.jobs("phase9", 4, 0);
    let json = world
        .fleet(&["plan", "--json", "assignments/phase9.json"])
        .ok()
        .json();
    let finish = json["plan"]["finish_s"].as_f64().unwrap();
    // A minute each is assumed of what was never measured.
    assert!((4.0..60.0).contains(&finish), "{json}");
    world
        .fleet(&["plan", "assignments/phase9.json"])
        .ok()
        .says("times follow 3 measured phases");
}
