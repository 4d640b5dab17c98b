//! Links over bad ways: a slow uplink, names that are gone for a while, a damaged runner, login shells of every kind, and
//! hosts that end what a connection leaves running.

use std::fmt::Write as _;

use crate::support::narrow::Narrow;
use crate::support::{Lab, World, wait};

/// Ends when the test creates `~/go` on its host.
const HELD: &str = r#"echo "start $FLEET_JOB" >> "$HOME/ledger"
while ! [ -e "$HOME/go" ]; do sleep 0.1; done
echo "end $FLEET_JOB" >> "$HOME/ledger""#;

/// Where this host of ours is.
fn address(lab: &Lab, host: &str) -> String {
    lab.run(&["ip", host]).trim().to_owned()
}

/// The lab's ssh configuration, with other words for this host.
fn ssh_config(lab: &Lab, host: &str, words: &[String]) -> String {
    let mut text = format!("Host aws-instance-{host}\n");
    for word in words {
        let _ = writeln!(text, "    {word}");
    }
    // The first value counts.
    text + &std::fs::read_to_string(lab.ssh_config()).unwrap()
}

#[test]
fn a_large_dataset_over_a_slow_uplink_costs_no_link_and_goes_once_for_all_jobs() {
    const SIZE: usize = 3 << 20;
    let lab = Lab::hosts(1);
    let world = World::lab(&lab)
        .script("sha256sum < \"$FLEET_DATASET\" > \"$FLEET_OUT/digest\"")
        .replace("silence = \"6s\"", "silence = \"3s\"");
    // The runner itself goes by the wide way.
    world.fleet(&["hosts"]).ok();
    let host = address(&lab, "eval1");
    // The whole dataset takes more than twice as long as the longest silence.
    let narrow = Narrow::to(&host, 400 << 10);
    let way = [
        "HostName 127.0.0.1".to_owned(),
        format!("Port {}", narrow.port()),
        format!("HostKeyAlias {host}"),
    ];
    let config = world.write("ssh_config", &ssh_config(&lab, "eval1", &way));
    let world = world.env("FLEET_SSH_CONFIG", &config.display().to_string());
    let text = format!(
        "{{\"instance_id\":\"x\",\"text\":\"{}\"}}\n",
        "täglich ".repeat(SIZE / 9)
    );
    world.write("assignments/data.jsonl", &text);
    let job = |n: u32| format!(r#"{{"instance_id":"j{n}","model":"gpt","dataset_file":"data.jsonl"}}"#);
    let jobs: Vec<String> = (1..=3).map(job).collect();
    let file = world.assignment("set", &format!("{{\"eval1\":[{}]}}", jobs.join(",")));
    let dispatch = world.fleet(&["dispatch", file.to_str().unwrap()]).ok();
    assert!(!dispatch.stderr.contains("link down"), "{}", dispatch.stderr);
    assert!(narrow.passed() > SIZE as u64 / 2, "{}", narrow.passed());
    assert!(narrow.passed() < 2 * SIZE as u64, "{}", narrow.passed());
    let digest = fleet::domain::Sha256::of(text.as_bytes());
    let found = lab.sh("eval1", "cat .fleet/jobs/*/1/out/digest");
    assert_eq!(found, format!("{digest}  -\n").repeat(3));
    let kept = lab.sh(
        "eval1",
        "ls .fleet/inputs; stat -c %a .fleet/inputs .fleet/inputs/*",
    );
    assert_eq!(kept, format!("{digest}\n700\n600\n"));
}

#[test]
fn a_name_that_stops_to_resolve_in_mid_run_is_waited_for_and_one_that_never_did_is_told_at_once() {
    let lab = Lab::hosts(1);
    let world = World::lab(&lab).script(HELD);
    let gone = ssh_config(&lab, "eval1", &["HostName no-such-host.invalid".to_owned()]);
    let config = world.write("ssh_config", &gone);
    let world = world.env("FLEET_SSH_CONFIG", &config.display().to_string());
    let file = world.jobs("set", 1, 0);
    world
        .fleet(&["dispatch", file.to_str().unwrap()])
        .code(3)
        .says("ssh cannot resolve its name");

    let whole = std::fs::read_to_string(lab.ssh_config()).unwrap();
    world.write("ssh_config", &whole);
    let mut coordinator = world.start(&["dispatch", file.to_str().unwrap()]);
    wait::until("the job runs", || {
        lab.sh("eval1", "cat ledger 2>/dev/null || true")
            .contains("start")
            .then_some(())
    });
    world.write("ssh_config", &gone);
    lab.run(&["restart-sshd", "eval1"]);
    wait::until("the coordinator has no name", || {
        world
            .talk()
            .contains("link down: ssh cannot resolve its name")
            .then_some(())
    });
    // A coordinator that begins now knows that the host runs something.
    coordinator.kill().unwrap();
    coordinator.wait().unwrap();
    let before = world.talk().len();
    let mut coordinator = world.start(&["dispatch", file.to_str().unwrap()]);
    wait::until("the next one has no name either", || {
        world.talk()[before..]
            .contains("link down: ssh cannot resolve its name")
            .then_some(())
    });
    world.write("ssh_config", &whole);
    lab.sh("eval1", "touch go");
    assert!(coordinator.wait().unwrap().success(), "{}", world.talk());
    assert_eq!(
        lab.sh("eval1", "grep -c start ledger; grep -c end ledger"),
        "1\n1\n"
    );
}

#[test]
fn a_runner_that_was_damaged_on_its_host_is_brought_again() {
    let lab = Lab::hosts(1);
    let world = World::lab(&lab).script("true");
    world.fleet(&["hosts"]).ok();
    let whole = lab.sh("eval1", "cd .fleet/bin && sha256sum fleet-*");
    // It can be executed still: cut short, other bytes, a program that says nothing.
    for damaged in [
        "head -c 4096 fleet-*",
        "cat /bin/true",
        "printf \"#!/bin/sh\\nexec cat >/dev/null\\n\"",
    ] {
        lab.sh(
            "eval1",
            &format!("cd .fleet/bin && {damaged} > ../bad && chmod 700 ../bad && mv ../bad fleet-*"),
        );
        let hosts = world.fleet(&["hosts", "--wait", "5m"]).ok();
        assert!(
            !hosts.stdout.contains("did not start"),
            "{damaged}: {}",
            hosts.stdout
        );
        let found = lab.sh("eval1", "cd .fleet/bin && sha256sum fleet-*");
        assert_eq!(found, whole, "{damaged}");
    }
    let file = world.jobs("set", 1, 0);
    world.fleet(&["dispatch", file.to_str().unwrap()]).ok();
}

/// Makes this machine's shell the login shell of the user of the jobs, until the host is reset. It takes its libraries along:
/// the hosts are of the same distribution, and have none of its kind.
fn login_shell(lab: &Lab, shell: &str) {
    let look = "command -v \"$0\" && ldd \"$(command -v \"$0\")\" | grep -o '/[^ ]*'";
    let found = std::process::Command::new("sh")
        .args(["-c", look, shell])
        .output()
        .unwrap();
    let found = String::from_utf8(found.stdout).unwrap();
    assert!(found.starts_with('/'), "tests/setup installs {shell}");
    lab.run(&["exec", "eval1", "mkdir", "-p", "/opt/shell"]);
    for file in found.lines() {
        let to = format!("/opt/shell/{}", file.rsplit('/').next().unwrap());
        let mut copy = lab
            .command(&[
                "exec",
                "eval1",
                "sh",
                "-c",
                "cat > \"$0\" && chmod 755 \"$0\"",
                &to,
            ])
            .stdin(std::fs::File::open(file).unwrap())
            .spawn()
            .unwrap();
        assert!(copy.wait().unwrap().success());
    }
    let script = format!("#!/bin/sh\nLD_LIBRARY_PATH=/opt/shell exec /opt/shell/{shell} \"$@\"\n");
    let write = "printf %s \"$0\" > /opt/shell/login && chmod 755 /opt/shell/login && usermod -s /opt/shell/login ubuntu";
    lab.run(&["exec", "eval1", "sh", "-ec", write, &script]);
}

#[test]
fn tcsh_and_fish_are_login_shells_like_any_other() {
    let lab = Lab::hosts(1);
    for shell in ["tcsh", "fish"] {
        login_shell(&lab, shell);
        lab.sh("eval1", "rm -rf .fleet");
        let world = World::lab(&lab).script("echo fine > \"$FLEET_OUT/answer\"");
        let file = world.jobs("set", 1, 0);
        // The runner is brought, started, and its results come home.
        world.fleet(&["dispatch", file.to_str().unwrap()]).ok();
        world.fleet(&["collect"]).ok().says("1 at home");
    }
}

/// A logind that ends what a session leaves running, and a `systemd-run` that does what one with `--scope` does and tells of
/// it. Until the host is reset.
const STRICT: &str = r#"mkdir -p /run/systemd/system /etc/systemd/logind.conf.d /var/lib/systemd/linger
printf '[Login]\nKillUserProcesses=yes\n' > /etc/systemd/logind.conf.d/50-site.conf
cat > /usr/local/bin/systemd-run <<'END'
#!/bin/sh
echo "$XDG_RUNTIME_DIR $*" >> /home/ubuntu/scopes
[ "$1 $2 $3 $4" = "--user --scope --quiet --" ] || exit 1
shift 4
exec "$@"
END
chmod 755 /usr/local/bin/systemd-run"#;

#[test]
fn a_host_that_ends_a_users_processes_at_logout_is_told_and_where_the_user_lingers_jobs_get_scopes() {
    let lab = Lab::hosts(1);
    let root = |script: &str| lab.run(&["exec", "eval1", "sh", "-ec", script]);
    root(STRICT);
    let world = World::lab(&lab).script("echo fine > \"$FLEET_OUT/answer\"");
    world
        .fleet(&["doctor"])
        .code(6)
        .prints("ends all processes of ubuntu")
        .prints("loginctl enable-linger");
    let scopes = || lab.sh("eval1", "cat scopes 2>/dev/null || true");
    assert_eq!(scopes(), "");
    root("touch /var/lib/systemd/linger/ubuntu");
    let doctor = world.fleet(&["doctor"]);
    assert!(!doctor.stdout.contains("ends all processes"), "{}", doctor.stdout);
    let file = world.jobs("set", 1, 0);
    world.fleet(&["dispatch", file.to_str().unwrap()]).ok();
    world.fleet(&["collect"]).ok().says("1 at home");
    let scopes = scopes();
    let last = scopes.lines().last().unwrap_or_default();
    assert!(
        last.starts_with("/run/user/1000 --user --scope --quiet -- /home/ubuntu/.fleet/bin/fleet-")
            && last.contains(" runner supervise --root /home/ubuntu/.fleet "),
        "{scopes}"
    );
}
