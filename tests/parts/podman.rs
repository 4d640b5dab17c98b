//! podman in Docker's place: whole jobs against a real service, whose layers move once, whose images are mended, and whose
//! kills are told apart. One test, since the lab has one such engine.

use crate::support::instances::result;
use crate::support::{Lab, World};

const TIDES: &str = "2000000000000001";
const GRAVEL: &str = "2000000000007920";

/// A repair that every image of the lab needs, since none has the file.
const REPAIR: &str = r#"
[[repair]]
name = "mark"
probe = "[ -e /mended ]"
script = "echo mended > /mended"
network = "none"
"#;

#[test]
fn whole_jobs_run_on_podman_and_only_missing_layers_move() {
    let lab = Lab::hosts(1);
    lab.run(&["instances"]);
    let engine = lab.run(&["podman", "up"]);
    let keys = Lab::dir().join("aws_credentials");
    let told = lab.run(&["config", "images", "agents", "pipeline"]);
    let world = World::local(1)
        .pipeline("swe")
        .toml(&told)
        .toml(REPAIR)
        .replace("does = \"image\"\n", "does = \"image\"\nrepairs = [\"mark\"]\n")
        .env("AWS_SHARED_CREDENTIALS_FILE", &keys.display().to_string())
        .env("DOCKER_HOST", engine.trim());
    let docker = |args: &[&str]| {
        let said = std::process::Command::new("docker")
            .args(args)
            .env("DOCKER_HOST", engine.trim())
            .output()
            .unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        String::from_utf8(said.stdout).unwrap()
    };

    let hosts = world.fleet(&["hosts", "--json"]).ok().stdout;
    assert!(hosts.contains("podman "), "{hosts}");
    world.instances("first", &[("eval1", TIDES, "scripted", 1)]);
    world.instances("second", &[("eval1", GRAVEL, "gold", 1)]);
    for set in ["first", "second"] {
        let file = format!("assignments/{set}.json");
        world.fleet(&["dispatch", &file]).ok();
    }
    world.fleet(&["collect"]).ok();
    let counts = (world.count("resolved"), world.count("unresolved"));
    assert_eq!(counts, (1, 1), "{:#}", world.status());
    let image = result(&world, "second", &format!("{GRAVEL}/gold/run1"), "out/image.json");
    let image: serde_json::Value = serde_json::from_str(&image).unwrap();
    let how = image["how"].as_str().unwrap();
    assert!(
        how.starts_with("moved 1 of ") && image["notes"] == serde_json::json!([]),
        "{image}"
    );
    assert_eq!(docker(&["ps", "-a", "-q"]), "", "nothing of the jobs is left");
    let name = format!("mswebench/sweb.eval.x86_64.{GRAVEL}:latest");
    let mark = docker(&[
        "run",
        "--network",
        "none",
        "--entrypoint",
        "cat",
        &name,
        "/mended",
    ]);
    assert_eq!(mark, "mended\n");

    let listing = world.fleet(&["images", "--json"]).ok().json();
    assert_eq!(listing["images"].as_array().unwrap().len(), 2, "{listing}");
    docker(&["rm", "-f", docker(&["ps", "-a", "-q"]).trim()]);
    world.fleet(&["images", "prune"]).ok().says("2 images removed");
    assert_eq!(docker(&["image", "ls", "-a", "-q"]), "");
    lab.run(&["podman", "down"]);
}
