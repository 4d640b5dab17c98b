//! `fleet doctor`: what is wrong comes with what to do.

use crate::support::{Lab, World};

#[test]
fn a_fleet_without_faults_is_told_to_be_well() {
    let world = World::local(2).script("true");
    world
        .fleet(&["doctor"])
        .ok()
        .says("all is well")
        .prints("nothing has been dispatched");
    world.jobs("phase8", 1, 0);
    world.fleet(&["dispatch", "assignments/phase8.json"]).ok();
    let doctor = world.fleet(&["doctor", "--json"]).ok().json();
    assert_eq!(doctor["version"], 1);
    let checks = doctor["checks"].as_array().unwrap();
    assert!(checks.iter().all(|check| check["ok"] == true), "{doctor:#}");
    let whats: Vec<_> = checks
        .iter()
        .filter(|check| check["place"] == "eval2")
        .map(|check| check["what"].as_str().unwrap())
        .collect();
    assert_eq!(
        whats,
        [
            "link", "rsync", "docker", "disk", "inodes", "memory", "clock", "slots"
        ]
    );
    let database = checks.iter().find(|check| check["what"] == "database").unwrap();
    assert_eq!(database["found"], "whole; 2 jobs");
}

#[test]
fn a_destination_that_leads_nowhere_is_found_and_the_others_are_still_checked() {
    let world = World::local(1)
        .toml("[[host]]\nname = \"far\"\nssh = \"far\"")
        .script("true")
        .closed_port();
    world
        .fleet(&["doctor"])
        .code(6)
        .says("1 thing to mend")
        .prints("✗ far")
        .prints("Connection refused")
        .prints("✓ eval1");
}

#[test]
fn without_credentials_it_says_so_once_and_nothing_of_its_libraries() {
    let world = World::local(1)
        .script("true")
        .toml(
            "[[pipeline]]\nname = \"swe\"\ncontainers = true\n[[pipeline.phase]]\nname = \"image\"\ndoes = \"image\"\ndeadline = \"1m\"\n[images]\nbucket = \"nowhere\"",
        )
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        // No server answers there: the SDK warns of that at length.
        .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1");
    let ran = world
        .fleet(&["doctor"])
        .code(6)
        .prints("there are no credentials for s3://nowhere; run `aws configure`");
    assert_eq!(ran.stderr, "1 thing to mend\n");
}

#[test]
fn a_database_that_was_torn_is_found() {
    let world = World::local(1).script("true");
    world.jobs("phase8", 1, 0);
    world.fleet(&["dispatch", "assignments/phase8.json"]).ok();
    for entry in std::fs::read_dir(world.path("state")).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with("fleet.sqlite") {
            std::fs::write(entry.path(), "no database at all. ".repeat(1000)).unwrap();
        }
    }
    world
        .fleet(&["doctor"])
        .code(6)
        .prints("✗ here       database")
        .prints("fleet adopt");
}

#[test]
fn a_host_without_rsync_is_found_with_what_to_do() {
    let lab = Lab::hosts(1);
    let world = World::lab(&lab).script("true");
    world.fleet(&["doctor"]).ok();
    lab.run(&["hide", "eval1", "rsync"]);
    world
        .fleet(&["doctor"])
        .code(6)
        .prints("✗ eval1      rsync")
        .prints("apt install rsync");
}

#[test]
fn docker_is_missed_only_where_a_pipeline_needs_it() {
    let lab = Lab::hosts(1);
    lab.run(&["hide", "eval1", "docker"]);
    let world = World::lab(&lab).script("true");
    world.fleet(&["doctor"]).ok();
    let world = world.toml(
        "[[pipeline]]\nname = \"boxed\"\ncontainers = true\n[[pipeline.phase]]\nname = \"all\"\nrun = [\"true\"]\ndeadline = \"1m\"",
    );
    world
        .fleet(&["doctor"])
        .code(6)
        .prints("✗ eval1      docker")
        .prints("apt install docker.io");
}

/// Agents are the harness, as in a fleet of people's own; images are in the lab's store.
const HARNESSED: &str = r#"
[defaults]
harness = "~/SWETEs7/OpenHands"
[harness]
critical = ["scripts/run.sh", "openhands/builder.py"]
[[agent]]
name = "openhands"
kind = "openhands"
[[pipeline]]
name = "swe"
containers = true
[[pipeline.phase]]
name = "image"
does = "image"
deadline = "5m"
[[pipeline.phase]]
name = "trajectory"
does = "trajectory"
agent = "openhands"
deadline = "5m"
"#;

/// Stands for Poetry on hosts that have no Python: it can import what is not said to be missing.
const POETRY: &str = r#"#!/bin/sh
case $1 in
--version) echo "Poetry (version 1.8.3)" ;;
run)
    echo "fleet-python 3.12.1"
    shift 4
    for module; do
        if [ -e "$HOME/without-$module" ]; then
            echo "fleet-missing $module ModuleNotFoundError: No module named '$module'"
        else
            echo "fleet-import $module"
        fi
    done
    ;;
esac
"#;

/// The hosts of the lab with a harness that works, brought by `fleet deploy`.
fn harnessed(lab: &Lab) -> World {
    let images = lab.run(&["config", "images"]);
    let world = World::native_with(lab, &format!("{images}{HARNESSED}"));
    world.write("tree/scripts/run.sh", "echo run\n");
    world.write("tree/openhands/builder.py", "BUILDKIT = 0\n");
    world.write("tree/evaluation/benchmarks/multi_swe_bench/run_infer.py", "");
    world.fleet(&["deploy", "tree"]).ok();
    for host in lab.names() {
        let settings = "[llm.gpt]\napi_key = \"sk-real\"\n[llm.kimi]\napi_key = \"sk-real\"\n";
        lab.sh(
            host,
            &format!(
                "umask 077; mkdir -p .local/bin && cat > .local/bin/poetry <<'END' && chmod 755 .local/bin/poetry\n{POETRY}END\n\
                 cat > SWETEs7/OpenHands/config.toml <<'END'\n{settings}END"
            ),
        );
    }
    world
}

#[test]
fn doctor_on_ten_hosts_with_ten_different_things_wrong_finds_all_ten_and_names_each_fix() {
    let lab = Lab::engines(10);
    let world = harnessed(&lab);
    world.fleet(&["doctor"]).ok().says("all is well");
    let at = "SWETEs7/OpenHands";
    lab.run(&["cut", "eval1"]);
    lab.run(&["lock-out", "eval2"]);
    lab.run(&["newkey", "eval3"]);
    lab.run(&["fill", "eval4"]);
    lab.run(&["hide", "eval5", "rsync"]);
    lab.run(&["hide", "eval6", "docker"]);
    lab.sh(
        "eval9",
        &format!("echo 'BUILDKIT = 1' > {at}/openhands/builder.py"),
    );
    lab.sh(
        "lancer1",
        &format!("sed -i '4s/sk-real/YOUR_KIMI_KEY_HERE/' {at}/config.toml"),
    );
    lab.sh(
        "lancer2",
        "echo 'sleep 1000' > run_infer.py; setsid sh ./run_infer.py > /dev/null 2>&1 < /dev/null &",
    );
    lab.sh("lancer3", "touch without-datasets");
    let told = world.fleet(&["doctor", "--json"]).code(6);
    assert!(!told.stdout.contains("sk-real"), "a key was shown");
    let checks = told.json();
    let faults: Vec<(&str, &str, &str)> = checks["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["ok"] == false)
        .map(|check| {
            let text = |key: &str| check[key].as_str().unwrap();
            (text("place"), text("what"), text("remedy"))
        })
        .collect();
    let expected = [
        ("eval1", "link", "up"),
        ("eval2", "link", "authorized_keys"),
        ("eval3", "link", "ssh-keygen -R"),
        ("eval4", "disk", "free some space"),
        ("eval5", "rsync", "apt install rsync"),
        ("eval6", "docker", "apt install docker.io"),
        ("eval9", "drift", "fleet deploy DIR --host eval9"),
        ("lancer1", "llm", "config.toml"),
        ("lancer2", "strays", "kill PID"),
        ("lancer3", "imports", "pip install datasets"),
    ];
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
    for ((place, what, remedy), expected) in faults.iter().zip(expected) {
        assert_eq!((*place, *what), (expected.0, expected.1), "{faults:#?}");
        assert!(remedy.contains(expected.2), "{place}: {remedy}");
    }
}

#[test]
fn what_is_safe_is_mended_on_request_and_nothing_else() {
    let lab = Lab::engines(1);
    lab.run(&["image", "eval1"]);
    let world = harnessed(&lab)
        .script("true")
        .replace("pipeline = \"swe\"", "pipeline = \"job\"");
    world.jobs("set", 1, 0);
    world.fleet(&["dispatch", "assignments/set.json"]).ok();
    let attempt = lab
        .sh("eval1", "cd .fleet/jobs && ls -d */1")
        .trim()
        .replace('/', ".");
    let run = "docker run -d --network none";
    lab.sh(
        "eval1",
        &format!(
            "chmod 644 SWETEs7/OpenHands/config.toml; {run} --label fleet.attempt={attempt} fleet-lab/job:1 sleep 1000; \
             {run} --label fleet.attempt=npb2wdccpkcv.1 --name stranger fleet-lab/job:1 sleep 1000"
        ),
    );
    let containers = || lab.sh("eval1", "docker ps -a --format '{{.Label \"fleet.attempt\"}}'");
    let mode = || lab.sh("eval1", "stat -c %a SWETEs7/OpenHands/config.toml");
    let before = (containers(), mode());
    world
        .fleet(&["doctor"])
        .code(6)
        .prints("✗ eval1      leftovers")
        .prints("✗ eval1      private")
        .prints("fleet doctor --fix");
    world
        .fleet(&["doctor", "--fix", "--dry-run"])
        .code(6)
        .prints(&format!("would remove what bears the labels of {attempt}"));
    assert_eq!((containers(), mode()), before, "a dry run mended something");
    world
        .fleet(&["doctor", "--fix"])
        .ok()
        .prints("✓ eval1      leftovers")
        .prints("fixed: remove what bears")
        .says("all is well");
    // An attempt that has no capsule here may belong to another root: its container stays.
    assert_eq!(containers().trim(), "npb2wdccpkcv.1");
    assert_eq!(mode().trim(), "600");
    let again = world.fleet(&["doctor", "--fix"]).ok();
    assert!(!again.stdout.contains("fixed"), "{}", again.stdout);
}

#[test]
fn what_is_wrong_here_and_with_the_python_of_a_harness_is_found() {
    let world = World::local(1)
        .harnesses(&["run.sh"])
        .pipeline("swe")
        .toml(&HARNESSED[HARNESSED.find("[[agent]]").unwrap()..])
        .toml("[[model]]\nname = \"mine\"\nenv = [\"MINE_KEY\"]\n[images]\nendpoint = \"http://127.0.0.1:1\"\nunsigned = true");
    let home = world.path("home").display().to_string();
    let world = world.env("HOME", &home);
    // A real Python this time; Poetry only chooses it.
    let poetry = world.write(
        "home/.local/bin/poetry",
        "#!/bin/sh\n[ \"$1\" = run ] || { echo 'Poetry (version 1.8.3)'; exit; }\nshift 2\nexec python3 \"$@\"\n",
    );
    std::fs::set_permissions(poetry, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let harness = |path: &str, text: &str| world.write(&format!("harnesses/eval1/{path}"), text);
    harness("run.sh", "");
    harness("evaluation/benchmarks/multi_swe_bench/run_infer.py", "");
    harness("openhands/__init__.py", "print('fleet is not told of this')\n");
    harness("openhands/agenthub.py", "");
    harness("datasets.py", "raise RuntimeError('no such\\nthing')\n");
    harness("pandas.py", "");
    harness(
        "config.toml",
        "[llm]\napi_key = \"sk-real\"\n[llm.gpt]\n[llm.kimi]\n",
    );
    let told = world
        .fleet(&["doctor"])
        .code(6)
        .prints("✗ here       keys      not set: MINE_KEY")
        .prints("✗ here       images")
        .prints("✗ eval1      commit")
        .prints("✓ eval1      poetry    Poetry (version 1.8.3)")
        .prints("✓ eval1      python    3.")
        .prints("✗ eval1      imports   datasets RuntimeError: no such\n")
        .prints("✗ eval1      llm       there is no [llm.mine]");
    assert!(!told.stdout.contains("sk-real"));
    std::fs::remove_file(world.path("harnesses/eval1/run.sh")).unwrap();
    world
        .fleet(&["doctor"])
        .code(6)
        .prints("✗ eval1      harness   run.sh is missing")
        .prints("fleet deploy DIR --host eval1");
}
