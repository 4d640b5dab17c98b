//! Patches and tests that mean harm, the whole way from the image to the reports: contained, reported, and
//! nothing at home is touched.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::instances::{dataset, first, instance, result};
use crate::support::{Lab, World};

const INSTANCE: &str = "2000000000000003";

/// Sets a title, clears the screen, moves up: none of it may reach a terminal.
const ESCAPES: [&str; 4] = ["\u{1b}]0;owned", "\u{1b}[2J", "\u{1b}[9A", "\u{7}"];

/// A world with a file beside the results that no patch may touch.
fn guarded(lab: &Lab, config: &str) -> World {
    let world = World::native_with(lab, config);
    world.write("canary", "sings\n");
    world
}

/// The file is as it was, nothing lies where it should not, and no result is a link.
fn assert_home_untouched(world: &World, before: &str) {
    assert_eq!(fs::read_to_string(world.path("canary")).unwrap(), "sings\n");
    assert_eq!(beside(world), before);
    no_links(&world.path("results"));
    for file in ["/tmp/escaped", "/escaped", "/etc/escaped"] {
        assert!(fs::symlink_metadata(file).is_err(), "{file} is on this machine");
    }
}

/// What lies beside the results.
fn beside(world: &World) -> String {
    let entries = fs::read_dir(world)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| !["results", "state", "talk", "fleet.toml"].contains(&name.as_str()));
    names.sort();
    names.join(" ")
}

fn no_links(dir: &Path) {
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        assert!(!kind.is_symlink(), "{} is a link", entry.path().display());
        if kind.is_dir() {
            no_links(&entry.path());
        }
    }
}

/// The host is as it was: nothing was written there, and no container is left.
fn assert_host_untouched(lab: &Lab) {
    let host = lab.names()[0];
    let left = lab.sh(
        host,
        "ls -d /tmp/escaped /escaped /etc/escaped .fleet/escaped escaped 2>/dev/null; docker ps -aq",
    );
    assert_eq!(left, "");
}

/// What a person sees of this command on a terminal.
fn on_terminal(world: &World, args: &[&str]) -> String {
    let line = format!(
        "stty cols 120; '{}' {}",
        world.command(&[]).get_program().display(),
        args.join(" ")
    );
    let fleet = world.command(&[]);
    let mut command = std::process::Command::new("script");
    command.args(["-qec", &line, "/dev/null"]).current_dir(world);
    command.envs(fleet.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = command.output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[track_caller]
fn assert_harmless(world: &World, args: &[&str]) -> String {
    let seen = on_terminal(world, args);
    for escape in ESCAPES {
        assert!(
            !seen.contains(escape),
            "{args:?} shows {escape:?}:\n{}",
            seen.escape_debug()
        );
    }
    seen
}

fn rows(world: &World) -> Vec<Value> {
    let text = fs::read_to_string(world.path("results/results.jsonl")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn adds(path: &str, text: &str) -> String {
    format!(
        "diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+{text}\n"
    )
}

fn links(path: &str, target: &str) -> String {
    adds(path, target).replace("100644", "120000") + "\\ No newline at end of file\n"
}

/// An agent that gives these answers, one a run, after words that steer a terminal.
fn answers(patches: &[String]) -> String {
    let arms: Vec<String> = (1..)
        .zip(patches)
        .map(|(run, patch)| {
            format!("{run}) cat > \"$FLEET_OUT/patch.diff\" <<\"ANSWER\"\n{patch}ANSWER\n;;\n")
        })
        .collect();
    let arms = arms.concat();
    let script = format!(
        r#"printf '\033]0;owned\007\033[2J\033[9Aat work\n'
ln -s /etc/passwd "$FLEET_OUT/link"
ln -s / "$FLEET_OUT/../root"
case $FLEET_RUN in
{arms}esac
"#
    );
    // What JSON escapes, TOML reads.
    format!(
        "[[agent]]\nname = \"evil\"\nkind = \"command\"\nrun = [\"sh\", \"-uc\", {}]\n[[model]]\nname = \"evil\"\nagent = \"evil\"\n",
        json!(script)
    )
}

#[test]
fn patches_that_reach_out_change_nothing_but_their_container() {
    let lab = Lab::engines(1);
    let right = instance(INSTANCE)["patch"].as_str().unwrap().to_owned();
    let reaching = [
        adds("../../escaped", "x"),
        adds("x", "x").replace("b/x", "/etc/escaped"),
        format!("{}{}", links("src/up", "/tmp"), adds("src/up/escaped", "x")),
        adds(".git/hooks/post-checkout", "#!/bin/sh"),
        adds("\u{1b}]0;owned\u{7}\u{1b}[2J", "x"),
    ];
    let mut patches: Vec<String> = reaching.iter().map(|bad| format!("{right}{bad}")).collect();
    // Right, and bad only where it may be.
    let conftest = r#"import os; open("/etc/escaped", "w").close(); os.symlink("/", "/tmp/root"); os.write(2, b"\033[2J\033]0;owned\007")"#;
    patches.push(format!("{right}{}", adds("conftest.py", conftest)));
    let told = lab.run(&["config", "images", "pipeline"]);
    let world = guarded(&lab, &format!("{}{told}", answers(&patches)));
    let job = json!({ "instance_id": INSTANCE, "model": "evil", "dataset_file": dataset(INSTANCE), "runs": patches.len() });
    world.asked("set", lab.names()[0], &[job]);
    let before = beside(&world);

    assert_harmless(&world, &["dispatch", "assignments/set.json"]);
    // From the host, then from home.
    assert!(assert_harmless(&world, &["logs", &format!("{INSTANCE}/evil/run5")]).contains("at work"));
    assert_harmless(&world, &["collect"]);
    assert_harmless(&world, &["status", "--all"]);
    for run in 1..=patches.len() {
        let job = format!("{INSTANCE}/evil/run{run}");
        assert!(assert_harmless(&world, &["logs", &job]).contains("at work"));
        let row = &rows(&world)[run - 1];
        let good = run == patches.len();
        let expected = if good {
            ("resolved", "completed")
        } else {
            ("unresolved", "patch-failed")
        };
        assert_eq!(
            (row["account"].as_str().unwrap(), row["outcome"].as_str().unwrap()),
            expected,
            "{row:#}"
        );
        let report = result(&world, "set", &job, "out/eval_pilot2_output.jsonl");
        let report: Value = serde_json::from_str(&report).unwrap();
        assert_eq!(
            report["pilot2_eval_details"]["failed_apply_patch"], !good,
            "{job}"
        );
    }
    assert_home_untouched(&world, &before);
    assert_host_untouched(&lab);
}

#[test]
fn tests_that_reach_out_flood_fork_and_kill_harm_only_themselves() {
    // What they do, how that ends, and what is found.
    const CASES: [(&str, &str, (&str, &str), &str); 6] = [
        (
            "2000000000009301",
            "for dir in / /etc /tmp /app; do echo x > $dir/escaped; done; ln -s / /app/root; ln -s / /tmp/root",
            ("resolved", "completed"),
            "",
        ),
        (
            "2000000000009302",
            "yes 'nothing but noise' | head -c 67108864",
            ("resolved", "completed"),
            "log-cut",
        ),
        // The limit is looked at first: without it, this must not run anywhere.
        (
            "2000000000009303",
            "grep -qxs 64 /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max || exit 99; while :; do sleep 1000 & done",
            ("unresolved", "test-timeout"),
            "",
        ),
        (
            "2000000000009304",
            "kill -9 $$",
            ("unresolved", "completed"),
            "no-tests",
        ),
        // All but the shell that says it: what the container lives by ends, and with it the tests, by their own doing.
        (
            "2000000000009305",
            "kill -9 -1",
            ("unresolved", "completed"),
            "no-tests",
        ),
        (
            "2000000000009306",
            r"printf '\033]0;owned\007\033[2J\nImportError: \033[9A\033[2J\007 owned\n'; exit 1",
            ("unresolved", "completed"),
            "no-tests",
        ),
    ];
    let lab = Lab::engines(1);
    let right = instance(INSTANCE)["patch"].as_str().unwrap().to_owned();
    let limits = "tests = \"10s\"\nprocesses = 64\nlog_cap = \"1MiB\"";
    let world = guarded(&lab, &(answers(&[right]) + &lab.pipeline_with(limits)));
    let entries = CASES.map(|(id, words, _, _)| {
        world.variant(INSTANCE, id, |instance| first(instance, words));
        json!({ "instance_id": id, "model": "evil", "dataset_file": format!("{id}.jsonl") })
    });
    world.asked("set", lab.names()[0], &entries);
    let before = beside(&world);

    assert_harmless(&world, &["dispatch", "assignments/set.json"]);
    assert_harmless(&world, &["status", "--all"]);
    assert_harmless(&world, &["collect"]);
    for (row, (id, _, expected, finding)) in rows(&world).iter().zip(CASES) {
        assert_eq!(row["instance"], id);
        assert_eq!(
            (row["account"].as_str().unwrap(), row["outcome"].as_str().unwrap()),
            expected,
            "{row:#}"
        );
        let findings = row["findings"].as_array().unwrap();
        assert!(
            finding.is_empty() || findings.contains(&json!(finding)),
            "{row:#}"
        );
        assert!(row["bytes"].as_u64().unwrap() < 4 << 20, "{row:#}");
        assert_harmless(&world, &["logs", id]);
    }
    let forks = result(
        &world,
        "set",
        "2000000000009303/evil/run1",
        "out/eval_outputs/2000000000009303/test_output.txt",
    );
    assert!(forks.contains("fork: "), "{forks}");
    assert_home_untouched(&world, &before);
    assert_host_untouched(&lab);
}

#[test]
fn what_the_code_under_test_prints_is_no_test() {
    let lab = Lab::engines(1);
    let world = World::native(&lab);
    let host = lab.names()[0];
    let forged = ["2000000000007920", "2000000000007921", "2000000000055434"];
    world.instances("set", &forged.map(|instance| (host, instance, "scripted", 1)));
    world.fleet(&["dispatch", "assignments/set.json"]).ok();
    world.fleet(&["collect"]).ok();
    for row in rows(&world) {
        assert_eq!(
            (&row["account"], &row["outcome"]),
            (&json!("unresolved"), &json!("completed")),
            "{row:#}"
        );
        assert!(!row["why"].as_str().unwrap().is_empty(), "{row:#}");
    }
}
