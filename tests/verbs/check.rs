//! `fleet check`: every fault of every file at once, or what was understood.

use std::fs;

use crate::support::World;

/// A world with a pipeline of the user's (`job`), one that `fleet` does itself (`swe`), and the samples.
fn world() -> World {
    let world = World::local(1).script("echo x >> \"$LEDGER\"").toml(
        "[[pipeline]]\nname = \"swe\"\ncontainers = true\n\
         [[pipeline.phase]]\nname = \"image\"\ndoes = \"image\"\ndeadline = \"1m\"\n\
         [[pipeline.phase]]\nname = \"trajectory\"\ndoes = \"trajectory\"\ndeadline = \"1m\"\nagent = \"gold\"\n\
         [[pipeline.phase]]\nname = \"evaluation\"\ndoes = \"evaluation\"\ndeadline = \"1m\"\n\
         [[pipeline.phase]]\nname = \"report\"\ndoes = \"report\"\ndeadline = \"1m\"\n",
    );
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/datasets");
    for entry in fs::read_dir(samples).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        world.write(&format!("data/{name}"), &fs::read_to_string(path).unwrap());
    }
    world
}

/// An assignment of one job a line: instance, dataset, pipeline.
fn assign(world: &World, name: &str, jobs: &[(&str, &str, &str)]) {
    let entries: Vec<String> = jobs
        .iter()
        .map(|(instance, dataset, pipeline)| {
            format!("{{\"instance_id\": \"{instance}\", \"model\": \"gpt\", \"dataset_file\": \"../data/{dataset}\", \"pipeline\": \"{pipeline}\"}}")
        })
        .collect();
    world.assignment(name, &format!("{{\"eval1\": [\n{}\n]}}", entries.join(",\n")));
}

#[test]
fn good_datasets_are_listed_with_what_was_understood() {
    let world = world();
    let ran = world
        .fleet(&["check", "data/four.jsonl", "data/pretty.json"])
        .ok()
        .says("no fault in 2 files");
    insta::assert_snapshot!(ran.stdout, @r"
    ── data/four.jsonl
    instance                  line  parser                      f2p  p2p
    1319603449576684             1  python/parse_log_pytest_v3    1    2
    myremylar__pygame_gui-12     2  python/parse_log_pytest_v3    1    2
    12155_1                      3  go/parse_log_gotest_json      1    0
    task_001_7                   4  python/parse_log_pytest_v3    1    2

    1319603449576684
      repo       12rambau/sepal_ui at 97371fbaed444727126a2969cd68f856db77221f
      archive    s3://kuberha-velora/velora-files/images/12rambau_sepal_ui-97371fbaed444727126a2969cd68f856db77221f.tar
      tag        mswebench/sweb.eval.x86_64.1319603449576684:latest
      tag        mswebench/12rambau_m_sepal_ui:pr-1319603449576684
      tests      source /saved/ENV || source /saved/*/ENV && pytest --no-header -rA --tb=no -p no:cacheprovider --continue-on-collection-errors

    myremylar__pygame_gui-12
      repo       myremylar/pygame_gui at 905f58cfe209f92e1235dbe818a31cceecd46f5d
      archive    s3://kuberha-velora/velora-files/images/myremylar_pygame_gui-905f58cfe209f92e1235dbe818a31cceecd46f5d.tar
      tag        mswebench/sweb.eval.x86_64.myremylar__pygame_gui-12:latest
      tag        mswebench/myremylar_m_pygame_gui:pr-myremylar__pygame_gui-12
      tag        mswebench/sweb.eval.x86_64.myremylar_s_pygame_gui-12:latest
      tag        mswebench/myremylar_m_pygame_gui:pr-12
      tests      source /saved/ENV || source /saved/*/ENV && pytest --no-header -rA --tb=no -p no:cacheprovider --continue-on-collection-errors

    12155_1
      repo       Shopify/liquid at 97371fbaed444727126a2969cd68f856db77221f
      archive    s3://rfp-coding-q1/Images/SWE/shopify__liquid.tar
      tag        mswebench/sweb.eval.x86_64.12155_1:latest
      tag        mswebench/shopify_m_liquid:pr-12155_1
      tests      source /saved/ENV || source /saved/*/ENV && pytest --no-header -rA --tb=no -p no:cacheprovider --continue-on-collection-errors

    task_001_7
      repo       12rambau/sepal_ui at 97371fbaed444727126a2969cd68f856db77221f
      reference  debian:12-slim
      tag        mswebench/sweb.eval.x86_64.task_001_7:latest
      tag        mswebench/12rambau_m_sepal_ui:pr-task_001_7
      tests      source /saved/ENV || source /saved/*/ENV && pytest --no-header -rA --tb=no -p no:cacheprovider --continue-on-collection-errors
    ── data/pretty.json
    instance          line  parser                      f2p  p2p
    1319603449576684     1  python/parse_log_pytest_v3    1    2

    1319603449576684
      repo       12rambau/sepal_ui at 97371fbaed444727126a2969cd68f856db77221f
      archive    s3://kuberha-velora/velora-files/images/12rambau_sepal_ui-97371fbaed444727126a2969cd68f856db77221f.tar
      tag        mswebench/sweb.eval.x86_64.1319603449576684:latest
      tag        mswebench/12rambau_m_sepal_ui:pr-1319603449576684
      tests      source /saved/ENV || source /saved/*/ENV && pytest --no-header -rA --tb=no -p no:cacheprovider --continue-on-collection-errors
    ");
    let json = world
        .fleet(&["check", "--json", "data/repomate.json"])
        .ok()
        .json();
    assert_eq!(json["version"], 1);
    let file = &json["files"][0];
    assert_eq!(
        (&file["file"], &file["kind"]),
        (&"data/repomate.json".into(), &"dataset".into())
    );
    let data = &file["instances"][0]["data"];
    assert_eq!(data["repo"], "12rambau/sepal_ui");
    assert_eq!(data["base_commit"], "97371fbaed444727126a2969cd68f856db77221f");
    assert_eq!(data["taken_from"], "archive");
    assert_eq!(
        data["tags"],
        serde_json::json!([
            "mswebench/sweb.eval.x86_64.1319603449576684:latest",
            "mswebench/12rambau_m_sepal_ui:pr-1319603449576684"
        ])
    );
    assert!(data["test_command"].as_str().unwrap().contains("pytest"));
    assert_eq!(
        data["image"],
        "s3://kuberha-velora/velora-files/images/12rambau_sepal_ui-97371fbaed444727126a2969cd68f856db77221f.tar"
    );
    assert_eq!(
        (&data["fail_to_pass"], &data["pass_to_pass"]),
        (&1.into(), &2.into())
    );
}

#[test]
fn the_faults_of_all_files_are_told_at_once_each_with_its_place() {
    let world = world();
    assign(&world, "phase8", &[("a b", "compact.jsonl", "job")]);
    fs::write(world.path("data/binary.jsonl"), b"{}\xff").unwrap();
    world.write("data/blank.jsonl", " \n");
    let ran = world
        .fleet(&[
            "check",
            "data/damaged.jsonl",
            "data/four.jsonl",
            "data/binary.jsonl",
            "data/blank.jsonl",
            "data/gone.jsonl",
            "data",
            "assignments/phase8.json",
        ])
        .code(2);
    let faults = ran
        .says("15 faults in data/damaged.jsonl; nothing was done")
        .says("data/damaged.jsonl:2:")
        .says("data/damaged.jsonl:5:")
        .says("did you mean `python/parse_log_pytest")
        .says("data/damaged.jsonl:14:")
        .says("data/binary.jsonl is not text (byte 2 is not UTF-8)")
        .says("data/blank.jsonl is empty")
        .says("cannot read data/gone.jsonl")
        .says("data is a directory")
        .says("assignments/phase8.json:2:17: `instance_id` `a b` contains ' '");
    assert_eq!(faults.stdout, "", "no table beside faults");
    assert!(!world.path("state/fleet.sqlite").exists());
}

#[test]
fn tests_that_install_packages_without_a_network_are_warned_of() {
    let world = world();
    let four = fs::read_to_string(world.path("data/four.jsonl")).unwrap();
    let mut row: serde_json::Value = serde_json::from_str(four.lines().next().unwrap()).unwrap();
    row["test_command"] = "source /saved/ENV && tox -e py39".into();
    let one = row.to_string();
    row["instance_id"] = "other-1".into();
    let rows = format!("{one}\n{row}\n");
    world.write("data/tox.jsonl", &rows);
    assign(
        &world,
        "installs",
        &[
            ("1319603449576684", "tox.jsonl", "swe"),
            ("other-1", "tox.jsonl", "swe"),
        ],
    );
    let check = ["check", "assignments/installs.json"];
    world.fleet(&check).ok().says(
        "warning: the test command of 1319603449576684, other-1 installs packages (`tox`), and `network` is none for it",
    );
    let json = world
        .fleet(&["check", "--json", "assignments/installs.json"])
        .ok()
        .json();
    let file = &json["files"][0];
    assert_eq!(file["warnings"].as_array().unwrap().len(), 1);
    let data = &file["instances"][0]["data"];
    assert_eq!(
        (&data["network"], &data["installs"]),
        (&"none".into(), &"tox".into())
    );
    // By its file, and by its id.
    for network in [
        "datasets = [\"../data/tox.jsonl\"]",
        "instances = [\"other-1\", \"1319603449576684\"]",
    ] {
        let world = self::world().toml(&format!("[[network]]\nname = \"bridge\"\n{network}\n"));
        world.write("data/tox.jsonl", &rows);
        assign(
            &world,
            "installs",
            &[
                ("1319603449576684", "tox.jsonl", "swe"),
                ("other-1", "tox.jsonl", "swe"),
            ],
        );
        let said = world.fleet(&check).ok();
        assert!(!said.stderr.contains("warning"), "{}", said.stderr);
    }
}

#[test]
fn an_assignment_is_checked_with_its_datasets_where_fleet_evaluates() {
    let world = world();
    assign(
        &world,
        "good",
        &[("12155_1", "four.jsonl", "swe"), ("x", "damaged.jsonl", "job")],
    );
    let ran = world.fleet(&["check", "assignments/good.json"]).ok();
    insta::assert_snapshot!(ran.stdout, @r"
    instance  jobs  parser                         f2p  p2p
    12155_1      1  go/parse_log_gotest_json         1    0
    x            1  (a program of yours reads it)

    12155_1
      repo       Shopify/liquid at 97371fbaed444727126a2969cd68f856db77221f
      archive    s3://rfp-coding-q1/Images/SWE/shopify__liquid.tar
      tag        mswebench/sweb.eval.x86_64.12155_1:latest
      tag        mswebench/shopify_m_liquid:pr-12155_1
      tests      source /saved/ENV || source /saved/*/ENV && pytest --no-header -rA --tb=no -p no:cacheprovider --continue-on-collection-errors
    ");
    assign(
        &world,
        "bad",
        &[
            ("12155_2", "four.jsonl", "swe"),
            ("bad-4", "damaged.jsonl", "swe"),
            ("bad-5", "damaged.jsonl", "swe"),
            ("x", "gone.jsonl", "swe"),
        ],
    );
    for args in [
        ["check", "assignments/bad.json"].as_slice(),
        &["dispatch", "--check", "assignments/bad.json"],
        &["dispatch", "assignments/bad.json"],
    ] {
        let ran = world
            .fleet(args)
            .code(2)
            .says("assignments/bad.json:2:")
            .says("the dataset has no instance `12155_2`; did you mean `12155_1`?")
            .says("assignments/bad.json:5:")
            .says("cannot read the dataset assignments/../data/gone.jsonl")
            .says("15 faults in assignments/../data/damaged.jsonl")
            .says("assignments/../data/damaged.jsonl:5:");
        let unknown = ran.stderr.matches("unknown parser").count();
        assert_eq!(unknown, 1, "once a file, not once a job:\n{}", ran.stderr);
    }
    assert!(!world.path("state/fleet.sqlite").exists());
    assert!(world.ledger().is_empty());
}

#[test]
fn a_dataset_full_of_escapes_does_not_reach_the_terminal() {
    let world = world();
    world.write(
        "data/escapes.jsonl",
        "{\"instance_id\": \"\\u001b[2J\", \"repo\": \"\\u001b]0;x\\u0007\", \"base_commit\": \"\\u009b31m\"}\n",
    );
    let ran = world.fleet(&["check", "data/escapes.jsonl"]).code(2);
    assert!(
        ran.stderr.chars().all(|c| c == '\n' || !c.is_control()),
        "{:?}",
        ran.stderr
    );
}

#[test]
fn what_cannot_be_calibrated_is_warned_of() {
    let world = world();
    let mut row: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(world.path("data/compact.jsonl")).unwrap()).unwrap();
    row["patch"] = "".into();
    world.write("data/no-gold.jsonl", &row.to_string());
    world
        .fleet(&["check", "data/no-gold.jsonl"])
        .ok()
        .says("warning: 1319603449576684 cannot be calibrated: `patch` is empty");
    row["test_patch"] = "[]".into();
    world.write("data/neither.jsonl", &row.to_string());
    world
        .fleet(&["check", "data/neither.jsonl"])
        .ok()
        .says("cannot be calibrated")
        .says("`test_patch` of 1319603449576684 is empty");
    let ran = world.fleet(&["check", "data/compact.jsonl"]).ok();
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
}

#[test]
fn a_registry_of_fleet_toml_is_pulled_from_and_check_says_so() {
    let world = world();
    let reference =
        "0123.dkr.ecr.us-east-1.amazonaws.com/x/12rambau_sepal_ui:97371fbaed444727126a2969cd68f856db77221f";
    let mut row: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(world.path("data/compact.jsonl")).unwrap()).unwrap();
    row["image_storage_uri"] = reference.into();
    world.write("data/ecr.jsonl", &row.to_string());
    world
        .fleet(&["check", "data/ecr.jsonl"])
        .ok()
        .prints("archive    s3://kuberha-velora/velora-files/images/12rambau_sepal_ui-97371fba");
    let world = world.toml("[images]\nregistries = [\"0123.dkr.ecr.us-east-1.amazonaws.com\"]\n");
    world
        .fleet(&["check", "data/ecr.jsonl"])
        .ok()
        .prints(&format!("reference  {reference}"));
}
