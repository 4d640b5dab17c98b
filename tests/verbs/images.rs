//! `fleet images`: what the hosts have is listed, fetched ahead, and removed once nothing needs it; and by itself where the
//! engine's disk fills up.

use crate::support::instances::instance;
use crate::support::proxy::Proxy;
use crate::support::{Lab, World, wait};

const TIDES: &str = "2000000000000001";
const GRAVEL: &str = "2000000000007920";
const LEDGER: &str = "2000000000015839";

/// An agent that waits for a word on its host, and then leaves nothing.
const PATIENT: &str = r#"
[[agent]]
name = "patient"
kind = "command"
run = ["sh", "-euc", 'until [ -e ~/go ]; do sleep 0.05; done; : > "$FLEET_OUT/patch.diff"']
[[model]]
name = "patient"
agent = "patient"
"#;

/// A host without images, a way to the store that is counted, and a world that goes it.
fn bare() -> (Lab, Proxy, World) {
    on(Lab::engines(1))
}

fn on(lab: Lab) -> (Lab, Proxy, World) {
    lab.unload();
    let proxy = Proxy::start();
    let told = lab.run(&["config", "images", "agents", "pipeline"]);
    let world = World::native_with(&lab, &proxy.lead(&told)).toml(PATIENT);
    (lab, proxy, world)
}

/// The instances whose images `fleet images` tells of with these arguments.
fn told(world: &World, args: &[&str]) -> Vec<&'static str> {
    let listing = world
        .fleet(&[&["images"], args, &["--json"]].concat())
        .ok()
        .json();
    let known = |image: &serde_json::Value| {
        let source = image["source"].as_str().unwrap();
        let names = [("tides", TIDES), ("gravel", GRAVEL), ("ledger", LEDGER)];
        names
            .into_iter()
            .find(|(name, _)| source.contains(name))
            .unwrap()
            .1
    };
    listing["images"].as_array().unwrap().iter().map(known).collect()
}

fn loaded(lab: &Lab) -> String {
    lab.sh(
        lab.names()[0],
        "docker images -a --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}' | sort",
    )
}

#[test]
fn images_are_listed_fetched_ahead_once_and_removed_and_dry_runs_change_nothing() {
    let (lab, proxy, world) = bare();
    let (host, file) = (lab.names()[0], "assignments/set.json");
    let empty = loaded(&lab);
    world.instances("set", &[(host, TIDES, "gold", 1), (host, GRAVEL, "gold", 1)]);
    assert!(told(&world, &[]).is_empty());
    let dry = world.fleet(&["images", "prefetch", "--dry-run", file]).ok();
    assert!(
        dry.stdout.contains(TIDES) && dry.stdout.contains(GRAVEL),
        "{}",
        dry.stdout
    );
    assert_eq!((proxy.served("").asked, loaded(&lab)), (0, empty.clone()));

    let fetched = world
        .fleet(&["images", "prefetch", file])
        .ok()
        .says("2 images ready");
    assert!(fetched.stdout.contains(TIDES) && fetched.stdout.contains(GRAVEL));
    assert_eq!(told(&world, &["list"]), [GRAVEL, TIDES]);
    // Most of the two is the same, and moved once: the first one's 211 MB, and some kB.
    let moved = proxy.served("").bytes;
    assert!((205_000_000..213_000_000).contains(&moved), "{moved}");
    proxy.forget();
    world.fleet(&["images", "prefetch", file]).ok();
    assert_eq!(
        proxy.served("").bytes,
        2,
        "one byte each tells that nothing has changed"
    );
    world.fleet(&["dispatch", file]).ok();
    assert_eq!((world.count("resolved"), proxy.served("").bytes), (2, 4));

    let full = loaded(&lab);
    assert_eq!(told(&world, &["prune", "--dry-run"]), [GRAVEL, TIDES]);
    assert_eq!(loaded(&lab), full);
    world.fleet(&["images", "prune"]).ok().says("2 images removed");
    assert_eq!((loaded(&lab), told(&world, &[]).len()), (empty, 0));
}

#[test]
fn prune_leaves_what_open_jobs_need_and_with_all_what_a_running_one_needs() {
    let (lab, _proxy, world) = bare();
    let (host, file) = (lab.names()[0], "assignments/set.json");
    world.instances("more", &[(host, GRAVEL, "gold", 1)]);
    world.instances(
        "set",
        &[(host, TIDES, "patient", 1), (host, LEDGER, "patient", 1)],
    );
    world
        .fleet(&["images", "prefetch", file, "assignments/more.json"])
        .ok();
    let mut dispatch = with_its_agent(&world, file);
    assert_eq!(told(&world, &["prune"]), [GRAVEL]);
    assert_eq!(told(&world, &["prune", "--all"]), [LEDGER]);
    assert_eq!(told(&world, &["list"]), [TIDES]);
    lab.sh(host, "touch go");
    assert!(dispatch.wait().unwrap().success(), "{}", world.talk());
    assert_eq!(world.count("unresolved"), 2);
    assert_eq!(told(&world, &["prune"]), [TIDES, LEDGER]);
}

#[test]
fn a_host_that_is_not_there_is_told_and_nothing_is_removed_from_the_others() {
    let lab = Lab::engines(2);
    let world = World::native(&lab);
    let (well, ill) = (lab.names()[0], lab.names()[1]);
    world.instances("set", &[(well, TIDES, "gold", 1)]);
    world.fleet(&["images", "prefetch", "assignments/set.json"]).ok();
    let before = loaded(&lab);
    lab.run(&["cut", ill]);
    world
        .fleet(&["images", "prune"])
        .code(3)
        .says(ill)
        .says("not everything could be done");
    assert_eq!(loaded(&lab), before);
    world
        .fleet(&["images", "--host", "eval77"])
        .code(2)
        .says("no host is called eval77");
}

#[test]
fn a_poisoned_archive_is_the_images_fault_and_is_fetched_once_it_is_whole_again() {
    let (lab, _proxy, world) = on(Lab::engines_alone(1));
    let (host, file) = (lab.names()[0], "assignments/set.json");
    let empty = loaded(&lab);
    world.instances("set", &[(host, TIDES, "gold", 1)]);
    let dir = lab.run(&["s3", "dir"]);
    let names = std::fs::read_dir(dir.trim()).unwrap();
    let key = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .find(|name| name.contains(instance(TIDES)["base_commit"].as_str().unwrap()))
        .unwrap();
    lab.run(&["s3", "poison", &key]);
    world
        .fleet(&["images", "prefetch", file])
        .code(3)
        .says("image-corrupt");
    assert_eq!(loaded(&lab), empty, "nothing of it is loaded");
    lab.run(&["s3", "cure", &key]);
    world
        .fleet(&["images", "prefetch", file])
        .ok()
        .says("1 image ready");
}

#[test]
fn an_engine_without_room_and_one_that_is_gone_are_the_hosts_fault() {
    let (lab, proxy, world) = bare();
    let (host, file) = (lab.names()[0], "assignments/set.json");
    world.instances("set", &[(host, TIDES, "gold", 1)]);
    lab.run(&["engine-disk", host, "100"]);
    world
        .fleet(&["images", "prefetch", file])
        .code(3)
        .says("no-space");
    assert!(
        proxy.served("").bytes < 1_000_000,
        "it is known before anything moves"
    );
    lab.run(&["engine-stop", host]);
    world
        .fleet(&["images", "prefetch", file])
        .code(3)
        .says("docker-down");
    lab.run(&["reset", host]);
    world
        .fleet(&["images", "prefetch", file])
        .ok()
        .says("1 image ready");
}

/// The tag that a harness gives what it builds on top of an instance's image.
fn runtime(instance: &str) -> String {
    format!("ghcr.io/openhands/runtime:oh_v1.1.0_mswebench_s_sweb.eval.x86_64.{instance}_t_latest")
}

/// Builds it on the host as the harness does, with all three tags, on top of the instance's image.
fn build_runtime(lab: &Lab, instance: &str) {
    let lock = format!("ghcr.io/openhands/runtime:oh_v1.1.0_{instance}");
    lab.sh(
        lab.names()[0],
        &format!(
            "printf 'FROM mswebench/sweb.eval.x86_64.{instance}:latest\nLABEL harness={instance}\nLABEL runtime=1\n' |
             DOCKER_BUILDKIT=0 docker build -q -t {} -t {lock} -t {lock}_0123456789abcdef - && docker images -a",
            runtime(instance)
        ),
    );
}

/// What `fleet images` tells of, with these arguments: sources, and of what kind each is.
fn kinds(world: &World, args: &[&str]) -> Vec<(String, String)> {
    let listing = world
        .fleet(&[&["images"], args, &["--json"]].concat())
        .ok()
        .json();
    let text = |image: &serde_json::Value, key: &str| image[key].as_str().unwrap().to_owned();
    let images = listing["images"].as_array().unwrap();
    images
        .iter()
        .map(|image| (text(image, "kind"), text(image, "source")))
        .collect()
}

fn runtimes(world: &World, args: &[&str]) -> Vec<String> {
    let all = kinds(world, args).into_iter();
    all.filter(|(kind, _)| kind == "runtime")
        .map(|(_, source)| source)
        .collect()
}

/// Starts a job whose agent waits, and comes back once it does.
fn with_its_agent(world: &World, file: &str) -> std::process::Child {
    let mut dispatch = world.start(&["dispatch", file]);
    wait::until("the first job is with its agent", || {
        let over = dispatch.try_wait().unwrap();
        assert!(over.is_none(), "{over:?}\n{}", world.talk());
        // Until something is dispatched, there is no status to be had.
        let status = world.fleet(&["status", "--json"]);
        let is_there = status.status.success() && status.json()["running"][0]["phase"] == "trajectory";
        is_there.then_some(())
    });
    dispatch
}

#[test]
fn runtime_images_of_the_harness_are_listed_and_pruned_but_for_that_of_a_running_job() {
    let (lab, _proxy, world) = bare();
    let (host, file) = (lab.names()[0], "assignments/set.json");
    world.instances("more", &[(host, GRAVEL, "gold", 1)]);
    world.instances("set", &[(host, TIDES, "patient", 1)]);
    let empty = loaded(&lab);
    world
        .fleet(&["images", "prefetch", file, "assignments/more.json"])
        .ok();
    let without = loaded(&lab);
    build_runtime(&lab, TIDES);
    build_runtime(&lab, GRAVEL);
    lab.sh(
        host,
        "docker tag mswebench/sweb.eval.x86_64.2000000000007920:latest ours/runtime:kept",
    );
    assert_eq!(runtimes(&world, &["list"]), [runtime(TIDES), runtime(GRAVEL)]);
    let table = world.fleet(&["images"]).ok().stdout;
    assert!(table.contains("runtime") && table.contains("instance"), "{table}");

    let mut dispatch = with_its_agent(&world, file);
    // A container of the user's own uses one: it stays for as long.
    lab.sh(
        host,
        &format!("docker create --name theirs {} true", runtime(GRAVEL)),
    );
    assert_eq!(runtimes(&world, &["prune", "--all"]), [""; 0]);
    lab.sh(host, "docker rm theirs");
    let pruned = kinds(&world, &["prune", "--all"]);
    let first = ("runtime".to_owned(), runtime(GRAVEL));
    assert_eq!((pruned.len(), pruned.contains(&first)), (2, true), "{pruned:?}");
    assert_eq!(runtimes(&world, &["list"]), [runtime(TIDES)]);
    lab.sh(host, "touch go");
    assert!(dispatch.wait().unwrap().success(), "{}", world.talk());
    assert_eq!(runtimes(&world, &["prune"]), [runtime(TIDES)]);
    lab.sh(host, "docker rmi ours/runtime:kept");
    assert_ne!(loaded(&lab), without);
    assert_eq!(loaded(&lab), empty, "nothing that it was built up from stays");
}

#[test]
fn above_the_water_mark_what_no_job_needs_leaves_the_host_while_one_runs() {
    let (lab, _proxy, world) = bare();
    let world = world.replace("high_water = 99", "high_water = 1\nlow_water = 1");
    let (host, file) = (lab.names()[0], "assignments/set.json");
    world.instances("more", &[(host, GRAVEL, "gold", 1), (host, LEDGER, "gold", 1)]);
    world.instances("set", &[(host, TIDES, "patient", 1)]);
    world
        .fleet(&["images", "prefetch", file, "assignments/more.json"])
        .ok();
    build_runtime(&lab, TIDES);
    build_runtime(&lab, GRAVEL);
    assert_eq!(kinds(&world, &["list"]).len(), 5);
    let mut dispatch = with_its_agent(&world, file);
    wait::until("the host has only what the running job needs", || {
        let over = dispatch.try_wait().unwrap();
        assert!(over.is_none(), "{over:?}\n{}", world.talk());
        (kinds(&world, &["list"]).len() == 2).then_some(())
    });
    assert_eq!(runtimes(&world, &["list"]), [runtime(TIDES)]);
    assert!(loaded(&lab).contains(TIDES) && !loaded(&lab).contains(GRAVEL));
    lab.sh(host, "touch go");
    assert!(dispatch.wait().unwrap().success(), "{}", world.talk());
    assert_eq!(world.count("unresolved"), 1);
    lab.sh(
        host,
        "docker image ls -q ghcr.io/openhands/runtime | sort -u | xargs -r docker rmi -f",
    );
}
