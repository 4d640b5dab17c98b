//! No circle of files: what a file imports never leads back to it.
//!
//! A file depends on the files that define the names which it uses: by `use`, by a path that begins with `crate`, `super`
//! or `self`, or by a path through a module. A re-export is looked through to the file that defines the name; to declare a
//! child or to re-export a name is no dependency by itself. Tests may know everything.

mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::rules::architecture::{complain, root, sources};
use tokens::{Tokens, tokens};

/// Folders whose circles are still to be broken.
const LEFT: &[&str] = &[
    "blame/",
    "cli/",
    "domain/fleet/",
    "engine/",
    "plan/",
    "store/",
    "view/",
];

/// The names of the modules on the way to one.
type Module = Vec<String>;

/// One name of a `use`.
struct Import {
    path: Vec<String>,
    name: String,
    /// `pub use`.
    exported: bool,
}

struct SourceFile {
    /// Below `src`.
    path: String,
    imports: Vec<Import>,
    /// The code without its imports.
    body: Tokens,
}

struct SourceTree(BTreeMap<Module, SourceFile>);

#[test]
fn no_circle_of_files() {
    let tree = SourceTree::read();
    let edges = tree.edges();
    let mut faults = Vec::new();
    for circle in circles(&edges) {
        let paths: Vec<&str> = circle.iter().map(|module| tree.path(module)).collect();
        if LEFT
            .iter()
            .any(|folder| paths.iter().all(|path| path.starts_with(folder)))
        {
            continue;
        }
        faults.push(format!("a circle of {}:", paths.join(", ")));
        for from in &circle {
            for (to, name) in edges[from].iter().filter(|(to, _)| circle.contains(*to)) {
                faults.push(format!("  {} uses {name} of {}", tree.path(from), tree.path(to)));
            }
        }
    }
    complain(&faults);
}

impl SourceTree {
    fn read() -> SourceTree {
        let src = root().join("src");
        let files = sources().into_iter().filter_map(|(path, text)| {
            let below = path.strip_prefix(&src).ok()?;
            let (imports, body) = imports(&without_tests(&tokens(&text)));
            let file = SourceFile {
                path: below.to_str()?.to_owned(),
                imports,
                body,
            };
            Some((module_of(below)?, file))
        });
        SourceTree(files.collect())
    }

    fn path(&self, module: &Module) -> &str {
        &self.0[module].path
    }

    /// Which files each one uses, with one of the names for each.
    fn edges(&self) -> BTreeMap<Module, BTreeMap<Module, String>> {
        let of = |module: &Module| {
            let mut used = BTreeMap::new();
            if is_test(module) {
                return (module.clone(), used);
            }
            for path in self.paths(module) {
                if let Some(found) = self.definer(module, &path)
                    && found != *module
                    && !is_test(&found)
                {
                    used.insert(found, path.join("::"));
                }
            }
            (module.clone(), used)
        };
        self.0.keys().map(of).collect()
    }

    /// Every path that a file goes by, from the file's own module.
    fn paths(&self, module: &Module) -> Vec<Vec<String>> {
        let file = &self.0[module];
        let mut paths = Vec::new();
        let mut modules = BTreeMap::new();
        for import in &file.imports {
            if self.is_module(module, &import.path) {
                modules.insert(import.name.as_str(), import.path.clone());
            } else if !import.exported || file.body.has_name(&import.name) {
                paths.push(import.path.clone());
            }
        }
        for path in file.body.paths() {
            match modules.get(path[0].as_str()) {
                Some(start) => paths.push([start.as_slice(), &path[1..]].concat()),
                None => paths.push(path),
            }
        }
        paths
    }

    /// Where a path begins, and what is left of it; none for other crates.
    fn start(&self, module: &Module, path: &[String]) -> Option<(Module, Vec<String>)> {
        let mut at = module.clone();
        let mut rest = path;
        match rest.first()?.as_str() {
            "crate" => (at, rest) = (Module::new(), &rest[1..]),
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|step| step == "super") {
                    at.pop()?;
                    rest = &rest[1..];
                }
            }
            child if self.0.contains_key(&[&at[..], &[child.to_owned()]].concat()) => {}
            _ => return None,
        }
        Some((at, rest.to_vec()))
    }

    fn is_module(&self, module: &Module, path: &[String]) -> bool {
        let mut seen = BTreeSet::new();
        self.start(module, path)
            .is_some_and(|(at, rest)| self.walk(at, &rest, &mut seen).is_some_and(|(_, ends)| ends))
    }

    /// The module whose file defines what a path names; none for a module itself, and for other crates.
    fn definer(&self, module: &Module, path: &[String]) -> Option<Module> {
        let (at, rest) = self.start(module, path)?;
        let (found, is_module) = self.walk(at, &rest, &mut BTreeSet::new())?;
        (!is_module).then_some(found)
    }

    /// Follows a path down, and through re-exports. True if it ends at a module.
    fn walk(
        &self,
        mut at: Module,
        path: &[String],
        seen: &mut BTreeSet<(Module, String)>,
    ) -> Option<(Module, bool)> {
        for (i, step) in path.iter().enumerate() {
            let child = [&at[..], std::slice::from_ref(step)].concat();
            if self.0.contains_key(&child) {
                at = child;
                continue;
            }
            let passed_on = self
                .0
                .get(&at)?
                .imports
                .iter()
                .find(|import| import.name == *step);
            if let Some(import) = passed_on
                && seen.insert((at.clone(), step.clone()))
                && let Some((start, rest)) = self.start(&at, &import.path)
            {
                return self.walk(start, &[&rest[..], &path[i + 1..]].concat(), seen);
            }
            return Some((at, false));
        }
        Some((at, true))
    }
}

fn module_of(below: &Path) -> Option<Module> {
    let mut parts: Module = below
        .with_extension("")
        .iter()
        .filter_map(|part| part.to_str().map(str::to_owned))
        .collect();
    match parts.last()?.as_str() {
        "main" => return None,
        "mod" | "lib" => drop(parts.pop()),
        _ => {}
    }
    Some(parts)
}

fn is_test(module: &Module) -> bool {
    module.iter().any(|part| part == "tests" || part == "fixture")
}

/// The code before its module of tests.
fn without_tests(code: &Tokens) -> Tokens {
    const HEAD: [&str; 8] = ["#", "[", "cfg", "(", "test", ")", "]", "mod"];
    let inline = |at: &usize| code.0[*at..].starts_with(&HEAD.map(str::to_owned)) && code.is(at + 9, "{");
    let end = (0..code.0.len()).find(inline).unwrap_or(code.0.len());
    Tokens(code.0[..end].to_vec())
}

/// The imports, and what is left without them.
fn imports(code: &Tokens) -> (Vec<Import>, Tokens) {
    let (mut imports, mut body, mut at) = (Vec::new(), Vec::new(), 0);
    while at < code.0.len() {
        if code.is(at, "use") {
            let exported = at > 0 && (code.is(at - 1, "pub") || code.is(at - 1, ")"));
            let end = at + code.0[at..].iter().position(|token| token == ";").unwrap_or(0);
            one_tree(&code.0[at + 1..end], &[], exported, &mut imports);
            at = end;
        } else {
            body.push(code.0[at].clone());
        }
        at += 1;
    }
    (imports, Tokens(body))
}

/// `a::{b, c::{self, d as e}}`
fn one_tree(tree: &[String], before: &[String], exported: bool, imports: &mut Vec<Import>) {
    if let Some(open) = tree.iter().position(|token| token == "{") {
        let before = [before, &names(&tree[..open])].concat();
        let (mut depth, mut from) = (0, open + 1);
        for at in open..tree.len() {
            match tree[at].as_str() {
                "{" => depth += 1,
                "}" => depth -= 1,
                "," if depth == 1 => {
                    one_tree(&tree[from..at], &before, exported, imports);
                    from = at + 1;
                }
                _ => {}
            }
            if depth == 0 {
                one_tree(&tree[from..at], &before, exported, imports);
            }
        }
        return;
    }
    let (path, alias) = match tree.iter().position(|token| token == "as") {
        Some(at) => (&tree[..at], tree.get(at + 1)),
        None => (tree, None),
    };
    let mut path = [before, &names(path)].concat();
    if path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    if let Some(name) = alias.or(path.last()).cloned()
        && !tree.is_empty()
    {
        imports.push(Import { path, name, exported });
    }
}

fn names(tokens: &[String]) -> Vec<String> {
    tokens.iter().filter(|token| *token != "::").cloned().collect()
}

/// The files that can be reached from each other.
fn circles(edges: &BTreeMap<Module, BTreeMap<Module, String>>) -> Vec<BTreeSet<Module>> {
    let reach = |from: &Module| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
        while let Some(module) = next.pop() {
            for to in edges[module].keys() {
                if seen.insert(to.clone()) {
                    next.push(to);
                }
            }
        }
        seen
    };
    let reached: BTreeMap<&Module, BTreeSet<Module>> =
        edges.keys().map(|module| (module, reach(module))).collect();
    let mut found = BTreeSet::new();
    for (module, all) in &reached {
        if all.contains(*module) {
            let back = |other: &&Module| reached[other].contains(*module);
            found.insert(all.iter().filter(back).cloned().collect::<BTreeSet<Module>>());
        }
    }
    found.into_iter().collect()
}

#[test]
fn a_circle_is_found_through_re_exports_and_modules_and_tests_do_not_count() {
    let file = |path: &str, text: &str| {
        let (imports, body) = imports(&without_tests(&tokens(text)));
        let path = path.to_owned();
        let module = module_of(Path::new(&path)).unwrap();
        (module, SourceFile { path, imports, body })
    };
    let found = |files: &[(&str, &str)]| {
        let tree = SourceTree(files.iter().map(|(path, text)| file(path, text)).collect());
        let circles = circles(&tree.edges());
        let paths =
            |circle: &BTreeSet<Module>| circle.iter().map(|module| tree.path(module).to_owned()).collect();
        circles.iter().map(paths).collect::<Vec<Vec<String>>>()
    };
    let a = "use super::b::Two; pub struct One;";
    let lib = ("lib.rs", "mod a; mod b;");
    let circle = vec![vec!["a.rs".to_owned(), "b.rs".to_owned()]];
    let none: Vec<Vec<String>> = Vec::new();
    assert_eq!(found(&[lib, ("a.rs", a), ("b.rs", "use crate::a::One;")]), circle);
    assert_eq!(
        found(&[lib, ("a.rs", a), ("b.rs", "fn f() { super::a::One::new() }")]),
        circle
    );
    assert_eq!(
        found(&[lib, ("a.rs", a), ("b.rs", "use crate::a; fn f() -> a::One {}")]),
        circle
    );
    assert_eq!(
        found(&[lib, ("a.rs", a), ("b.rs", "pub use crate::a::One; // a::One")]),
        none
    );
    let lib = ("lib.rs", "mod a; mod b; pub use a::One;");
    assert_eq!(
        found(&[lib, ("a.rs", a), ("b.rs", "use crate::{One as Other};")]),
        circle
    );
    let test = "#[cfg(test)]\nmod tests { use super::super::a::One; }";
    assert_eq!(found(&[lib, ("a.rs", a), ("b.rs", test)]), none);
}
