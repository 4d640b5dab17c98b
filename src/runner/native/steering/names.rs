//! Which files steer a test runner, by their names. Pure.

use super::sections::Format;

/// How a file steers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Steers {
    /// All of it.
    Whole,
    /// Some of its sections.
    Sections(Format),
    /// As a part of what stands in the runner's place, if the base commit does not have that: its path.
    Package(String),
}

/// Files that are for the runner alone.
const FILES: &[&str] = &[
    "conftest.py",
    "pytest.ini",
    ".pytest.ini",
    "pytest.toml",
    ".pytest.toml",
    "noxfile.py",
    "nose.cfg",
    ".noserc",
    ".taprc",
    ".rspec",
    "phpunit.xml",
    "phpunit.xml.dist",
];

/// How the names of such files begin.
const BEGINNINGS: &[&str] = &[
    "jest.config.",
    ".mocharc",
    "vitest.config.",
    "vitest.workspace.",
    "karma.conf.",
    "ava.config.",
];

/// Modules that Python imports by itself.
const BY_ITSELF: &[&str] = &["sitecustomize", "usercustomize"];

/// Modules that a runner consists of.
const RUNNERS: &[&str] = &[
    "pytest",
    "_pytest",
    "pluggy",
    "iniconfig",
    "unittest",
    "nose",
    "nose2",
];

/// Directories of installed packages: no patch of a repository has business there.
const INSTALLED: &[&str] = &["site-packages", "dist-packages", "node_modules"];

/// How the file at this path steers the runner, if it does.
pub(super) fn steers(path: &str) -> Option<Steers> {
    let parts: Vec<&str> = path.split('/').collect();
    let (name, dirs) = parts.split_last()?;
    let parent = dirs.last().copied().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    if dirs.iter().any(|dir| INSTALLED.contains(dir))
        || FILES.contains(name)
        || BEGINNINGS.iter().any(|words| name.starts_with(words))
        || BY_ITSELF.contains(&stem)
        || *name == "entry_points.txt" && (parent.ends_with(".egg-info") || parent.ends_with(".dist-info"))
        || parent == ".cargo" && matches!(*name, "config" | "config.toml")
    {
        return Some(Steers::Whole);
    }
    match *name {
        "tox.ini" | "setup.cfg" => return Some(Steers::Sections(Format::Ini)),
        "pyproject.toml" => return Some(Steers::Sections(Format::Toml)),
        "package.json" => return Some(Steers::Sections(Format::Json)),
        _ => {}
    }
    package(&parts)
}

/// `src/pytest/__init__.py`: `src/pytest`; `unittest.py`: itself. A directory of this name that holds no module is another thing.
fn package(parts: &[&str]) -> Option<Steers> {
    let (name, dirs) = parts.split_last()?;
    let module = |name: &str| {
        let (stem, kind) = name.split_once('.').unwrap_or((name, ""));
        let kind = kind.rsplit('.').next().unwrap_or_default();
        (matches!(kind, "" | "py" | "pyc" | "so")).then(|| stem.to_owned())
    };
    let stem = module(name)?;
    let at = dirs.iter().position(|dir| RUNNERS.contains(dir));
    let end = match at {
        Some(at) if name.contains('.') => at + 1,
        None if RUNNERS.contains(&stem.as_str()) => parts.len(),
        Some(_) | None => return None,
    };
    Some(Steers::Package(parts[..end].join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_runner_is_known_by_its_name() {
        for path in [
            "conftest.py",
            "tests/unit/conftest.py",
            "pytest.ini",
            "web/jest.config.ts",
            ".mocharc.yml",
            "sitecustomize.py",
            "lib/usercustomize.pyc",
            "src/x.egg-info/entry_points.txt",
            ".cargo/config.toml",
            "web/node_modules/jest/index.js",
            ".venv/lib/python3.9/site-packages/a/b.py",
        ] {
            assert_eq!(steers(path), Some(Steers::Whole), "{path}");
        }
        for (path, format) in [
            ("setup.cfg", Format::Ini),
            ("sub/tox.ini", Format::Ini),
            ("pyproject.toml", Format::Toml),
            ("web/package.json", Format::Json),
        ] {
            assert_eq!(steers(path), Some(Steers::Sections(format)), "{path}");
        }
        for (path, package) in [
            ("pytest.py", "pytest.py"),
            ("pytest/__init__.py", "pytest"),
            ("src/_pytest/terminal.py", "src/_pytest"),
            ("unittest/case.so", "unittest"),
            ("lib/pluggy", "lib/pluggy"),
        ] {
            let package = Steers::Package(package.to_owned());
            assert_eq!(steers(path), Some(package), "{path}");
        }
    }

    #[test]
    fn what_only_sounds_like_it_is_left_alone() {
        for path in [
            "src/conftest.rs",
            "docs/pytest.md",
            "docs/pytest/index.rst",
            "test/unittest/main.cpp",
            "myconftest.py",
            "entry_points.txt",
            "cargo/config.toml",
            "pytest_plugin.py",
            "jest.config",
            "models/weights.pth",
            "tests/test_setup.cfg",
        ] {
            assert_eq!(steers(path), None, "{path}");
        }
    }
}
