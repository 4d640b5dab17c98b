//! Promise 9: no secret leaves. Keys are in no argv, no database, no journal, no file of ours; they are in the
//! environment of the job that needs them, and nowhere else.

use crate::support::{GO, Lab, World, files, processes, wait};

const SECRET: &str = "sk-test-5cc1e0a2b7d94f36";
const FILE: &str = "assignments/phase8.json";

fn keyed(world: World, script: &str) -> World {
    let world = world
        .toml("[[model]]\nname = \"keyed\"\nenv = [\"MODEL_KEY\"]")
        .script(script)
        .env("MODEL_KEY", SECRET);
    world.assign("phase8", &[("eval1", "a", "keyed")]);
    world
}

/// No file in the user's directory, hosts included, has it.
fn assert_unwritten(world: &World) {
    for (path, bytes) in files::regular(world.as_ref()) {
        assert!(
            !processes::contains(&bytes, SECRET.as_bytes()),
            "{} has the secret",
            path.display()
        );
    }
}

#[test]
fn a_secret_is_in_no_argument_and_in_no_file_while_the_job_runs_and_after() {
    // The comparison is made with a digest: a script is a file, and must not have the secret in it either.
    let digest = fleet::domain::Sha256::of(SECRET.as_bytes());
    let world = keyed(
        World::local(1),
        &format!(
            "[ \"$(printf %s \"$MODEL_KEY\" | sha256sum | cut -c 1-64)\" = {digest} ] || exit 9; echo started >> \"$LEDGER\"; {GO}"
        ),
    );
    let mut dispatch = world.start(&["dispatch", FILE]);
    world.until_ledger_has(1);
    for process in processes::all() {
        assert!(
            !processes::contains(&process.argv, SECRET.as_bytes()),
            "process {} has the secret among its arguments",
            process.pid
        );
    }
    assert_unwritten(&world);
    world.go();
    assert!(dispatch.wait().unwrap().success(), "{}", world.talk());
    world.fleet(&["collect"]).ok();
    assert_unwritten(&world);
}

#[test]
fn a_secret_that_a_job_prints_as_its_last_words_is_not_quoted() {
    let world = keyed(
        World::local(1),
        "echo \"error: the provider refuses key $MODEL_KEY\"; exit 1",
    );
    world
        .fleet(&["dispatch", FILE])
        .code(4)
        .says("error: the provider refuses key [MODEL_KEY]");
    for (path, bytes) in files::regular(world.as_ref()) {
        // The log is the job's own words, and stays what it said.
        let is_log = path.ends_with("log/only.log");
        assert!(
            is_log || !processes::contains(&bytes, SECRET.as_bytes()),
            "{} has the secret",
            path.display()
        );
    }
}

#[test]
fn what_a_job_says_of_its_key_is_in_no_row_no_answer_and_no_log_of_ours() {
    let world = keyed(
        World::local(1),
        "echo \"fatal: cannot open https://user:$MODEL_KEY@host/?api_key=$MODEL_KEY\"; exit 1",
    )
    .env("FLEET_LOG", "debug");
    let dispatch = world
        .fleet(&["dispatch", FILE])
        .code(4)
        .says("https://user:[MODEL_KEY]@host/?api_key=[MODEL_KEY]");
    let mut said = vec![dispatch];
    for args in [
        &["status", "--json"][..],
        &["explain", "phase8/a/keyed"],
        &["explain", "--json", "phase8/a/keyed"],
        &["failures", "--json"],
        &["history", "phase8/a/keyed"],
    ] {
        said.push(world.fleet(args).ok());
    }
    for ran in said {
        assert!(
            !ran.stdout.contains(SECRET) && !ran.stderr.contains(SECRET),
            "{ran:?}"
        );
    }
    // The database is among the files, row by row.
    for (path, bytes) in files::regular(world.as_ref()) {
        let is_log = path.ends_with("log/only.log");
        let has = processes::contains(&bytes, SECRET.as_bytes());
        assert_eq!(has, is_log, "{}", path.display());
    }
}

#[test]
fn what_the_way_to_a_host_says_of_a_key_is_not_quoted() {
    let world = keyed(World::local(1), "true")
        .toml("[[host]]\nname = \"far\"\nssh = \"far\"")
        .unreachable("1s");
    // Apart: it is the user's own file, and may say what it likes.
    let config = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(config.path(), format!("Host *\n    HostName {SECRET}.invalid\n")).unwrap();
    let world = world.env("FLEET_SSH_CONFIG", &config.path().display().to_string());
    world.assign("phase8", &[("far", "a", "keyed")]);
    let mut told = String::new();
    for args in [
        &["dispatch", FILE][..],
        &["hosts"],
        &["doctor"],
        &["explain", "far"],
    ] {
        let ran = world.fleet(args);
        told.extend([ran.stdout, ran.stderr]);
    }
    assert!(told.contains("hostname [MODEL_KEY].invalid"), "{told}");
    assert!(!told.contains(SECRET), "{told}");
    assert_unwritten(&world);
}

#[test]
fn over_ssh_a_secret_reaches_the_job_and_no_file_of_the_host() {
    let lab = Lab::hosts(1);
    let digest = fleet::domain::Sha256::of(SECRET.as_bytes());
    let world = keyed(
        World::lab(&lab),
        &format!(
            "[ \"$(printf %s \"$MODEL_KEY\" | sha256sum | cut -c 1-64)\" = {digest} ] || exit 9; touch ~/started; until [ -e ~/go ]; do sleep 0.02; done"
        ),
    );
    let mut dispatch = world.start(&["dispatch", FILE]);
    wait::until("the job has its key", || {
        (lab.sh("eval1", "ls ~").contains("started")).then_some(())
    });
    // The pattern is put together there, so that the search does not find itself.
    let (front, back) = SECRET.split_at(8);
    let found = lab.sh(
        "eval1",
        &format!(
            "s={front}; s=\"${{s}}\"{back}; grep -rlF -e \"$s\" ~ || true; for p in /proc/[0-9]*; do grep -qaF -e \"$s\" $p/cmdline 2>/dev/null && cat $p/cmdline; done; true"
        ),
    );
    assert_eq!(found, "");
    // Only the job's own program has it in its environment. Other processes of the same user see no more than that:
    // neither the environment nor the open files of the processes that brought it there.
    let holders = lab.run(&[
        "exec",
        "eval1",
        "sh",
        "-c",
        &format!(
            "s={front}; s=\"${{s}}\"{back}; for p in /proc/[0-9]*; do grep -qaF -e \"$s\" $p/environ 2>/dev/null && tr '\\0' ' ' < $p/cmdline && echo; done; true"
        ),
    ]);
    assert!(!holders.trim().is_empty(), "the job has it");
    for holder in holders.lines() {
        assert!(
            holder.starts_with("sh -c") || holder.starts_with("sleep "),
            "{holder}"
        );
    }
    let open = lab.sh(
        "eval1",
        "for p in /proc/[0-9]*; do case $(tr '\\0' ' ' < $p/cmdline 2>/dev/null) in 'sh '*) ;; 'fleet runner supervise '*|*/bin/*' runner serve '*) echo seen; head -c 1 $p/environ 2>/dev/null | wc -c; ls $p/fd 2>/dev/null;; esac; done; true",
    );
    let lines: Vec<&str> = open.lines().filter(|line| *line != "0").collect();
    assert!(
        lines.len() >= 2 && lines.iter().all(|line| *line == "seen"),
        "{open}"
    );
    for process in processes::all() {
        assert!(!processes::contains(&process.argv, SECRET.as_bytes()));
    }
    lab.sh("eval1", "touch ~/go");
    assert!(dispatch.wait().unwrap().success(), "{}", world.talk());
    assert_unwritten(&world);
}
