//! Every known failure, told by a text as a run would print it.

use super::*;
use crate::domain::fault::{Again, Class, FaultName, RecordedName};

/// Number, a text around it, and whose doing it is.
const SAMPLES: &[(u8, Class, &str)] = &[
    (
        1,
        Class::Config,
        "CalledProcessError: Command 'docker buildx build --load -t x .' returned non-zero exit status 1.",
    ),
    (2, Class::Image, "libtmux.exc.TmuxCommandNotFound"),
    (2, Class::Image, "Container openhands-runtime-abc has exited."),
    (
        3,
        Class::Image,
        "E: Failed to fetch http://deb.debian.org/debian/dists/stretch/InRelease 404",
    ),
    (
        3,
        Class::Image,
        "Could not connect: Connection refused while apt-get update ran",
    ),
    (
        4,
        Class::Config,
        "Error response from daemon: pull access denied for skip, repository does not exist",
    ),
    (4, Class::Config, "docker: invalid reference format."),
    (
        5,
        Class::Config,
        "ModuleNotFoundError: No module named 'openhands.core'",
    ),
    (
        6,
        Class::Config,
        "ModuleNotFoundError: No module named 'datasets'",
    ),
    (
        7,
        Class::Config,
        "python: can't open file '/openhands/code/build_vscode.py': [Errno 2]",
    ),
    (
        8,
        Class::Config,
        "fatal: not a git repository (or any of the parent directories): .git",
    ),
    (9, Class::Config, "bash: line 1: poetry: command not found"),
    (
        10,
        Class::Config,
        "Could not parse version constraint: 6.1.112-122.amzn2023",
    ),
    (
        11,
        Class::Dataset,
        "json.decoder.JSONDecodeError: Expecting property name enclosed in double quotes: line 1",
    ),
    (
        11,
        Class::Dataset,
        "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
    ),
    (
        12,
        Class::Dataset,
        "ERROR: Could not extract instance_id from dataset",
    ),
    (
        13,
        Class::Config,
        "ValueError: Split 'test' not found. Available splits: ['train']",
    ),
    (
        14,
        Class::Image,
        "An error occurred (NoSuchKey) when calling the GetObject operation",
    ),
    (
        14,
        Class::Image,
        "An error occurred (404) when calling the HeadObject operation: Not Found",
    ),
    (
        14,
        Class::Config,
        "An error occurred (AccessDenied) when calling the GetObject operation",
    ),
    (
        14,
        Class::Config,
        "Unable to locate credentials. You can configure them",
    ),
    (14, Class::Config, "<Code>ExpiredToken</Code>"),
    (
        15,
        Class::Host,
        "write /var/lib/docker/tmp/x: no space left on device",
    ),
    (16, Class::Host, "Killed"),
    (16, Class::Host, "the container ended with exit code 137"),
    (
        17,
        Class::Host,
        "qemu: uncaught target signal 11 (Segmentation fault) - core dumped",
    ),
    (18, Class::Host, "the worker ended with exit code 252"),
    (
        19,
        Class::Host,
        "permission denied while trying to connect to the Docker daemon socket at unix:///x",
    ),
    (
        19,
        Class::Host,
        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock.",
    ),
    (
        20,
        Class::Host,
        "Bind for 0.0.0.0:30123 failed: port is already allocated",
    ),
    (
        21,
        Class::Host,
        "AgentRuntimeDisconnectedError: the runtime went away",
    ),
    (
        21,
        Class::Host,
        "RuntimeError: Maximum error retries reached for instance 1319603449576684",
    ),
    (
        22,
        Class::Config,
        "error: Permission denied (os error 13) at /x/site-packages/y",
    ),
    (
        22,
        Class::Config,
        "ModuleNotFoundError: No module named 'pydantic'",
    ),
    (
        22,
        Class::Config,
        "python: No module named openhands.runtime.action_execution_server",
    ),
    (
        23,
        Class::Dataset,
        "fatal: reference is not a tree: 97371fbaed444727126a2969cd68f856db77221f",
    ),
    (24, Class::Harness, "ERROR: Could not find output.jsonl!"),
    (
        25,
        Class::Harness,
        "json.decoder.JSONDecodeError: Extra data: line 2 column 1 (char 812)",
    ),
    (
        26,
        Class::Harness,
        "Finished instances: 1, Remaining instances: 0",
    ),
    (27, Class::Model, "No valid patch found. Skipping evaluation"),
    (
        29,
        Class::Provider,
        "litellm.RateLimitError: RateLimitError: OpenAIException",
    ),
    (29, Class::Provider, "Error code: 429 - slow down"),
    (
        29,
        Class::Provider,
        "Resource has been exhausted (e.g. check quota).",
    ),
    (
        30,
        Class::Provider,
        "litellm.Timeout: APITimeoutError - Request timed out",
    ),
    (
        31,
        Class::Provider,
        "NotFoundError: litellm.NotFoundError: GeminiException - models/x",
    ),
    (31, Class::Provider, "AuthenticationError: 401 invalid key"),
    (31, Class::Provider, "RateLimitError: 429 insufficient_quota"),
    (32, Class::Provider, "BadRequestError: context_length_exceeded"),
    (32, Class::Provider, "max_tokens is too large: 128000"),
    (
        33,
        Class::Provider,
        "Function call is missing a thought_signature in functionCall parts",
    ),
    (
        34,
        Class::Harness,
        "No tool output found for function call call_1",
    ),
    (34, Class::Harness, "Missing required parameter: 'tools[0].name'."),
    (
        35,
        Class::Provider,
        "LLMNoResponseError: Response choices is less than 1",
    ),
    (
        36,
        Class::Model,
        "RuntimeError: Agent reached maximum iteration. Current iteration: 200",
    ),
    (
        36,
        Class::Model,
        "AgentStuckInLoopError: Agent got stuck in a loop",
    ),
    (38, Class::Image, "/app/repo: remote mismatch: other/project"),
    (39, Class::Host, "Failed to start container"),
    (
        40,
        Class::Image,
        "bash: line 1: cd: /app/repo: No such file or directory",
    ),
    (40, Class::Image, "bash: line 1: pytest: command not found"),
    (41, Class::Model, "Parsed 0 test results"),
    (
        41,
        Class::Model,
        "ERROR: found no collectors for /app/repo/tests/a.py::test_x",
    ),
    (
        42,
        Class::Config,
        "WARNING: Unknown parser go/parse_log_gotest, using pytest",
    ),
    (43, Class::Model, "Command timed out after 600 seconds"),
    (44, Class::Model, "error: patch failed: src/x.py:12"),
    (44, Class::Model, "Hunk #2 FAILED at 40."),
    (44, Class::Model, "error: corrupt patch at line 9"),
    (
        45,
        Class::Harness,
        "error: tests/test_new.py: already exists in working directory",
    ),
    (
        46,
        Class::Harness,
        r#"{"resolved": true, "test_output": "bash: line 1: pytest: command not found"}"#,
    ),
    (
        47,
        Class::Harness,
        "Conflict. The container name \"/eval_unified_1\" is already in use by container \"9f\".",
    ),
    (48, Class::Host, "ubuntu@10.0.0.7: Permission denied (publickey)."),
    (
        48,
        Class::Host,
        "kex_exchange_identification: Connection reset by peer",
    ),
    (49, Class::Unknown, "exit reason: worker_stalled"),
    (
        51,
        Class::Dataset,
        "FAIL_TO_PASS is exactly 32767 characters long",
    ),
    (52, Class::Image, "the runtime image's build timed out"),
    (
        53,
        Class::Dataset,
        "invalid reference format: repository name (mswebench/X) must be lowercase",
    ),
];

/// Told by what is seen, or by the text of another.
const BY_STATE: &[(u8, Class, State)] = &[
    (27, Class::Model, State::NoPatch),
    (37, Class::Config, State::EffortIgnored),
    (38, Class::Image, State::OtherRepository),
    (49, Class::Unknown, State::Stalled),
    (50, Class::Harness, State::WrongImageTagged),
    (55, Class::Harness, State::NothingLeft),
];

fn names_of(number: u8) -> Vec<FaultName> {
    catalogue()
        .filter(|known| known.number == number)
        .map(|known| known.name)
        .collect()
}

#[test]
fn every_sample_is_recognised_and_given_its_class() {
    for &(number, class, sample) in SAMPLES {
        let text = format!("12:00:01 starting\nsome other line\n{sample}\n12:00:02 ending\n");
        let fault = explain(&text).unwrap_or_else(|| panic!("not recognised: {sample}"));
        assert!(
            names_of(number).contains(&fault.name.known().unwrap()),
            "{sample}: is {fault}, not number {number}"
        );
        assert_eq!(fault.class, class, "{sample}: {fault}");
        let said = fault.what.trim_end_matches('…');
        assert!(!said.is_empty() && sample.starts_with(said), "{said}");
    }
}

#[test]
fn a_phase_recognises_what_it_can_fail_of() {
    for &(number, class, sample) in SAMPLES {
        for phase in [Task::Image, Task::Trajectory, Task::Evaluation, Task::Report] {
            let own = catalogue().any(|known| {
                known.number == number
                    && known.phases.contains(&phase)
                    && known.is_told_by(&sample.to_lowercase())
            });
            if own {
                assert_eq!(
                    explain_in(phase, sample).map(|fault| fault.class),
                    Some(class),
                    "{phase:?}: {sample}"
                );
            }
        }
    }
}

#[test]
fn all_fifty_five_are_here() {
    for number in 1..=55_u8 {
        let by_text = SAMPLES.iter().any(|(of, ..)| *of == number);
        let by_state = BY_STATE.iter().any(|(of, ..)| *of == number);
        // 28 is told by its own error's text, 54 is no failure.
        assert!(by_text || by_state || [28, 54].contains(&number), "{number}");
    }
    for &(number, class, state) in BY_STATE {
        let fault = of_state(state).unwrap();
        assert!(
            names_of(number).contains(&fault.name.known().unwrap()),
            "{number}"
        );
        assert_eq!(fault.class, class);
    }
}

#[test]
fn the_cause_is_found_within_its_wrapper() {
    let named = |text: &str| explain(text).and_then(|fault| fault.name.known());
    let wrapped = "AgentRuntimeBuildError: docker build failed\nwrite /x: No space left on device\n\
        RuntimeError: Maximum error retries reached for instance 1";
    assert_eq!(named(wrapped), Some(FaultName::NoSpace));
    assert_eq!(
        named("RateLimitError: insufficient_quota"),
        Some(FaultName::ModelRefused)
    );
    assert_eq!(
        named("litellm.APIConnectionError: ConnectionError"),
        Some(FaultName::ProviderUnavailable)
    );
    let name = "docker: invalid reference format: repository name (X/y) must be lowercase";
    assert_eq!(named(name), Some(FaultName::NameNotLowercase));
    let rejected = "error: a.py: already exists in working directory\nerror: a.py: patch does not apply";
    assert_eq!(named(rejected), Some(FaultName::FileInTheWay));
    let poetry = "bash: poetry: command not found\nParsed 0 test results";
    assert_eq!(named(poetry), Some(FaultName::PoetryMissing));
}

#[test]
fn what_only_looks_like_a_failure_is_passed_over() {
    assert_eq!(
        explain("Native Gemini SDK not available, ConnectionError ignored\n"),
        None
    );
    assert_eq!(explain("POST /update_mcp_server 404 object not found\n"), None);
    assert_eq!(explain("all is well\n"), None);
    assert_eq!(explain(""), None);
    assert_eq!(explain("the process was not Killed by anyone"), None);
}

#[test]
fn what_a_phase_cannot_fail_of_is_no_explanation_in_it() {
    // Tests print such things all day.
    for said in [
        "fatal: not a git repository",
        "RateLimitError",
        "ConnectionError: refused",
    ] {
        assert_eq!(explain_in(Task::Evaluation, said), None, "{said}");
        assert!(explain_in(Task::Trajectory, said).is_some(), "{said}");
    }
}

#[test]
fn exit_codes_that_speak_for_themselves() {
    for (code, name) in [
        (137, FaultName::OutOfMemory),
        (139, FaultName::WrongArchitecture),
        (252, FaultName::DockerResources),
    ] {
        let fault = of_exit(code).unwrap();
        assert_eq!(
            (fault.name.known().unwrap(), fault.class, fault.again),
            (name, Class::Host, Again::Elsewhere)
        );
        assert!(fault.what.contains(&code.to_string()));
    }
    assert!([0, 1, 2, 255, -1].into_iter().all(|code| of_exit(code).is_none()));
}

#[test]
fn an_agents_error_is_the_models_only_where_it_says_so() {
    let class = |error: &str| of_agent(error).class;
    assert_eq!(
        class("NotFoundError: litellm.NotFoundError: GeminiException - {}"),
        Class::Provider
    );
    assert_eq!(
        of_agent("NotFoundError: litellm.NotFoundError: GeminiException").again,
        Again::Mended
    );
    assert_eq!(
        class("RuntimeError: Agent reached maximum iteration."),
        Class::Model
    );
    assert_eq!(class("ValueError: something new"), Class::Unknown);
    assert_eq!(of_agent("").name, FaultName::AgentError);
}

#[test]
fn a_refusal_is_certain_only_in_the_words_of_a_client() {
    let again = |text: &str| explain(text).map(|fault| (fault.name, fault.again));
    let refused = |again| Some((RecordedName::from(FaultName::ModelRefused), again));
    for client in [
        "litellm.AuthenticationError: AuthenticationError: OpenAIException - Incorrect API key provided",
        "openai.AuthenticationError: Error code: 401 - {'error': {'code': 'invalid_api_key'}}",
        "litellm.RateLimitError: RateLimitError: OpenAIException - insufficient_quota",
    ] {
        assert_eq!(again(client), refused(Again::Mended), "{client}");
    }
    for anything in [
        "E       assert \"invalid api key\" in str(error)",
        "FAILED tests/test_client.py::test_incorrect_api_key - Incorrect API key",
        "raise Refused('insufficient_quota')",
    ] {
        assert_eq!(again(anything), refused(Again::Anywhere), "{anything}");
    }
}

#[test]
fn what_is_quoted_is_harmless_and_short() {
    let text = format!(
        "\u{1b}[31mno space left on device\u{7}{}",
        "\u{202e}x".repeat(5_000)
    );
    let what = explain(&text).unwrap().what;
    assert!(
        what.chars().count() <= 241 && !what.contains(['\u{1b}', '\u{7}', '\u{202e}']),
        "{what}"
    );
}

#[test]
fn the_end_of_a_long_text_is_read_whatever_characters_it_has() {
    let text = format!("{}\nno space left on device", "é".repeat(READ));
    assert_eq!(
        explain(&text).and_then(|fault| fault.name.known()),
        Some(FaultName::NoSpace)
    );
    let turned = format!("İ no space left on device\n{}", "ü".repeat(100));
    assert_eq!(
        explain(&turned).and_then(|fault| fault.name.known()),
        Some(FaultName::NoSpace)
    );
}
