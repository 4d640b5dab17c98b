//! Object stores that fail, seen from the outside: what is said before anything starts, whose doing a failure is, how
//! often it is tried again, and that a host is afterwards as it was. Real hosts, engines and store.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use crate::support::instances::{dataset, result};
use crate::support::proxy::{Proxy, Way};
use crate::support::{Lab, World, wait};

/// An instance whose image lies on the base alone.
const TIDES: &str = "2000000000000001";
/// Of the same repository, one commit later.
const TIDES_LATER: &str = "2000000000000003";
/// Two of one language: the same base, and a layer of that language.
const OPTICS: &str = "2000000000031677";
const PRISM: &str = "2000000000039596";
/// What the command line calls the only set of a world.
const SET: &str = "assignments/set.json";
/// Bytes that say hello, and headers of tars: what is moved beside the layers.
const LITTLE: u64 = 300_000;

/// Hosts without images, a way to the store, and a world that goes it.
fn bare(hosts: usize) -> (Lab, Proxy, World) {
    let lab = Lab::engines(hosts);
    lab.unload();
    let proxy = Proxy::start();
    let told = lab.run(&["config", "images", "agents", "pipeline"]);
    let world = World::native_with(&lab, &proxy.lead(&told));
    (lab, proxy, world)
}

/// The file name of an instance's image in the store.
fn archive(instance: &str) -> String {
    let row = row(instance);
    let text = |key: &str| row[key].as_str().unwrap().to_owned();
    format!("{}-{}.tar", text("repo").replace('/', "_"), text("base_commit"))
}

fn row(instance: &str) -> serde_json::Value {
    let text = fs::read_to_string(dataset(instance)).unwrap();
    let rows = serde_json::Deserializer::from_str(&text).into_iter::<serde_json::Value>();
    rows.map(Result::unwrap)
        .find(|row| row["instance_id"] == instance)
        .unwrap()
}

/// An object of the test's own. Gone with the value.
struct Object<'l> {
    lab: &'l Lab,
    key: String,
}

impl<'l> Object<'l> {
    /// A copy of an instance's image, after `harm`.
    fn copy(lab: &'l Lab, world: &World, name: &str, harm: impl FnOnce(&fs::File)) -> Object<'l> {
        let object = Object {
            lab,
            key: format!("test-store/{name}"),
        };
        object.put(world, harm);
        object
    }

    /// Puts another copy in its place.
    fn put(&self, world: &World, harm: impl FnOnce(&fs::File)) {
        let good = PathBuf::from(self.lab.run(&["s3", "dir"]).trim()).join(archive(TIDES));
        let copy = world.path("copy.tar");
        fs::copy(good, &copy).unwrap();
        harm(&fs::File::options().write(true).open(&copy).unwrap());
        self.lab
            .run(&["s3", "put", &copy.display().to_string(), &self.key]);
        fs::remove_file(copy).unwrap();
    }

    /// A set of one job: the gold patch of the instance, whose image is this object.
    fn job(&self, world: &World, set: &str, host: &str) {
        let mut row = row(TIDES);
        row["image_storage_uri"] = format!("s3://kuberha-velora/{}", self.key).into();
        world.write("assignments/own.jsonl", &format!("{row}\n"));
        let entry = serde_json::json!({ "instance_id": TIDES, "model": "gold", "dataset_file": "own.jsonl" });
        world.assignment(set, &serde_json::json!({ host: [entry] }).to_string());
    }
}

impl Drop for Object<'_> {
    fn drop(&mut self) {
        self.lab.run(&["s3", "rm", &self.key]);
    }
}

/// All that an engine has stored or is unpacking, by name; and whatever of an image might lie about at home.
fn disk(lab: &Lab, host: &str) -> String {
    let script = r#"
        root=$(docker info --format '{{.DockerRootDir}}') driver=$(docker info --format '{{.Driver}}')
        test -d "$root/image/$driver"
        docker images -aq --no-trunc | sort
        docker ps -aq
        docker system df --format '{{.Type}} {{.TotalCount}} {{.Size}}'
        { find "$root/image/$driver" "$root/tmp" -type f; find "$root/$driver" -maxdepth 1; } 2>/dev/null | sort
        cd /home/ubuntu
        find . -name '*.tar' -o -name '*.part' -o -path './.fleet/images/*.json'
        find . -size +1M ! -path './.fleet/bin/*'"#;
    lab.run(&["exec", host, "sh", "-euc", script])
}

/// The engine sweeps after itself, a moment later than its client ends.
#[track_caller]
fn is_as_before(lab: &Lab, host: &str, before: &str) {
    wait::until(&format!("{host} is as it was:\n{before}"), || {
        (disk(lab, host) == before).then_some(())
    });
}

/// The one line of `results.jsonl`.
fn book(world: &World) -> serde_json::Value {
    world.fleet(&["collect"]);
    let text = fs::read_to_string(world.path("results/results.jsonl")).unwrap();
    serde_json::from_str(text.trim_end()).unwrap_or_else(|error| panic!("{error} in\n{text}"))
}

/// The job was excluded for this, after so many tries, and `status` says so.
#[track_caller]
fn is_excluded(world: &World, class: &str, fault: &str, tries: u32) {
    assert_eq!(world.count("excluded"), 1, "{}", world.status());
    let shown = world.fleet(&["status"]).ok().stdout;
    assert!(shown.contains(fault), "{shown}");
    let line = book(world);
    let told = (&line["account"], &line["class"], &line["fault"], &line["attempt"]);
    assert_eq!(
        (told.0.as_str(), told.1.as_str(), told.2.as_str(), told.3.as_u64()),
        (Some("excluded"), Some(class), Some(fault), Some(tries.into())),
        "{line:#}"
    );
}

/// What the image phase has to say of how the image came.
fn image(world: &World, set: &str, instance: &str) -> serde_json::Value {
    let text = result(world, set, &format!("{instance}/gold/run1"), "out/image.json");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_download_that_breaks_off_again_and_again_goes_on_where_it_broke() {
    let (lab, proxy, world) = bare(1);
    let cuts = 30;
    proxy.make(Way::Torn {
        answers: cuts,
        after: 1_000_000,
    });
    world.instances("set", &[(lab.names()[0], TIDES, "gold", 1)]);
    world.fleet(&["dispatch", SET]).ok();
    assert_eq!(world.count("resolved"), 1);
    assert_eq!(book(&world)["attempt"], 1);
    let served = proxy.served("acme_tides");
    assert_eq!(served.cut, cuts);
    let facts = image(&world, "set", TIDES);
    let size = facts["size"].as_u64().unwrap();
    // What was on its way when a connection ended may have to come again, and no more than that.
    assert!(served.bytes >= size - LITTLE, "{served:?} of {size}");
    assert!(served.bytes < size + LITTLE, "{served:?} of {size}");
}

#[test]
fn a_store_that_is_slow_is_waited_for_and_none_of_its_bytes_is_asked_for_twice() {
    let (lab, proxy, world) = bare(1);
    let host = lab.names()[0];
    world.instances("first", &[(host, TIDES, "gold", 1)]);
    world.fleet(&["dispatch", "assignments/first.json"]).ok();
    proxy.make(Way::Slow(20_000));
    proxy.forget();
    world.instances("set", &[(host, TIDES_LATER, "gold", 1)]);
    world.fleet(&["dispatch", SET]).ok();
    assert_eq!(world.count("resolved"), 2);
    world.fleet(&["collect"]).ok();
    let facts = image(&world, "set", TIDES_LATER);
    assert_eq!(facts["moved"], proxy.served("acme_tides").bytes);
}

#[test]
fn a_second_image_moves_what_it_does_not_share_counted_at_the_store() {
    let (lab, proxy, world) = bare(1);
    let host = lab.names()[0];
    let mut shares = Vec::new();
    for (n, instance) in [TIDES, OPTICS, PRISM, TIDES_LATER].into_iter().enumerate() {
        let set = format!("set{n}");
        proxy.forget();
        world.instances(&set, &[(host, instance, "gold", 1)]);
        world
            .fleet(&["dispatch", &format!("assignments/{set}.json")])
            .ok();
        world.fleet(&["collect"]).ok();
        let facts = image(&world, &set, instance);
        let (moved, size) = (
            proxy.served(&archive(instance)).bytes,
            facts["size"].as_u64().unwrap(),
        );
        assert_eq!(facts["moved"], moved, "{facts}");
        assert!(moved > 0, "{facts}");
        shares.push(moved * 1000 / size);
    }
    // In thousandths. Of 243 MB, 29 are the layer of Ruby; the other two share all but some thousand bytes.
    assert!((990..=1005).contains(&shares[0]), "{shares:?}");
    assert!((110..=135).contains(&shares[1]), "{shares:?}");
    assert!(shares[2] <= 5 && shares[3] <= 5, "{shares:?}");
}

#[test]
fn a_truncated_object_is_never_tried_twice_nor_loaded_and_a_good_one_mends_it() {
    let (lab, _proxy, world) = bare(1);
    let host = lab.names()[0];
    let object = Object::copy(&lab, &world, "truncated.tar", |file| {
        file.set_len(120_000_000).unwrap();
    });
    let before = disk(&lab, host);
    object.job(&world, "set", host);
    world
        .fleet(&["dispatch", SET])
        .code(4)
        .says("image is in the store");
    is_excluded(&world, "image", "image-torn", 1);
    is_as_before(&lab, host, &before);
    object.put(&world, |_| {});
    // What is closed stays closed; a set of another name asks anew.
    world.fleet(&["dispatch", SET]).code(4).says("nothing new");
    object.job(&world, "again", host);
    world.fleet(&["dispatch", "assignments/again.json"]).ok();
    assert_eq!(world.count("resolved"), 1);
}

#[test]
fn a_corrupted_object_is_tried_again_and_never_loaded() {
    let (lab, proxy, world) = bare(1);
    let host = lab.names()[0];
    // In the middle of the base's layer, which is most of the archive.
    let object = Object::copy(&lab, &world, "corrupted.tar", |file| {
        file.write_all_at(b"not what it was", 100_000_000).unwrap();
    });
    let before = disk(&lab, host);
    object.job(&world, "set", host);
    world.fleet(&["dispatch", SET]).code(4);
    is_excluded(&world, "image", "image-corrupt", 3);
    is_as_before(&lab, host, &before);
    assert!(proxy.served("corrupted.tar").bytes > 3 * 190_000_000);
}

#[test]
fn a_missing_or_empty_object_is_told_before_anything_is_stored_and_the_same_command_goes_on_once_it_is_there()
{
    let (lab, proxy, world) = bare(1);
    let host = lab.names()[0];
    let object = Object::copy(&lab, &world, "missing.tar", |_| {});
    lab.run(&["s3", "rm", &object.key]);
    object.job(&world, "set", host);
    let place = format!("s3://kuberha-velora/{} does not exist", object.key);
    world
        .fleet(&["dispatch", SET])
        .code(6)
        .says("1 image cannot be fetched")
        .says(&place)
        .says(TIDES)
        .says("nothing has been dispatched");
    object.put(&world, |file| file.set_len(0).unwrap());
    world.fleet(&["dispatch", SET]).code(6).says("is empty");
    assert!(!world.path("state/fleet.sqlite").exists());
    assert_eq!(proxy.served("missing.tar").asked, 0);
    object.put(&world, |_| {});
    world.fleet(&["dispatch", SET]).ok();
    assert_eq!(world.count("resolved"), 1);
}

#[test]
fn an_object_that_vanishes_after_the_dispatch_is_never_tried_twice() {
    let (lab, proxy, world) = bare(1);
    let host = lab.names()[0];
    let object = Object::copy(&lab, &world, "vanished.tar", |_| {});
    let before = disk(&lab, host);
    object.job(&world, "set", host);
    proxy.make(Way::Held);
    let mut dispatch = world.start(&["dispatch", SET]);
    proxy.until_asked("vanished.tar");
    lab.run(&["s3", "rm", &object.key]);
    proxy.make(Way::Open);
    assert_eq!(dispatch.wait().unwrap().code(), Some(4), "{}", world.talk());
    is_excluded(&world, "image", "image-missing", 1);
    assert_eq!(proxy.served("vanished.tar").asked, 1);
    is_as_before(&lab, host, &before);
}

#[test]
fn a_store_that_forbids_is_told_before_anything_is_stored_or_else_by_the_first_try() {
    let (lab, proxy, world) = bare(1);
    let host = lab.names()[0];
    let before = disk(&lab, host);
    let wrong = "[default]\naws_access_key_id = LABWRONG\naws_secret_access_key = wrong\n";
    let wrong = world.write("wrong_credentials", wrong);
    world.instances("set", &[(host, TIDES, "gold", 1)]);
    let mut command = world.command(&["dispatch", SET]);
    command.env("AWS_SHARED_CREDENTIALS_FILE", wrong);
    crate::support::Ran::from(command.output().unwrap())
        .code(6)
        .says("may not be read (403")
        .says("whose credentials these are")
        .says("nothing has been dispatched");
    assert!(!world.path("state/fleet.sqlite").exists());
    proxy.make(Way::Forged);
    world.fleet(&["dispatch", SET]).code(4);
    is_excluded(&world, "config", "image-forbidden", 1);
    assert_eq!(proxy.served("acme_tides").asked, 1);
    is_as_before(&lab, host, &before);
}

#[test]
fn a_store_that_hangs_up_is_tried_from_elsewhere_and_what_is_given_up_can_be_run_anew() {
    let (lab, proxy, world) = bare(2);
    let before: Vec<String> = lab.names().iter().map(|host| disk(&lab, host)).collect();
    proxy.make(Way::Shut);
    world.instances("set", &[("*", TIDES, "gold", 1)]);
    world.fleet(&["dispatch", SET]).code(4);
    let how = world.status()["failed"][0]["how"].as_str().unwrap().to_owned();
    for host in lab.names() {
        assert!(how.contains(host), "it was tried on each host: {how}");
    }
    is_excluded(&world, "host", "store-unreachable", 3);
    for (host, before) in lab.names().iter().zip(&before) {
        is_as_before(&lab, host, before);
    }
    proxy.make(Way::Open);
    world.instances("again", &[("*", TIDES, "gold", 1)]);
    world.fleet(&["dispatch", "assignments/again.json"]).ok();
    assert_eq!(world.count("resolved"), 1);
}
