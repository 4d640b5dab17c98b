//! What is wrong with the work: the provider of its model, its image.

use super::{SET, TIDES, TIDES_LATER, closed, explained, follow, held, with_agent};
use crate::support::instances::instance;
use crate::support::{Lab, World, wait};

/// Its provider turns gpt away until there is a file `calm`; kimi has another one.
const LIMITED: &str = r#"
echo "$FLEET_MODEL" >> "$HOME/began"
if [ "$FLEET_MODEL" = gpt ] && [ ! -e "$HOME/calm" ]; then
  echo "litellm.RateLimitError: OpenAIException - Error code: 429 - slow down"; exit 1
fi
: > "$FLEET_OUT/patch.diff""#;

#[test]
fn a_provider_that_answers_429_for_long_is_left_alone_and_costs_no_try_and_no_other_models_time() {
    let (lab, world) = with_agent(2, LIMITED);
    let world = world
        .fleet_key("provider_pause = \"1s\"")
        .fleet_key("lost_retries = 0");
    world.instances("set", &[("*", TIDES, "gpt", 4), ("*", TIDES, "kimi", 3)]);
    let mut dispatch = world.start(&["dispatch", SET]);
    let began = |model: &str| {
        let all = ["eval1", "eval2"].map(|host| lab.sh(host, "cat began 2>/dev/null || true"));
        all.concat().lines().filter(|line| *line == model).count()
    };
    wait::until("gpt was turned away often, and kimi is done", || {
        let over = dispatch.try_wait().unwrap();
        assert!(over.is_none(), "{over:?}\n{}", world.talk());
        // More often than four jobs have tries.
        (began("gpt") > 5 && world.count("succeeded") == 3).then_some(())
    });
    // One of its jobs at a time, at most.
    let waiting = world.status()["waiting"].to_string();
    assert!(world.count("waiting") >= 3, "{waiting}");
    assert_eq!(held(&world), [""; 0]);
    // `status` and the like show what is waited for.
    wait::until("a pause is told", || {
        let told = world.status()["waiting"].to_string();
        told.contains(" nothing of gpt starts: its provider asked for a pause")
            .then_some(())
    });
    for host in ["eval1", "eval2"] {
        lab.sh(host, "touch calm");
    }
    assert!(dispatch.wait().unwrap().success(), "{}", world.talk());
    closed(&world, &[("succeeded", 7)]);
    let jobs: String = (1..=4)
        .map(|run| explained(&world, &format!("set/{TIDES}/gpt/run{run}")))
        .collect();
    assert!(jobs.contains("rate-limit (provider): "), "{jobs}");
    assert!(jobs.contains("0 of 1 tries used"), "{jobs}");
    assert!(!jobs.contains("1 of 1 tries used"), "{jobs}");
}

/// The key of an instance's archive in the lab's store.
fn archive(lab: &Lab, id: &str) -> String {
    let commit = instance(id)["base_commit"].as_str().unwrap().to_owned();
    let dir = lab.run(&["s3", "dir"]);
    let names = std::fs::read_dir(dir.trim()).unwrap();
    let mut names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.find(|name| name.contains(&commit)).unwrap()
}

#[test]
fn a_poisoned_image_stops_its_own_jobs_alone_and_the_advised_commands_bring_them_to_an_end() {
    let lab = Lab::engines_alone(2);
    lab.unload();
    let world = World::native(&lab);
    world.instances(
        "set",
        &[
            ("eval1", TIDES, "gold", 1),
            ("eval2", TIDES, "noop", 1),
            ("*", TIDES_LATER, "gold", 1),
        ],
    );
    let key = archive(&lab, TIDES);
    lab.run(&["s3", "poison", &key]);
    let ran = world.fleet(&["dispatch", SET]).code(4);
    closed(&world, &[("excluded", 2), ("resolved", 1)]);
    let [hold] = &held(&world)[..] else {
        panic!("{:?}", held(&world));
    };
    assert!(
        hold.starts_with("image s3://") && hold.contains(" stopped: image-corrupt (image): "),
        "{hold}"
    );
    assert!(hold.contains("(on eval1, eval2)"), "{hold}");

    lab.run(&["s3", "cure", &key]);
    follow(&world, &ran, "resume image").ok();
    follow(&world, &ran, "retry --class image")
        .ok()
        .prints("open again");
    // The model `noop` leaves nothing, which is its own result.
    follow(&world, &ran, "dispatch").ok();
    let status = world.status();
    assert_eq!(
        (
            world.count("resolved"),
            world.count("unresolved"),
            world.count("excluded")
        ),
        (2, 1, 0),
        "{status:#}"
    );
    assert_eq!(held(&world), [""; 0]);
}

/// A test of the first instance prints what a refused client would say. Once there is a file `refused`, every job's client says so.
const REFUSED: &str = r#"
if [ -e "$HOME/refused" ]; then echo "litellm.AuthenticationError: OpenAIException - Incorrect API key provided"; exit 1; fi
if [ "$FLEET_INSTANCE" = 2000000000000001 ]; then echo 'E       assert "invalid api key" in str(error)'; exit 1; fi
: > "$FLEET_OUT/patch.diff""#;

#[test]
fn what_one_jobs_tests_print_stops_no_model_and_a_refusal_of_two_jobs_does() {
    let (lab, world) = with_agent(1, REFUSED);
    let world = world.fleet_key("lost_retries = 0");
    world.instances("set", &[("*", TIDES, "gpt", 2), ("*", TIDES_LATER, "gpt", 2)]);
    world.fleet(&["dispatch", SET]);
    assert_eq!(held(&world), [""; 0]);
    closed(&world, &[("succeeded", 2), ("excluded", 2)]);
    lab.sh("eval1", "touch refused");
    world.instances("later", &[("*", TIDES, "gpt", 2), ("*", TIDES_LATER, "gpt", 2)]);
    let mut dispatch = world.start(&["dispatch", "assignments/later.json"]);
    let why = wait::until("the model is stopped", || {
        let over = dispatch.try_wait().unwrap();
        let held = held(&world);
        assert!(over.is_none() || !held.is_empty(), "{over:?}\n{}", world.talk());
        held.into_iter().next()
    });
    assert!(
        why.starts_with("model gpt stopped: model-refused (provider): ") && why.contains("(also with "),
        "{why}"
    );
    dispatch.wait().unwrap();
    assert!(world.count("waiting") > 0, "{}", world.talk());
}
