//! The model's part and the runner's.

use super::*;

fn text(merged: Merged) -> String {
    match merged {
        Merged::Text(text) => text,
        other => panic!("{other:?}"),
    }
}

const CFG: &str =
    "[metadata]\nname = x\n\n[tool:pytest]\naddopts = -rA\n\n[options]\ninstall_requires =\n    a\n";

#[test]
fn what_a_patch_makes_of_other_sections_stays() {
    let honest = CFG.replace("    a\n", "    a\n    b\n");
    assert_eq!(merge(Format::Ini, CFG, &honest), Merged::Same);
    let both = honest.replace("-rA", "-rA -p evil");
    let mended = text(merge(Format::Ini, CFG, &both));
    assert_eq!(
        mended,
        "[metadata]\nname = x\n\n[options]\ninstall_requires =\n    a\n    b\n[tool:pytest]\naddopts = -rA\n\n"
    );
    assert_eq!(
        merge(Format::Ini, CFG, &mended),
        Merged::Same,
        "and then it is done"
    );
}

#[test]
fn sections_that_were_added_or_taken_away_are_put_back() {
    let added = text(merge(
        Format::Ini,
        "[flake8]\nmax = 1\n",
        "[flake8]\nmax = 2\n[pytest]\naddopts = -p evil",
    ));
    assert_eq!(added, "[flake8]\nmax = 2\n");
    let tox = "[tox]\nenvlist = py\n[testenv:py]\ncommands = pytest\n[flake8]\nmax = 1\n";
    assert_eq!(
        text(merge(Format::Ini, tox, "")),
        "[tox]\nenvlist = py\n[testenv:py]\ncommands = pytest\n"
    );
    assert_eq!(merge(Format::Ini, "", ""), Merged::Same);
}

const PROJECT: &str = "[project]\nname = \"x\"\ndependencies = [\n  \"a\",\n]\n[tool.pytest.ini_options]\naddopts = \"-rA\"\n[tool.black]\nline-length = 88\n";

#[test]
fn a_project_keeps_its_dependencies_and_loses_its_plug_ins() {
    let honest = PROJECT
        .replace("88", "100")
        .replace("  \"a\",\n", "  \"a\",\n  \"b\",\n");
    assert_eq!(merge(Format::Toml, PROJECT, &honest), Merged::Same);
    for more in [
        "[project.entry-points.pytest11]\nevil = \"x.evil\"\n",
        "[ tool . \"pytest\" . 'x' ]\naddopts = \"-p evil\"\n",
        "[[tool.pytest.x]]\ny = 1\n",
    ] {
        let mended = text(merge(Format::Toml, PROJECT, &format!("{honest}{more}")));
        assert!(mended.contains("\"b\"") && mended.contains("= 100"), "{mended}");
        assert!(!mended.contains("evil") && !mended.contains("y = 1"), "{mended}");
        assert!(mended.contains("addopts = \"-rA\""), "{mended}");
    }
}

#[test]
fn keys_that_no_header_shows_make_a_project_unclear() {
    for evil in [
        format!("tool.pytest.ini_options.addopts = \"-p evil\"\n{PROJECT}"),
        format!("tool = {{ pytest = {{ ini_options = {{ addopts = \"-p evil\" }} }} }}\n{PROJECT}"),
        format!("{PROJECT}[tool]\npytest.ini_options.addopts = \"-p evil\"\n"),
        format!("{PROJECT}[project.entry-points]\npytest11 = {{ evil = \"x\" }}\n"),
        format!("{PROJECT}[tool.\"py\\u0074est\".ini_options]\naddopts = \"-p evil\"\n"),
        PROJECT.replace("name =", "entry-points.pytest11.evil = \"x\"\nname ="),
    ] {
        assert_eq!(merge(Format::Toml, PROJECT, &evil), Merged::Unclear, "{evil}");
    }
    let dotted = format!(
        "tool.pytest.ini_options.addopts = \"-rA\"\n{}",
        PROJECT.replace("[tool.pytest.ini_options]\naddopts = \"-rA\"\n", "")
    );
    assert_eq!(
        merge(Format::Toml, &dotted, &dotted.replace("88", "100")),
        Merged::Same
    );
}

#[test]
fn of_a_package_the_tests_scripts_and_the_runners_settings_are_put_back() {
    let before = r#"{"name":"x","scripts":{"build":"tsc","test":"jest"},"jest":{"verbose":true}}"#;
    let honest = r#"{"name":"x","scripts":{"build":"tsc -p .","test":"jest"},"jest":{"verbose":true},"dependencies":{"b":"1"}}"#;
    assert_eq!(merge(Format::Json, before, honest), Merged::Same);
    let evil = honest
        .replace("\"jest\"}", "\"echo ok\",\"pretest\":\"evil\"}")
        .replace("true", "false");
    let mended = text(merge(Format::Json, before, &evil));
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(value(&mended), value(honest));
    assert_eq!(
        merge(Format::Json, before, &mended),
        Merged::Same,
        "and then it is done"
    );
    assert_eq!(
        text(merge(Format::Json, before, "")),
        "{\n  \"jest\": {\"verbose\":true},\n  \"scripts\": {\n    \"test\": \"jest\"\n  }\n}\n"
    );
    // The first condition that fits holds: their order is kept.
    let exports = r#""exports":{"import":"./a.mjs","default":"./a.js"}"#;
    let more = format!("{{{exports},{}", &evil[1..]);
    assert!(
        text(merge(Format::Json, before, &more))
            .starts_with("{\n  \"exports\": {\"import\":\"./a.mjs\",\"default\":\"./a.js\"},")
    );
    assert_eq!(merge(Format::Json, before, "{"), Merged::Unclear);
}

#[test]
fn a_solution_that_speaks_of_the_runner_there_is_told_from_one_that_does_not() {
    let patch = "diff --git a/setup.cfg b/setup.cfg\n--- a/setup.cfg\n+++ b/setup.cfg\n@@ -1 +1 @@\n-a\n+b\ndiff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-import pytest\n+b\n";
    assert!(!are_meant(patch, "setup.cfg"));
    assert!(are_meant(
        &patch.replace("+b\ndiff", "+b\n [tool:pytest]\ndiff"),
        "setup.cfg"
    ));
}
