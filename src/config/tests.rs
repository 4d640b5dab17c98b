//! Tests of reading `fleet.toml`: what is taken, what is refused, and in which words.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// What is said of a text, a line a finding.
fn said(text: &str) -> String {
    let findings = Config::parse(text, "fleet.toml").unwrap_err();
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// The smallest whole file, with a phase that says this.
fn with_phase(lines: &str) -> String {
    format!("[[host]]\nname = \"h\"\n[[pipeline]]\nname = \"p\"\n[[pipeline.phase]]\nname = \"one\"\n{lines}")
}

#[test]
fn the_shipped_file_is_the_fleet_of_the_issue() {
    let config = Config::parse(DEFAULT, "fleet.toml").unwrap();
    let hosts: Vec<&str> = config.hosts.iter().map(|host| host.name.as_str()).collect();
    let expected = [
        "eval1", "eval2", "eval3", "eval4", "eval5", "eval6", "eval9", "lancer1", "lancer2", "lancer3",
    ];
    assert_eq!(hosts, expected);
    for host in &config.hosts {
        assert_eq!(host.reach, Reach::Ssh(format!("aws-instance-{}", host.name)));
        assert_eq!(
            (host.slots, host.arch.as_str(), host.root.as_str()),
            (1, "x86_64", "~/.fleet")
        );
        assert_eq!(host.harness.as_deref(), Some("~/SWETEs7/OpenHands"));
    }
    assert_eq!(
        config.fleet.pipeline.as_ref().map(PipelineName::as_str),
        Some("swe")
    );
    let phases = |name: &str| config.pipeline(&name.parse().unwrap()).unwrap().phase.len();
    assert_eq!(phases("swe"), 4);
    let swe = config.pipeline(&"swe".parse().unwrap()).unwrap();
    let agent = |model: &str| config.agent_of(&model.parse().unwrap(), swe);
    assert_eq!(
        (agent("gpt"), agent("gold"), agent("noop")),
        (Some("openhands"), Some("gold"), Some("noop"))
    );
}

#[test]
fn the_shipped_file_shows_every_key_and_its_default() {
    fn keys(table: &serde_json::Value, found: &mut Vec<(String, serde_json::Value)>) {
        for (name, key) in table["properties"].as_object().unwrap() {
            found.push((name.clone(), key["default"].clone()));
            let inner = if key["type"] == "array" {
                &key["items"]
            } else {
                key
            };
            if inner["properties"].is_object() {
                keys(inner, found);
            }
        }
    }
    let mut found = Vec::new();
    keys(&schema(), &mut found);
    for (name, default) in found {
        assert!(DEFAULT.contains(&name), "{name} is not in the manual");
        if !default.is_null() && default != json!(false) {
            let line = format!("{name} = {default}");
            assert!(
                DEFAULT
                    .lines()
                    .any(|shown| shown.trim_start_matches("# ") == line),
                "{line}"
            );
        }
    }
}

#[test]
fn a_file_of_one_host_gets_every_default() {
    let config = Config::parse("\u{feff}[[host]]\nname = \"h\"\n", "fleet.toml").unwrap();
    assert_eq!(config.hosts[0].reach, Reach::Ssh("aws-instance-h".into()));
    assert_eq!((config.fleet.lost_retries, config.ssh.connects), (2, 8));
    assert_eq!(config.fleet.output_cap, 8 << 20);
    assert_eq!(config.fleet.pipeline, None);
}

#[test]
fn a_host_takes_what_it_does_not_say_from_the_defaults() {
    let text = "[defaults]\nslots = 3\ntags = [\"a\"]\nharness = \"/opt/h\"\n\
                [[host]]\nname = \"x\"\nlocal = true\n[[host]]\nname = \"y\"\nslots = 2\ntags = []\n";
    let config = Config::parse(text, "fleet.toml").unwrap();
    let [x, y] = &config.hosts[..] else {
        panic!("two hosts")
    };
    assert_eq!((&x.reach, x.slots, x.tags.len()), (&Reach::Local, 3, 1));
    assert_eq!(
        (y.slots, y.tags.len(), y.harness.as_deref()),
        (2, 0, Some("/opt/h"))
    );
}

#[test]
fn every_fault_is_told_at_once_with_its_place_and_a_way_out() {
    let text = r#"
sshh = 1
[fleet]
pipeline = "sw"
output_cap = "8 megabytes"
lost_retries = -1
grace = 10
unreachable = "40000d"
[ssh]
conects = 8
connects = 0
silence = "soon"
config = ""
[defaults]
slots = 65
arch = "arm64"
root = "../x"
[[host]]
name = "eval1"
slot = 1
ssh = "-oProxyCommand=id"
[[host]]
name = "eval1"
local = true
ssh = "x"
root = "~/a;id"
[[host]]
slots = 1.5
[[model]]
name = "a b"
env = ["KEY=secret", "FLEET_RUN", 7]
[[model]]
name = "gpt"
env = ["KEY"]
set = { KEY = "x", LEVEL = 3 }
[[pipeline]]
name = "swe"
containers = "yes"
[[pipeline]]
name = "two"
phase = []
"#;
    insta::assert_snapshot!(said(text), @r#"
    fleet.toml:2:1: unknown key `sshh`; did you mean `ssh`?
    fleet.toml:4:12: unknown pipeline `sw`; did you mean `swe`?
    fleet.toml:5:14: output_cap: `8 megabytes` is not a size in quotes, like "8MiB"
    fleet.toml:6:16: lost_retries: -1 is not a whole number from 0 to 100
    fleet.toml:7:9: `grace` must be a length of time in quotes, like "90s", "10m" or "4h", not a number
    fleet.toml:8:15: unreachable: `40000d` is not a length of time; write 250ms, 90s, 10m, 2h or 1d
    fleet.toml:10:1: unknown key `conects`; did you mean `connects`?
    fleet.toml:11:12: connects: 0 is not a whole number from 1 to 100
    fleet.toml:12:11: silence: `soon` is not a length of time; write 250ms, 90s, 10m, 2h or 1d
    fleet.toml:13:10: config: `` is empty; write a path
    fleet.toml:15:9: slots: 65 is not a whole number from 1 to 64
    fleet.toml:16:8: arch: `arm64` is none of the choices; known: x86_64, aarch64
    fleet.toml:17:8: root: `../x` does not begin with / or ~/; a host has no other place to start from
    fleet.toml:20:1: unknown key `slot`; did you mean `slots`?
    fleet.toml:21:7: ssh: `-oProxyCommand=id` is not an ssh destination, like `user@host` or a Host of ~/.ssh/config
    fleet.toml:23:8: there is a host `eval1` already; give it another name
    fleet.toml:25:7: a host is either `local` or reached by `ssh`; remove one of the two
    fleet.toml:26:8: root: `~/a;id` contains ';'; paths on hosts consist of letters, digits and . _ - + @ = /
    fleet.toml:27:1: missing key `name`; it is a name in quotes
    fleet.toml:28:9: `slots` must be a whole number from 1 to 64, not a fraction
    fleet.toml:30:8: name: `a b` contains ' '; names consist of letters, digits and . _ - + @ =
    fleet.toml:31:8: env: `KEY=secret` is not a name; write the name only, never its value
    fleet.toml:31:22: env: `FLEET_RUN` begins with FLEET_; fleet sets those itself
    fleet.toml:31:35: `env` must be the name of a variable in quotes, not a number
    fleet.toml:34:8: `KEY` is both passed and set; keep it in `env` if it is a secret, else in `set`
    fleet.toml:35:28: a variable must be a string, not a number; put it in quotes
    fleet.toml:36:1: there is no [[phase]]; at least one is needed
    fleet.toml:38:14: `containers` must be true or false, without quotes, not a string
    fleet.toml:41:9: `phase` is empty; at least 1 is needed
    "#);
}

#[test]
fn faults_of_phases_are_told() {
    let long =
        "deadline = \"1m\"\nstall = \"2m\"\nrun = [\"prog\", \"{instanse}\", \"{{x}}\"]\ncwd = \"{home}\"";
    insta::assert_snapshot!(said(&with_phase(long)), @"
    fleet.toml:8:9: `stall` (2m00s) is longer than `deadline` (1m00s) and would never matter; shorten or remove it
    fleet.toml:9:16: unknown placeholder `{instanse}`; did you mean `instance`? (the text itself is written {{instanse}})
    fleet.toml:10:7: unknown placeholder `{home}`; known: instance, model, run, set, task, job, attempt, harness (the text itself is written {{home}})
    ");
    let script = "deadline = \"0s\"\nrun = [\"sh\", \"-ec\", \"echo {instance}\"]";
    insta::assert_snapshot!(said(&with_phase(script)), @r#"
    fleet.toml:7:12: deadline: `0s` is not between 1s and 30d00h
    fleet.toml:8:21: a shell script is not substituted, but this one holds `{instance}`; use "$FLEET_INSTANCE"
    "#);
    insta::assert_snapshot!(said(&with_phase("run = []")), @r#"
    fleet.toml:5:1: missing key `deadline`; it is a length of time in quotes, like "90s", "10m" or "4h"
    fleet.toml:7:7: `run` names no program
    "#);
    let harness = "deadline = \"1m\"\nrun = [\"{harness}/x\"]\n[defaults]\nharness = \"~/h\"";
    insta::assert_snapshot!(said(&with_phase(harness)), @r#"fleet.toml:8:8: `{harness}` would be `~/h` here, and nothing expands a `~` in an argument; write cwd = "{harness}" and a path relative to it, or give hosts an absolute harness"#);
    insta::assert_snapshot!(said(&with_phase("run = \"make all\"\ndeadline = \"1m\"")), @r#"fleet.toml:7:7: `run` must be a list of program and arguments, like ["prog", "arg"], not a string"#);
}

#[test]
fn faults_of_native_phases_agents_and_repairs_are_told() {
    insta::assert_snapshot!(said(&with_phase("deadline = \"1m\"")), @r#"
    fleet.toml:5:1: this phase does nothing; give it `run = ["program", …]`, or `does` with one of image, trajectory, evaluation, report
    "#);
    let both = "does = \"image\"\nrun = [\"x\"]\ntests = \"1m\"\ncwd = \"/x\"\nrepairs = [\"tmux\"]\ndeadline = \"1m\"";
    insta::assert_snapshot!(said(&with_phase(both)), @r#"
    fleet.toml:3:1: these phases start containers; write containers = true
    fleet.toml:7:8: a phase has either `run` or `does`; remove one of the two
    fleet.toml:9:9: `tests` is for the phase that does `evaluation`; remove it, or move it there
    fleet.toml:10:7: `cwd` is for phases that run a program; remove it
    fleet.toml:11:12: unknown repair `tmux`; none is defined
    "#);
    let order = "does = \"evaluation\"\ndeadline = \"1m\"\n[[pipeline.phase]]\nname = \"q\"\ndoes = \"report\"\ndeadline = \"1m\"\n[[pipeline.phase]]\nname = \"r\"\ndoes = \"report\"\ndeadline = \"1m\"";
    insta::assert_snapshot!(said(&with_phase(order)), @r#"
    fleet.toml:3:1: these phases start containers; write containers = true
    fleet.toml:7:8: `evaluation` needs `trajectory` before it; add a phase that does `trajectory`
    fleet.toml:15:8: this pipeline does `report` already
    "#);
    let agents = "run = [\"x\"]\ndeadline = \"1m\"\n[[agent]]\nname = \"gold\"\nkind = \"command\"\n[[agent]]\nname = \"a\"\nkind = \"openhands\"\nrun = [\"x\"]\n[[model]]\nname = \"m\"\nagent = \"b\"\n[[repair]]\nname = \"r\"\nprobe = 3";
    insta::assert_snapshot!(said(&with_phase(agents)), @r#"
    fleet.toml:10:8: agent `gold` is built in; give yours another name
    fleet.toml:11:8: an agent of kind `command` needs a program; add run = ["program", …]
    fleet.toml:15:7: `run` is for agents of kind `command`; remove it
    fleet.toml:18:9: unknown agent `b`; did you mean `a`?
    fleet.toml:19:1: missing key `script`; it is a script in quotes
    fleet.toml:21:9: `probe` must be a script in quotes, not a number
    "#);
}

#[test]
fn a_network_is_for_somebody_and_nobody_has_two() {
    let networks = "does = \"image\"\ndeadline = \"1m\"\n[[network]]\nname = \"a b\"\n[[network]]\nname = \"bridge\"\ninstances = [\"x-1\"]\n[[network]]\nname = \"lab\"\ninstances = [\"x-2\", \"x-1\"]\n";
    insta::assert_snapshot!(said(&with_phase(networks)), @"
    fleet.toml:3:1: these phases start containers; write containers = true
    fleet.toml:9:1: this network is for no tests; add `instances` with ids, or `datasets` with files
    fleet.toml:10:8: name: `a b` contains ' '; names consist of letters, digits and . _ - + @ =
    fleet.toml:16:21: another [[network]] names `x-1` already; remove one of the two
    ");
}

#[test]
fn tests_have_the_network_of_their_instance_or_else_of_their_file_or_else_of_their_pipeline() {
    let text = with_phase(
        "does = \"image\"\ndeadline = \"1m\"\n[[network]]\nname = \"lab\"\ndatasets = [\"../data/tox.jsonl\"]\n\
         [[network]]\nname = \"bridge\"\ninstances = [\"x-1\"]\n",
    );
    let text = text.replace("name = \"p\"", "name = \"p\"\ncontainers = true");
    let config = Config::parse(&text, "fleet.toml").unwrap();
    let of = |instance: &str, file: Option<&str>| {
        config.network_of(instance, file, &config.pipelines[0]).to_owned()
    };
    assert_eq!(of("x-1", Some("../data/tox.jsonl")), "bridge");
    assert_eq!(of("x-2", Some("../data/tox.jsonl")), "lab");
    assert_eq!(of("x-2", Some("data/tox.jsonl")), "lab");
    assert_eq!(of("x-2", Some("../data/x.jsonl")), "none");
    assert_eq!(of("x-2", None), "none");
}

#[test]
fn what_is_not_toml_is_told_where_it_stops_being_it() {
    insta::assert_snapshot!(said("[fleet\nstate = 'x\n[[host]]\nname = \"h\"\nname = \"i\"\n"), @"
    fleet.toml:1:7: this is not TOML: unclosed table, expected `]`
    fleet.toml:5:1: this is not TOML: duplicate key
    ");
    insta::assert_snapshot!(said(""), @"fleet.toml:1:1: there is no [[host]]; at least one is needed");
}

/// A TOML text as the JSON that the schema speaks of.
fn json_of(text: &str) -> serde_json::Value {
    let table: toml::Table = toml::from_str(text).unwrap();
    serde_json::to_value(table).unwrap()
}

#[test]
fn the_schema_takes_the_shipped_file() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&json_of(DEFAULT))
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, Vec::<String>::new());
    assert!(jsonschema::draft202012::meta::is_valid(&schema()));
}

#[test]
fn schema_and_reader_refuse_alike() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let phase = |lines: &str| with_phase(&format!("deadline = \"1m\"\nrun = [\"x\"]\n{lines}"));
    assert!(validator.is_valid(&json_of(&phase(""))));
    assert!(Config::parse(&phase(""), "fleet.toml").is_ok());
    for bad in [
        String::new(),
        "host = []".into(),
        "[[host]]".into(),
        phase("unknown = 1"),
        phase("stall = 3"),
        phase("stall = \"3\""),
        phase("[fleet]\noutput_cap = \"8\""),
        phase("[fleet]\nstate = \"\""),
        phase("[ssh]\nconnects = 101"),
        phase("[defaults]\nslots = 0"),
        phase("[defaults]\narch = \"vax\""),
        phase("[defaults]\nroot = \"here\""),
        phase("[[host]]\nname = \"../x\""),
        phase("[[host]]\nname = \"x\"\nlocal = 1"),
        phase("[[host]]\nname = \"x\"\nssh = \"-x\""),
        phase("[[model]]\nname = \"m\"\nenv = [\"A=1\"]"),
        phase("[[model]]\nname = \"m\"\nset = { FLEET_RUN = \"1\" }"),
        phase("[[pipeline]]\nname = \"q\""),
    ] {
        assert!(!validator.is_valid(&json_of(&bad)), "{bad}");
        assert!(Config::parse(&bad, "fleet.toml").is_err(), "{bad}");
    }
}

#[test]
fn depth_does_no_harm() {
    for text in [
        format!("a = {}", "[".repeat(100_000)),
        format!("{} = 1", vec!["a"; 100_000].join(".")),
        format!("{}1", "a = { ".repeat(50_000)),
        format!("[{}]", vec!["host"; 100_000].join(".")),
    ] {
        assert!(Config::parse(&text, "fleet.toml").is_err());
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let _ = Config::parse(&text, "fleet.toml");
    }

    #[test]
    fn no_damage_to_a_whole_file_makes_it_panic(
        at in any::<prop::sample::Index>(),
        cut in 0..40_usize,
        with in "[\\[\\]{}\"'=.\n a-z0-9\u{e9}-]{0,6}",
    ) {
        let mut chars: Vec<char> = DEFAULT.chars().collect();
        let start = at.index(chars.len());
        let end = (start + cut).min(chars.len());
        chars.splice(start..end, with.chars());
        let text: String = chars.into_iter().collect();
        if let Err(findings) = Config::parse(&text, "fleet.toml") {
            prop_assert!(!findings.is_empty());
        }
    }

    #[test]
    fn a_filled_word_holds_no_known_placeholder(word in "[a-z{}$]{0,20}") {
        let filled = template::fill(&word, |_| Some("x"));
        prop_assert!(filled.len() <= word.len());
    }
}

#[test]
fn runtime_images_are_where_the_file_the_agents_or_the_harness_say() {
    let of = |more: &str| {
        let text = DEFAULT.replacen("low_water = 70\n", &format!("low_water = 70\n{more}"), 1);
        Config::parse(&text, "fleet.toml").unwrap().runtimes()
    };
    assert_eq!(of(""), ["ghcr.io/openhands/runtime"]);
    assert_eq!(
        of("runtime_repositories = [\"ours/runtime\"]\n"),
        ["ours/runtime"]
    );
    assert_eq!(of("runtime_repositories = []\n"), [""; 0]);
    let agent = "[[agent]]\nname = \"other\"\nkind = \"openhands\"\nenv = { OH_RUNTIME_RUNTIME_IMAGE_REPO = \"ours/rt\" }\n";
    let text = format!("{DEFAULT}\n{agent}");
    let told = Config::parse(&text, "fleet.toml").unwrap().runtimes();
    assert_eq!(told, ["ghcr.io/openhands/runtime", "ours/rt"]);
}
