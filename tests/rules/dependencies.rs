//! What comes with the program: from where, under which licence, and with which known faults. Without a network; what could
//! not be looked at is said.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use semver::{Version, VersionReq};
use serde::Deserialize;

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// `Cargo.lock`.
#[derive(Deserialize)]
struct Lock {
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: Version,
    source: Option<String>,
}

fn lock() -> Vec<Package> {
    let lock: Lock = toml::from_str(&read("Cargo.lock")).unwrap();
    assert!(lock.package.len() > 100, "{} crates", lock.package.len());
    lock.package
}

/// Of `.deny.toml`, what is checked here.
#[derive(Deserialize)]
struct Deny {
    advisories: Advisories,
    licenses: Licences,
    bans: Bans,
    sources: Sources,
}

#[derive(Deserialize)]
struct Advisories {
    ignore: Vec<String>,
}

#[derive(Deserialize)]
struct Licences {
    allow: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    #[serde(default)]
    deny_multiple_versions: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
    allow_git: Vec<String>,
}

fn deny() -> Deny {
    toml::from_str(&read(".deny.toml")).unwrap()
}

/// An advisory, as far as it says which versions it hits.
#[derive(Deserialize, Clone)]
struct Advisory {
    id: String,
    #[serde(rename = "crate")]
    name: String,
    patched: Vec<VersionReq>,
    #[serde(default)]
    unaffected: Vec<VersionReq>,
}

impl Advisory {
    fn hits(&self, package: &Package) -> bool {
        let spared = self.patched.iter().chain(&self.unaffected);
        self.name == package.name && !spared.into_iter().any(|range| range.matches(&package.version))
    }
}

/// The advisories that are here, and since when.
fn copy() -> (String, Vec<Advisory>) {
    #[derive(Deserialize)]
    struct Copy {
        date: String,
        advisory: Vec<Advisory>,
    }
    let copy: Copy = toml::from_str(&read("tests/data/advisories.toml")).unwrap();
    (copy.date, copy.advisory)
}

/// The advisories of a database on this machine that name one of these crates. Those that warn of no fault are left out.
fn database(dir: &Path, packages: &[Package]) -> Vec<Advisory> {
    #[derive(Deserialize)]
    struct File {
        advisory: Head,
        #[serde(default)]
        versions: Versions,
    }
    #[derive(Deserialize)]
    struct Head {
        id: String,
        package: String,
        informational: Option<String>,
        withdrawn: Option<String>,
    }
    #[derive(Deserialize, Default)]
    struct Versions {
        #[serde(default)]
        patched: Vec<VersionReq>,
        #[serde(default)]
        unaffected: Vec<VersionReq>,
    }
    let names: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let mut found = Vec::new();
    for name in names {
        for entry in fs::read_dir(dir.join("crates").join(name)).into_iter().flatten() {
            let text = fs::read_to_string(entry.unwrap().path()).unwrap();
            let head = text
                .split_once("```toml")
                .and_then(|(_, rest)| rest.split_once("```"));
            let Some((head, _)) = head else { continue };
            let file: File = toml::from_str(head).unwrap();
            let warns = matches!(file.advisory.informational.as_deref(), None | Some("unsound"));
            if warns && file.advisory.withdrawn.is_none() {
                found.push(Advisory {
                    id: file.advisory.id,
                    name: file.advisory.package,
                    patched: file.versions.patched,
                    unaffected: file.versions.unaffected,
                });
            }
        }
    }
    found
}

/// Where `cargo audit` and `cargo deny` keep their databases.
fn databases() -> Vec<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let Some(home) = home else { return Vec::new() };
    let several = fs::read_dir(home.join("advisory-dbs")).into_iter().flatten();
    let mut dirs: Vec<PathBuf> = several.map(|entry| entry.unwrap().path()).collect();
    dirs.push(home.join("advisory-db"));
    dirs.retain(|dir| dir.join("crates").is_dir());
    dirs
}

/// The advisories that hit one of these crates, in words.
fn hits(packages: &[Package], advisories: &[Advisory]) -> BTreeSet<String> {
    let ignored = deny().advisories.ignore;
    let mut hits = BTreeSet::new();
    for advisory in advisories
        .iter()
        .filter(|advisory| !ignored.contains(&advisory.id))
    {
        for package in packages.iter().filter(|package| advisory.hits(package)) {
            hits.insert(format!("{} {}: {}", package.name, package.version, advisory.id));
        }
    }
    hits
}

#[test]
fn no_crate_is_hit_by_an_advisory_that_is_known_here() {
    let packages = lock();
    let (date, mut advisories) = copy();
    eprintln!("advisories: {} in the copy of {date}", advisories.len());
    let databases = databases();
    if databases.is_empty() {
        eprintln!(
            "advisories: could not look further, there is no database in ~/.cargo/advisory-db on this machine"
        );
    }
    for dir in databases {
        let more = database(&dir, &packages);
        eprintln!("advisories: {} for our crates in {}", more.len(), dir.display());
        advisories.extend(more);
    }
    let hits = hits(&packages, &advisories);
    assert!(hits.is_empty(), "{hits:#?}");
}

#[test]
fn a_crate_with_a_known_fault_is_found() {
    let package = |version: &str| Package {
        name: "lru".to_owned(),
        version: version.parse().unwrap(),
        source: None,
    };
    let (_, advisories) = copy();
    let packages = ["0.16.4", "0.18.1", "0.18.2"].map(package);
    let expected = ["lru 0.16.4: RUSTSEC-2026-0253", "lru 0.18.1: RUSTSEC-2026-0253"];
    assert_eq!(hits(&packages, &advisories), expected.map(str::to_owned).into());
    // The same from a database as others keep it.
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().join("crates/lru");
    fs::create_dir_all(&at).unwrap();
    let file = |id: &str, more: &str| {
        let text = format!(
            "```toml\n[advisory]\nid = \"{id}\"\npackage = \"lru\"\n{more}\n[versions]\npatched = [\">= 0.17.0\"]\nunaffected = [\"< 0.9.0\"]\n```\n\n# Words\n"
        );
        fs::write(at.join(format!("{id}.md")), text).unwrap();
    };
    file("RUSTSEC-1", "informational = \"unsound\"");
    file("RUSTSEC-2", "informational = \"unmaintained\"");
    file("RUSTSEC-3", "withdrawn = \"2026-01-01\"");
    assert_eq!(
        hits(&packages, &database(dir.path(), &packages)),
        ["lru 0.16.4: RUSTSEC-1".to_owned()].into()
    );
}

#[test]
fn every_crate_comes_from_the_one_registry() {
    let sources = deny().sources;
    let allowed: Vec<String> = sources
        .allow_registry
        .iter()
        .map(|url| format!("registry+{url}"))
        .collect();
    assert_eq!(
        (allowed, sources.allow_git),
        (vec![CRATES_IO.to_owned()], Vec::new())
    );
    for package in lock().iter().filter(|package| package.name != "fleet") {
        assert_eq!(package.source.as_deref(), Some(CRATES_IO), "{}", package.name);
    }
}

#[test]
fn no_crate_is_banned_and_none_is_there_twice_that_must_be_one() {
    let mut versions: BTreeMap<String, Vec<Version>> = BTreeMap::new();
    for package in lock() {
        versions.entry(package.name).or_default().push(package.version);
    }
    for ban in deny().bans.deny {
        let found = versions.get(&ban.name).map_or(0, Vec::len);
        let allowed = usize::from(ban.deny_multiple_versions);
        assert!(
            found <= allowed,
            "{} is there {found} times; {allowed} at most",
            ban.name
        );
        // What is not there any more needs no rule.
        assert!(found == 1 || !ban.deny_multiple_versions, "{} is gone", ban.name);
    }
}

#[test]
fn every_licence_is_one_that_is_allowed() {
    let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    let told = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--format-version", "1"])
        .args(["--filter-platform", &target])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    let allowed = deny().licenses.allow;
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 100, "{} crates", packages.len());
    for package in packages {
        let licence = package["license"].as_str().unwrap_or("none");
        assert!(
            is_allowed(licence, &allowed),
            "{} {}: {licence}",
            package["name"],
            package["version"]
        );
    }
}

/// Is there a way to keep within the allowed licences? Of an expression as SPDX has it, and the slash of old.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let text = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut words = text.split_whitespace().peekable();
    let allows = either(&mut words, allowed);
    allows && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn either(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> bool {
    let mut allows = both(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        // All of it must be read, whatever the first said.
        allows |= both(words, allowed);
    }
    allows
}

fn both(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> bool {
    let mut allows = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        allows &= one(words, allowed);
    }
    allows
}

fn one(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> bool {
    if words.next_if_eq(&"(").is_some() {
        let allows = either(words, allowed);
        return words.next() == Some(")") && allows;
    }
    let mut licence = words.next().unwrap_or_default().to_owned();
    if words.next_if_eq(&"WITH").is_some() {
        licence = format!("{licence} WITH {}", words.next().unwrap_or_default());
    }
    allowed.contains(&licence)
}

#[test]
fn an_expression_of_licences_is_understood() {
    let allowed: BTreeSet<String> = ["MIT", "ISC", "A WITH e"].map(str::to_owned).into();
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0/MIT", true),
        ("GPL-3.0 AND MIT", false),
        ("ISC AND (GPL-3.0 OR MIT)", true),
        ("(ISC OR MIT) AND GPL-3.0", false),
        ("MIT AND GPL-3.0 OR ISC", true),
        ("A WITH e", true),
        ("A", false),
        ("MIT WITH e", false),
        ("", false),
        ("MIT ISC", false),
        ("(MIT", false),
    ] {
        assert_eq!(is_allowed(expression, &allowed), expected, "{expression}");
    }
}

/// Every crate of a build with its features, as cargo tells it.
fn features(edges: &str) -> BTreeSet<String> {
    // As the Makefile builds: what runs while building is apart then.
    let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    let tree = Command::new(env!("CARGO"))
        .current_dir(root())
        .args([
            "tree",
            "--locked",
            "--offline",
            "--prefix",
            "none",
            "--format",
            "{p} [{f}]",
        ])
        .args(["--edges", edges, "--target", &target])
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let text = String::from_utf8(tree.stdout).unwrap();
    text.lines()
        .map(|line| line.trim_end_matches(" (*)").to_owned())
        .collect()
}

#[test]
fn the_demo_and_the_tests_share_one_build_of_every_dependency() {
    let tests = features("normal,build,dev");
    let program = features("normal,build");
    assert!(program.len() > 100);
    let twice: Vec<&String> = program.difference(&tests).collect();
    assert!(
        twice.is_empty(),
        "built twice, with other features; name those of the tests in Cargo.toml: {twice:?}"
    );
}
