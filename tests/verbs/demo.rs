//! The README's three commands on ten hosts of the lab, as `make demo` runs them.

use std::process::Command;

use crate::support::Lab;

/// Runs a program of the lab; what it printed, on stdout and on stderr.
#[track_caller]
fn run(program: &str, args: &[&str]) -> (String, String) {
    let output = Command::new(format!("{}/tests/lab/{program}", env!("CARGO_MANIFEST_DIR")))
        .args(args)
        // The demo takes the lab's lock itself, as it does for people; here we have it.
        .env("FLEET_DEMO_HAS_LAB", "1")
        .output()
        .unwrap();
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    );
    assert!(output.status.success(), "{}\n{stdout}\n{stderr}", output.status);
    (stdout, stderr)
}

#[test]
fn the_first_verdicts_of_the_demo_need_no_host_and_no_object_store() {
    let _lab = Lab::hosts(1);
    run("lab", &["here", "gravel"]);
    let (stdout, stderr) = run("demo", &["--first", env!("CARGO_BIN_EXE_fleet")]);
    assert!(
        stdout.contains("fleet dispatch assignments/first.json"),
        "{stdout}"
    );
    assert!(
        stderr.contains("the right answer is resolved, no answer is not"),
        "{stderr}"
    );
}

#[test]
fn the_demo_ends_well_and_can_be_run_again() {
    let _lab = Lab::hosts(10);
    for _ in 0..2 {
        let (stdout, _) = run("demo", &[env!("CARGO_BIN_EXE_fleet")]);
        for command in [
            "fleet dispatch assignments/phase8.json",
            "fleet status",
            "fleet collect",
        ] {
            assert!(
                stdout.contains(command),
                "the demo does not run `{command}`:\n{stdout}"
            );
        }
    }
}
