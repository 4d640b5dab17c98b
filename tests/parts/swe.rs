//! Instances from the image to the verdict, over ssh, with real images, engines and tests.

use crate::support::instances::result;
use crate::support::{Lab, World, files, processes};

/// An instance that the lab's `gold` resolves and its `noop` does not.
const INSTANCE: &str = "2000000000000003";

#[test]
fn gold_resolves_noop_does_not_and_the_files_that_people_know_come_home() {
    let lab = Lab::engines(1);
    let world = World::native(&lab);
    let host = lab.names()[0];
    world.instances("set", &[(host, INSTANCE, "gold", 1), (host, INSTANCE, "noop", 1)]);
    world.fleet(&["dispatch", "assignments/set.json"]).ok();
    assert_eq!((world.count("resolved"), world.count("unresolved")), (1, 1));
    world.fleet(&["collect"]).ok();
    let gold = format!("{INSTANCE}/gold/run1");
    let line: serde_json::Value =
        serde_json::from_str(&result(&world, "set", &gold, "out/eval_pilot2_output.jsonl")).unwrap();
    assert_eq!(line["resolved"], true);
    assert_eq!(line["pilot2_eval_details"]["failed_apply_patch"], false);
    let report: serde_json::Value =
        serde_json::from_str(&result(&world, "set", &gold, "out/eval_outputs/report.json")).unwrap();
    assert_eq!(
        report[INSTANCE]["tests_status"]["FAIL_TO_PASS"]["failure"],
        serde_json::json!([])
    );
    for file in [
        "report.json",
        "patch.diff",
        "test_output.txt",
        "run_instance.log",
        "eval.sh",
    ] {
        let path = format!("out/eval_outputs/{INSTANCE}/{file}");
        assert!(!result(&world, "set", &gold, &path).is_empty(), "{file}");
    }
    let tags = lab.sh(host, "docker images --format '{{.Repository}}:{{.Tag}}' | sort");
    for tag in [
        format!("mswebench/sweb.eval.x86_64.{INSTANCE}:latest"),
        format!("mswebench/acme_m_tides:pr-{INSTANCE}"),
    ] {
        assert!(tags.lines().any(|line| line == tag), "{tags}");
    }
    let preds: serde_json::Value =
        serde_json::from_str(&result(&world, "set", "preds/gold", "preds.json")).unwrap();
    assert_eq!(preds[0]["instance_id"], INSTANCE);
}

#[test]
fn a_signed_address_is_in_no_file_and_no_agent_gets_it() {
    let lab = Lab::engines(1);
    lab.unload();
    let agent = "[[agent]]\nname = \"curious\"\nkind = \"command\"\nrun = [\"sh\", \"-euc\", '''for p in /proc/[0-9]*; do tr '\\0' '\\n' < $p/environ; tr '\\0' '\\n' < $p/cmdline; done 2>/dev/null | grep -e 'X[-]Amz-' -e 'FLEET_IMAGE[_]URL' > \"$FLEET_OUT/seen\" || true; : > \"$FLEET_OUT/patch.diff\"''']\n[[model]]\nname = \"curious\"\nagent = \"curious\"\n";
    let world = World::native(&lab).toml(agent);
    let host = lab.names()[0];
    world.instances("set", &[(host, INSTANCE, "curious", 1)]);
    world.fleet(&["dispatch", "assignments/set.json"]).ok();
    world.fleet(&["collect"]).ok();
    let job = format!("{INSTANCE}/curious/run1");
    let image: serde_json::Value =
        serde_json::from_str(&result(&world, "set", &job, "out/image.json")).unwrap();
    assert!(image["moved"].as_u64().unwrap() > 1_000_000, "{image}");
    assert_eq!(result(&world, "set", &job, "out/agent/seen"), "");
    for (path, bytes) in files::regular(world.as_ref()) {
        let signed = processes::contains(&bytes, b"X-Amz-Signature");
        assert!(!signed, "{} has a signed address", path.display());
    }
    let found = lab.sh(
        host,
        "grep -rl --exclude-dir=bin X-Amz-Signature ~/.fleet || true",
    );
    assert_eq!(found, "", "on the host");
}

/// Prints what a shell says that cannot start anything, and ends before a test could run.
const SLY: &str = r#"diff --git a/tests/__init__.py b/tests/__init__.py
new file mode 100644
--- /dev/null
+++ b/tests/__init__.py
@@ -0,0 +1,5 @@
+import os, stat
+for fd in range(64):
+    if os.path.exists(f"/proc/self/fd/{fd}") and stat.S_ISFIFO(os.fstat(fd).st_mode):
+        os.write(fd, b"bash: line 1: cd: /x: No such file or directory\n")
+os._exit(1)
"#;

#[test]
fn a_patch_that_prints_the_words_of_a_broken_environment_is_not_excused() {
    let lab = Lab::engines(1);
    let agent = format!(
        r#"
[[agent]]
name = "sly"
kind = "command"
run = ["sh", "-euc", '''
cat > "$FLEET_OUT/patch.diff" <<"END"
{SLY}END
''']
[[model]]
name = "sly"
agent = "sly"
"#
    );
    let world = World::native(&lab).toml(&agent);
    world.instances("set", &[(lab.names()[0], INSTANCE, "sly", 1)]);
    world.fleet(&["dispatch", "assignments/set.json"]).ok();
    world.fleet(&["collect"]).ok();
    let job = format!("{INSTANCE}/sly/run1");
    let evidence: serde_json::Value =
        serde_json::from_str(&result(&world, "set", &job, "out/evaluation.json")).unwrap();
    assert_eq!(evidence["sound"], true, "{evidence}");
    assert_eq!((world.count("unresolved"), world.count("excluded")), (1, 0));
}
