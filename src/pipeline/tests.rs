//! Tests of pipelines: what a job becomes, and that a value stays a value.

use super::*;
use crate::domain::job::Place;
use crate::domain::swe::{Agent, Source, Task};
use crate::domain::{JobId, Span};

const TOML: &str = r#"
[[host]]
name = "h"
harness = "/opt/harness"
[[model]]
name = "gpt"
env = ["OPENAI_API_KEY", "PROXY"]
set = { LLM_CONFIG = "llm.gpt", LEVEL = "model" }
[[pipeline]]
name = "p"
containers = true
env = ["PROXY"]
[[pipeline.phase]]
name = "one"
run = ["{harness}/run", "--of={instance}", "{model}-{run}", "{set}/{task}", "{job}.{attempt}", "{{model}}"]
cwd = "{harness}/{model}"
env = { LEVEL = "phase", WHO = "{model}" }
deadline = "4h"
stall = "30m"
[[pipeline.phase]]
name = "two"
run = ["sh", "-c", 'echo ${run} {}']
deadline = "1m"
"#;

fn config() -> Config {
    Config::parse(TOML, "fleet.toml").unwrap()
}

fn job() -> Job {
    let (set, instance, model) = (
        "phase8".parse().unwrap(),
        "12155_1".parse().unwrap(),
        "gpt".parse().unwrap(),
    );
    Job {
        id: JobId::derive(&set, &instance, &model, 2),
        set,
        instance,
        model,
        run: 2,
        task: None,
        pipeline: "p".parse().unwrap(),
        dataset: None,
        trajectory: None,
        env: vec!["EXTRA".into(), "OPENAI_API_KEY".into()],
        place: Place::Any,
        order: 0,
    }
}

fn instance() -> Instance {
    serde_json::from_value(serde_json::json!({
        "instance_id": "12155_1",
        "repo": "12rambau/sepal_ui",
        "base_commit": "97371fbaed444727126a2969cd68f856db77221f",
        "FAIL_TO_PASS": ["t.py::a"],
        "PASS_TO_PASS": [],
        "test_command": "pytest",
        "test_output_parser": "python/parse_log_pytest_v3",
    }))
    .unwrap()
}

#[test]
fn native_phases_become_tasks_with_all_that_the_host_must_know() {
    let config = Config::parse(crate::config::DEFAULT, "fleet.toml").unwrap();
    let compiled = |model: &str| {
        let job = Job {
            model: model.parse().unwrap(),
            pipeline: "swe".parse().unwrap(),
            ..job()
        };
        compile(&job, 1, Epoch(1), &config.hosts[0], &config, Some(&instance())).unwrap()
    };
    let spec = compiled("gpt");
    let tasks: Vec<Option<Task>> = spec.steps.iter().map(|step| step.task).collect();
    let all = [Task::Image, Task::Trajectory, Task::Evaluation, Task::Report];
    assert_eq!(tasks, all.map(Some));
    assert!(spec.containers);
    let swe = spec.swe.unwrap();
    let key = "velora-files/images/12rambau_sepal_ui-97371fbaed444727126a2969cd68f856db77221f.tar";
    let Source::Object { bucket, key: named } = swe.image.source else {
        panic!("it is in the store")
    };
    assert_eq!((bucket.as_str(), named.as_str()), ("kuberha-velora", key));
    assert_eq!(swe.image.repairs[0].name, "tmux");
    let Agent::OpenHands {
        llm,
        iterations,
        harness,
        ..
    } = swe.agent
    else {
        panic!("the pipeline's agent works for it")
    };
    assert_eq!(
        (llm.as_str(), iterations, harness.as_str()),
        ("llm.gpt", 200, "~/SWETEs7/OpenHands")
    );
    assert_eq!(swe.evaluation.tests, Span::seconds(900));
    assert_eq!(compiled("gold").swe.unwrap().agent, Agent::Gold);
}

#[test]
fn an_instance_that_a_network_names_has_it_for_its_tests() {
    let compiled = |more: &str| {
        let text = format!("{}\n{more}", crate::config::DEFAULT);
        let config = Config::parse(&text, "fleet.toml").unwrap();
        let job = Job {
            pipeline: "swe".parse().unwrap(),
            ..job()
        };
        let spec = compile(&job, 1, Epoch(1), &config.hosts[0], &config, Some(&instance())).unwrap();
        spec.swe.unwrap().evaluation.network
    };
    assert_eq!(compiled(""), "none");
    let named = "[[network]]\nname = \"bridge\"\ninstances = [\"12155_1\"]\n";
    assert_eq!(compiled(named), "bridge");
}

#[test]
fn a_pipeline_that_only_makes_images_ready_needs_no_agent() {
    let warm = r#"
[[pipeline]]
name = "warm"
containers = true
[[pipeline.phase]]
name = "image"
does = "image"
deadline = "90m"
"#;
    let text = format!("{}{warm}", crate::config::DEFAULT);
    let config = Config::parse(&text, "fleet.toml").unwrap();
    let job = Job {
        model: "gpt".parse().unwrap(),
        pipeline: "warm".parse().unwrap(),
        ..job()
    };
    let spec = compile(&job, 1, Epoch(1), &config.hosts[0], &config, Some(&instance())).unwrap();
    assert_eq!(spec.steps.len(), 1);
    assert_eq!(spec.swe.unwrap().agent, Agent::Noop);
}

#[test]
fn phases_become_steps_with_every_placeholder_filled() {
    let (config, job) = (config(), job());
    let spec = compile(&job, 3, Epoch(7), &config.hosts[0], &config, None).unwrap();
    assert_eq!((spec.attempt, spec.epoch, spec.containers), (3, Epoch(7), true));
    assert_eq!((spec.output_cap, spec.grace), (8 << 20, Span::seconds(10)));
    let step = &spec.steps[0];
    let last = format!("{}.3", job.id);
    assert_eq!(
        step.argv,
        [
            "/opt/harness/run",
            "--of=12155_1",
            "gpt-2",
            "phase8/",
            last.as_str(),
            "{model}"
        ]
    );
    assert_eq!(step.cwd.as_deref(), Some("/opt/harness/gpt"));
    let env: Vec<(&str, &str)> = step.env.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(
        env,
        [
            ("FLEET_HARNESS", "/opt/harness"),
            ("LEVEL", "phase"),
            ("LLM_CONFIG", "llm.gpt"),
            ("WHO", "gpt")
        ]
    );
    assert_eq!(step.stall, Some(Span::seconds(1800)));
}

#[test]
fn a_script_of_a_shell_is_not_touched() {
    let (config, job) = (config(), job());
    let spec = compile(&job, 1, Epoch(1), &config.hosts[0], &config, None).unwrap();
    assert_eq!(spec.steps[1].argv, ["sh", "-c", "echo ${run} {}"]);
}

#[test]
fn each_variable_to_pass_is_named_once() {
    assert_eq!(env_names(&job(), &config()), ["OPENAI_API_KEY", "PROXY", "EXTRA"]);
}

#[test]
fn what_has_left_the_configuration_is_named() {
    let (mut config, job) = (config(), job());
    config.hosts[0].harness = None;
    let compiled = |config: &Config| compile(&job, 1, Epoch(1), &config.hosts[0], config, None).unwrap_err();
    assert_eq!(
        compiled(&config).to_string(),
        "pipeline `p` needs a harness, and host `h` has none in fleet.toml"
    );
    config.models.clear();
    assert!(matches!(compiled(&config), CompileError::NoModel(_)));
    config.pipelines.clear();
    assert!(matches!(compiled(&config), CompileError::NoPipeline(_)));
}

#[test]
fn every_shipped_pipeline_compiles_for_every_shipped_host_and_model() {
    let config = Config::parse(crate::config::DEFAULT, "fleet.toml").unwrap();
    for (host, model) in config
        .hosts
        .iter()
        .flat_map(|host| config.models.iter().map(move |model| (host, model)))
    {
        for pipeline in &config.pipelines {
            let job = Job {
                model: model.name.clone(),
                pipeline: pipeline.name.clone(),
                ..job()
            };
            let spec = compile(&job, 1, Epoch(1), host, &config, Some(&instance())).unwrap();
            assert_eq!(spec.steps.len(), pipeline.phase.len());
        }
    }
}
