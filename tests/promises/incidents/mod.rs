//! Bad days, each on real hosts: a full disk, an engine that stops, a host that loses its network for good, a wrong
//! deploy, a provider that wants to be left alone, a poisoned image. In each the run ends with closed books and with
//! blame where it belongs; and what is said of the way out is done, word by word, and leads out.

mod hosts;
mod work;

use serde_json::Value;

use crate::support::{Lab, Ran, World};

/// Two instances of the lab with images of their own.
const TIDES: &str = "2000000000000001";
const TIDES_LATER: &str = "2000000000000003";

/// What the command line calls the only set of a world.
const SET: &str = "assignments/set.json";

/// Hosts with engines, and a world whose models all have this agent, a script for sh. Jobs end with their trajectory.
fn with_agent(hosts: usize, script: &str) -> (Lab, World) {
    with_phases(hosts, script, "")
}

/// The same with further phases.
fn with_phases(hosts: usize, script: &str, phases: &str) -> (Lab, World) {
    let lab = Lab::engines(hosts);
    let images = lab.run(&["config", "images"]);
    let world = World::native_with(
        &lab,
        &format!(
            "{images}[[agent]]\nname = \"actor\"\nkind = \"command\"\nrun = [\"sh\", \"-euc\", '''{script}''']\n\
             [[pipeline]]\nname = \"swe\"\ncontainers = true\n\
             [[pipeline.phase]]\nname = \"image\"\ndoes = \"image\"\ndeadline = \"5m\"\n\
             [[pipeline.phase]]\nname = \"trajectory\"\ndoes = \"trajectory\"\nagent = \"actor\"\ndeadline = \"5m\"\n{phases}"
        ),
    );
    (lab, world)
}

/// The commands that a text names between backticks and that begin with these words, without `fleet`.
fn advised(text: &str, begins: &str) -> Vec<Vec<String>> {
    let quoted = text.split('`').skip(1).step_by(2);
    let ours = quoted.filter(|command| command.starts_with(&format!("fleet {begins}")));
    let mut commands: Vec<Vec<String>> = ours
        .map(|command| command.split_whitespace().skip(1).map(str::to_owned).collect())
        .collect();
    commands.dedup();
    commands
}

/// Runs the one command that `ran` advises and that begins with these words.
#[track_caller]
fn follow(world: &World, ran: &Ran, begins: &str) -> Ran {
    let commands = advised(&ran.stderr, begins);
    let [command] = &commands[..] else {
        panic!(
            "`fleet {begins} …` is advised {} times in\n{}",
            commands.len(),
            ran.stderr
        );
    };
    let args: Vec<&str> = command.iter().map(String::as_str).collect();
    world.fleet(&args)
}

/// The books are closed, with so many jobs in these accounts; and no model has been blamed for anything.
#[track_caller]
fn closed(world: &World, accounts: &[(&str, u64)]) {
    let status = world.status();
    let total = &status["total"];
    let of = |account: &str| total[account].as_u64().unwrap();
    for (account, jobs) in accounts {
        assert_eq!(of(account), *jobs, "{account}: {status:#}");
    }
    let told: u64 = accounts.iter().map(|(_, jobs)| jobs).sum();
    assert_eq!(of("jobs"), told, "{status:#}");
    for open in ["waiting", "running", "unresolved", "failed"] {
        assert_eq!(of(open), 0, "{open}: {status:#}");
    }
}

/// What is held, as `SUBJECT KIND: WHY`.
fn held(world: &World) -> Vec<String> {
    let status = world.status();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let line = |hold: &Value| {
        format!(
            "{} {}: {}",
            text(&hold["subject"]),
            text(&hold["kind"]),
            text(&hold["why"])
        )
    };
    status["held"].as_array().unwrap().iter().map(line).collect()
}

/// What `explain` has to say.
fn explained(world: &World, what: &str) -> String {
    world.fleet(&["explain", what]).ok().stdout
}
