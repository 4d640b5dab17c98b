//! The README's three commands on ten hosts of the lab, as `make demo` runs them.

use std::process::Command;

use crate::support::Lab;

#[test]
fn the_demo_ends_well_and_can_be_run_again() {
    let _lab = Lab::hosts(10);
    for _ in 0..2 {
        let output = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/demo"))
            .arg(env!("CARGO_BIN_EXE_fleet"))
            // It takes the lab's lock itself, as it does for people; here we have it.
            .env("FLEET_DEMO_HAS_LAB", "1")
            .output()
            .unwrap();
        let (stdout, stderr) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert!(output.status.success(), "{}\n{stdout}\n{stderr}", output.status);
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
