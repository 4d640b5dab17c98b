//! Datasets, good and damaged, and random ones.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::domain::Instance;

const PARSERS: [&str; 3] = [
    "python/parse_log_pytest_v3",
    "swelancer/parse_log_playwright",
    "go/parse_log_gotest_json",
];

fn reading(text: &str) -> Reading {
    read(text, "data.jsonl", &|id| PARSERS.contains(&id), &PARSERS)
}

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/data/datasets/",
            $name
        ))
    };
}

#[track_caller]
fn good(text: &str) -> Vec<Found> {
    let Reading { found, findings } = reading(text);
    assert_eq!(findings, []);
    found
}

/// An object that is whole, with one change.
fn with(key: &str, value: Value) -> String {
    let mut object: Value = serde_json::from_str(sample!("compact.jsonl")).unwrap();
    object[key] = value;
    object.to_string()
}

/// An object that is whole, without this.
fn without(key: &str) -> String {
    let mut object: Value = serde_json::from_str(sample!("compact.jsonl")).unwrap();
    object.as_object_mut().unwrap().remove(key);
    object.to_string()
}

/// The only fault of a text.
#[track_caller]
fn fault(text: &str) -> String {
    let findings = reading(text).findings;
    let [finding] = findings.as_slice() else {
        panic!("{findings:#?}");
    };
    finding.to_string()
}

#[test]
fn every_container_and_every_form_of_a_list_gives_the_same_line() {
    let expected = good(sample!("compact.jsonl"));
    assert_eq!(expected.len(), 1);
    for text in [
        sample!("pretty.json"),
        sample!("bom.jsonl"),
        sample!("strings.jsonl"),
        sample!("python.jsonl"),
        sample!("numpy.jsonl"),
        sample!("repomate.json"),
    ] {
        let found = good(text);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].text, expected[0].text);
        assert_eq!(found[0].instance, expected[0].instance);
    }
}

#[test]
fn the_normal_form_has_canonical_keys_whole_patches_and_everything_else_untouched() {
    let found = good(sample!("compact.jsonl")).remove(0);
    let instance = &found.instance;
    assert_eq!(instance.id.as_str(), "1319603449576684");
    assert_eq!(instance.repo, "12rambau/sepal_ui");
    assert_eq!(instance.fail_to_pass, ["tests/test_a.py::test_y"]);
    assert_eq!(
        instance.pass_to_pass,
        ["tests/test_a.py::test_x[a, b]", "tests/test_b.py::test_it's"]
    );
    assert_eq!(instance.test_patches.len(), 2);
    assert!(instance.test_patches.iter().all(|patch| patch.ends_with("2\n")));
    assert_eq!(instance.gold_patches.len(), 1);
    assert_eq!(instance.repo_path, "/app/repo");
    assert_eq!(found.line, 1);
    assert!(found.text.ends_with('\n') && found.text.lines().count() == 1);
    assert!(found.text.contains(r#","created_at":null,"#), "{}", found.text);
    assert!(
        found.text.contains(r#","pr":{"number":12,"size":1.50},"#),
        "digits stay: {}",
        found.text
    );
    assert_eq!(serde_json::from_str::<Instance>(&found.text).unwrap(), *instance);
}

#[test]
fn many_instances_come_in_their_order_with_their_lines() {
    let lines = good(sample!("four.jsonl"));
    let array = good(sample!("array.json"));
    let ids: Vec<&str> = lines.iter().map(|found| found.instance.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "1319603449576684",
            "myremylar__pygame_gui-12",
            "12155_1",
            "task_001_7"
        ]
    );
    assert_eq!(
        lines.iter().map(|found| found.line).collect::<Vec<_>>(),
        [1, 2, 3, 4]
    );
    let texts = |found: &[Found]| found.iter().map(|one| one.text.clone()).collect::<Vec<_>>();
    assert_eq!(texts(&lines), texts(&array));
    assert!(array[1].line > array[0].line + 10);
}

#[test]
fn what_is_left_out_gets_its_default() {
    let text = json!({
        "instance_id": 17, "repo": "https://github.com/a/b.git", "base_commit": "0".repeat(40),
        "FAIL_TO_PASS": ["t"], "PASS_TO_PASS": null, "image_storage_uri": " ", "test_patch": "", "version": null,
    });
    let instance = good(&text.to_string()).remove(0).instance;
    assert_eq!(instance.id.as_str(), "17");
    assert_eq!(instance.repo, "a/b");
    assert_eq!(
        (instance.language.as_str(), instance.test_command.as_str()),
        ("python", "pytest")
    );
    assert_eq!(instance.parser, PARSER);
    assert_eq!(instance.image, None);
    assert!(instance.pass_to_pass.is_empty() && instance.test_patches.is_empty());
}

#[test]
fn other_names_of_a_key_must_not_contradict_it() {
    let same = with("f2p", json!("tests/test_a.py::test_y"));
    assert_eq!(
        good(&same)[0].instance,
        good(sample!("compact.jsonl"))[0].instance
    );
    let said = fault(&with("f2p", json!("tests/test_a.py::test_z")));
    assert!(
        said.contains("`f2p` and `FAIL_TO_PASS` say different things"),
        "{said}"
    );
    // The id of the row that it was made of is just another field.
    let found = good(&with("issue_fbid", json!(5))).remove(0);
    assert!(found.text.contains("\"issue_fbid\":5"));
}

#[test]
fn a_blank_says_nothing_beside_another_name_of_its_key() {
    let whole = &good(sample!("compact.jsonl"))[0].instance;
    for blank in [json!(""), json!(" "), json!("None"), json!("nan"), Value::Null] {
        for key in [
            "f2p",
            "p2p",
            "fail_to_pass_tests",
            "pass_to_pass_tests",
            "test_patches",
            "functional_patch",
        ] {
            let found = good(&with(key, blank.clone())).remove(0);
            assert_eq!(found.instance, *whole, "{key} {blank}");
        }
    }
    for (canonical, raw) in [
        ("FAIL_TO_PASS", "fail_to_pass_tests"),
        ("instance_id", "issue_fbid"),
        ("repo", "repo_source_uri"),
        ("base_commit", "commit_hash"),
    ] {
        let mut row: Value = serde_json::from_str(sample!("compact.jsonl")).unwrap();
        row[raw] = std::mem::replace(&mut row[canonical], json!(""));
        let found = good(&row.to_string()).remove(0).instance;
        assert_eq!(found, *whole, "{canonical}");
    }
    let said = fault(&with("FAIL_TO_PASS", json!("")));
    assert!(said.contains("`FAIL_TO_PASS` is empty"), "{said}");
    let said = fault(&with("p2p", json!([])));
    assert!(
        said.contains("say different things"),
        "an empty list does say something: {said}"
    );
}

#[test]
fn a_raw_row_says_the_same_under_its_own_names() {
    // What each carries beside that is its own.
    let read = |text| Instance {
        rest: Map::new(),
        ..good(text).remove(0).instance
    };
    assert_eq!(read(sample!("raw_row.jsonl")), read(sample!("compact.jsonl")));
}

#[test]
fn a_list_of_diffs_within_a_list_is_unwrapped() {
    let whole = &good(sample!("compact.jsonl"))[0].instance;
    let wrapped = json!([serde_json::to_string(&whole.test_patches).unwrap()]);
    assert_eq!(good(&with("test_patch", wrapped))[0].instance, *whole);
    let said = fault(&with("test_patch", json!(["[\"diff --git a/x"])));
    assert!(
        said.contains("`test_patch`") && said.contains("cut off"),
        "{said}"
    );
}

#[test]
fn a_task_of_swe_lancer_is_refused_by_name() {
    for (key, value) in [
        ("repo", "Expensify/App"),
        ("test_output_parser", "swelancer/parse_log_playwright"),
        ("test_output_parser", "javascript/Playwright"),
        ("monolith_image", "swelancer/unified:latest"),
    ] {
        let said = fault(&with(key, json!(value)));
        assert!(
            said.contains("`1319603449576684` is a task of SWE-Lancer") && said.contains(value),
            "{said}"
        );
    }
    good(&with("monolith_image", json!("")));
}

#[test]
fn every_damage_of_a_file_is_told_at_once_with_its_line() {
    let reading = reading(sample!("damaged.jsonl"));
    let told: Vec<String> = reading
        .findings
        .iter()
        .map(|finding| {
            let hint = finding.hint.clone().unwrap_or_default();
            format!("{}: {}; {hint}", finding.line, finding.what)
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    1: `PASS_TO_PASS` is exactly 32767 characters long: a spreadsheet has cut it off; get it from a source that was never a spreadsheet
    2: `instance_id` `` is empty; every instance needs a name of its own
    3: `instance_id` `../../etc` contains '/'; names consist of letters, digits and . _ - + @ =; use another id
    4: instance `bad-0` is here again; first on line 1; remove one; ids that differ only in capitals would share their image
    5: unknown parser `python/parse_log_pytest_v4`; did you mean `python/parse_log_pytest_v3`?
    6: `instance_id` gives the image name `mswebench/sweb.eval.x86_64.a+b:latest`, which Docker refuses; use another id
    7: `FAIL_TO_PASS` is empty: nothing could ever count as solved; name the tests that the task makes pass
    8: `test_command` is empty, and no tests would run; write the command, or leave the key out for `pytest`
    9: `test_patch` `https://drive.google.com/file/d/1/view` is the address of a patch, not a patch; download it and put its text here
    10: `base_commit` `main` is not 40 digits of 0-9 and a-f; write the whole id, as `git rev-parse` prints it
    11: missing key `repo`; it names the image; write OWNER/NAME
    12: `image_storage_uri` is not `s3://BUCKET/KEY`; write s3://BUCKET/KEY, docker://REFERENCE or REGISTRY/PATH/NAME:TAG, or leave it out
    13: `FAIL_TO_PASS` `[\'a\' ... \'z\']` has `...` where numpy left items out; write a JSON list of strings
    14: this is not JSON: EOF while parsing a string; the text has been cut off; get it anew
    15: missing key `test_output_parser`; only Python has a default; known: go/parse_log_gotest_json
    ");
    assert_eq!(reading.found, []);
}

#[test]
fn each_damage_is_told_where_it_is() {
    let cut = "x".repeat(32_767);
    let long = "9".repeat(126);
    let deep = format!("{}{}", "[".repeat(127), "]".repeat(127));
    let cases = [
        (String::new(), "1:1: there is no instance here"),
        ("[]".to_owned(), "1:1: there is no instance here"),
        ("[1]".to_owned(), "1:2: an instance is an object, not a number"),
        ("\n\n  7".to_owned(), "3:3: an instance is an object"),
        (with("instance_id", json!(1.5)), "is not a whole number"),
        (with("instance_id", json!("a b")), "contains ' '"),
        (with("instance_id", json!([])), "must be a string, not a list"),
        (with("instance_id", json!(long)), "which Docker refuses"),
        (without("instance_id"), "missing key `instance_id`"),
        (with("repo", json!("sepal_ui")), "is not OWNER/NAME"),
        (with("repo", json!("a/b/c")), "is not OWNER/NAME"),
        (with("repo", json!("../..")), "is not OWNER/NAME"),
        (with("repo", json!("a/b_")), "`repo` gives the image name"),
        (without("base_commit"), "missing key `base_commit`"),
        (with("base_commit", json!("A".repeat(40))), "is not 40 digits"),
        (with("base_commit", json!("a".repeat(39))), "is not 40 digits"),
        (
            with("image_storage_uri", json!("-v/:/x")),
            "is not the name of an image",
        ),
        (
            with("problem_statement", json!(cut)),
            "a spreadsheet has cut it off",
        ),
        (with("FAIL_TO_PASS", json!(cut)), "a spreadsheet has cut it off"),
        (with("patch", json!(cut)), "a spreadsheet has cut it off"),
        (with("FAIL_TO_PASS", Value::Null), "`FAIL_TO_PASS` is empty"),
        (without("FAIL_TO_PASS"), "`FAIL_TO_PASS` is empty"),
        (with("FAIL_TO_PASS", json!("[]")), "`FAIL_TO_PASS` is empty"),
        (with("FAIL_TO_PASS", json!("a,b")), "is no list"),
        (with("FAIL_TO_PASS", json!(["a", 1])), "this is a number"),
        (with("FAIL_TO_PASS", json!({})), "not an object"),
        (
            with("FAIL_TO_PASS", json!(["a", " "])),
            "which is no name of a test",
        ),
        (
            with("FAIL_TO_PASS", json!(["t/a.py::xt/b.py::y"])),
            "several names run together",
        ),
        (with("PASS_TO_PASS", json!("['a', 'b")), "it has been cut off"),
        (with("test_patch", json!("TODO")), "is no unified diff"),
        (with("test_patch", json!(["x"])), "is no unified diff"),
        (with("test_patch", json!("[\"diff --git")), "it has been cut off"),
        (
            with("patch", json!("http://x/y.diff")),
            "is the address of a patch",
        ),
        (with("test_command", json!("")), "no tests would run"),
        (with("test_command", json!("a\0")), "zero byte"),
        (with("test_output_parser", json!("")), "unknown parser ``"),
        (
            with("test_output_parser", json!("python/parse_log_pytest_v2")),
            "did you mean `python/parse_log_pytest_v3`?",
        ),
        (with("repo_path", json!("app")), "is no directory of an image"),
        (
            with("repo_path", json!("/app/../etc")),
            "is no directory of an image",
        ),
        (with("language", json!("a\nb")), "is no word"),
        (
            with("x", json!(0)).replacen("\"x\":0", &format!("\"x\":{deep}"), 1),
            "`x` cannot be read: recursion limit exceeded",
        ),
        (
            with("x", json!(0)).replacen("\"x\":0", "\"x\":1e999", 1),
            "`x` cannot be read: number out of range",
        ),
        (
            with("x", json!(0)).replacen("\"x\":0", "\"x\":\"\\ud800\"", 1),
            "`x` cannot be read",
        ),
        (
            with("x", json!(0)).replacen("\"x\":0", "\"x\":NaN", 1),
            "write null",
        ),
        (
            with("x", json!(0)).replacen("\"x\":0", "\"x\":0,\"repo\":\"a/b\"", 1),
            "`repo` is here twice",
        ),
    ];
    for (text, words) in cases {
        let said = fault(&text);
        assert!(
            said.starts_with("data.jsonl:") && said.contains(words),
            "{words}: {said}"
        );
    }
}

#[test]
fn an_id_may_be_there_once_whatever_its_capitals() {
    let one = with("instance_id", json!("Abc-1"));
    let other = with("instance_id", json!("abc-1"));
    let said = fault(&format!("{one}\n{other}\n"));
    assert!(
        said.starts_with("data.jsonl:2:") && said.contains("first on line 1"),
        "{said}"
    );
}

#[test]
fn an_assignment_is_no_dataset() {
    for text in [
        sample!("compact.jsonl"),
        sample!("pretty.json"),
        sample!("repomate.json"),
        sample!("four.jsonl"),
        sample!("damaged.jsonl"),
        "{\"instance_id\": ",
    ] {
        assert!(is_dataset(text));
    }
    for text in [
        "{}",
        "{\"eval1\": [{\"instance_id\": \"a\", \"dataset_file\": \"x\"}]}",
        "{\"eval1\": [{\"instance_id\": \"a\", \"dataset_file\":",
    ] {
        assert!(!is_dataset(text), "{text}");
    }
}

#[test]
fn a_fault_in_every_line_is_not_told_a_million_times() {
    let findings = reading(&"1\n".repeat(100_000)).findings;
    assert_eq!(findings.len(), MOST_FINDINGS);
    assert!(
        findings[MOST_FINDINGS - 1]
            .to_string()
            .contains("and 99000 more faults")
    );
}

/// JSON of any shape that the keys of a dataset could have.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "\\[?'[a-z]'[ ,]'[a-z]'\\]?".prop_map(Value::from),
        "diff --git [a-z]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(".{0,6}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z_\\PC]{0,8}",
        Just("f2p".to_owned()),
        Just("p2p".to_owned()),
        Just("test_patches".to_owned()),
        Just("patch".to_owned()),
        Just("version".to_owned()),
        Just("issue_fbid".to_owned()),
        Just("language".to_owned()),
    ]
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in ".{0,200}") {
        let _ = (reading(&text), is_dataset(&text));
    }

    #[test]
    fn any_torn_or_changed_dataset_is_read_without_panic(
        cut in 0..5000_usize,
        at in 0..5000_usize,
        put in "[\\[\\]{}\",:\\\\\n'a]{0,3}",
    ) {
        let mut text = sample!("four.jsonl").to_owned();
        let floor = |text: &str, at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
        let at = floor(&text, at);
        text.insert_str(at, &put);
        text.truncate(floor(&text, cut.max(at)));
        let reading = reading(&text);
        for finding in &reading.findings {
            prop_assert!(finding.line >= 1 && finding.column >= 1);
        }
    }

    #[test]
    fn the_normal_form_reads_back_and_stays_as_it_is(
        more in prop::collection::vec((key(), value()), 0..5),
    ) {
        let mut object: Value = serde_json::from_str(sample!("compact.jsonl")).unwrap();
        for (key, value) in more {
            object[key] = value;
        }
        for found in reading(&object.to_string()).found {
            let back: Instance = serde_json::from_str(&found.text).unwrap();
            prop_assert_eq!(&back, &found.instance);
            let again = reading(&found.text);
            prop_assert_eq!(&again.findings, &vec![]);
            prop_assert_eq!(&again.found[0].text, &found.text);
            prop_assert_eq!(&again.found[0].instance, &found.instance);
        }
    }
}
