//! Which test of the log is an expected one: by its name; by another spelling of it; by the one name that
//! contains it, or that it contains. In this order, and never two for one or one for two.
//!
//! Names are looked up, not compared with all others: logs of a million tests are read in linear time.

use std::collections::{HashMap, HashSet};

use super::grading::MatchKind;
use super::parse::Status;
use super::spelling::{contains, plain, words};

/// So many candidates are compared with one name. More share its rarest word only in made-up logs.
const CANDIDATES: usize = 500;

/// What was found for one expected test: how, and which entry of the log, the cut-off names last.
pub(super) type Found = (MatchKind, Option<usize>);

/// Finds all of these tests, each expected name once. A name that is cut off is found by itself alone.
pub(super) fn find<'a>(
    tests: &'a [(String, Status)],
    short: &'a [(String, Status)],
    expected: impl Iterator<Item = &'a str>,
) -> HashMap<&'a str, Found> {
    let by_name: HashMap<&str, usize> = tests
        .iter()
        .enumerate()
        .map(|(i, (name, _))| (name.as_str(), i))
        .collect();
    let cut_off: HashMap<&str, usize> = (tests.len()..)
        .zip(short)
        .map(|(i, (name, _))| (name.as_str(), i))
        .collect();
    let mut found: HashMap<&str, Found> = HashMap::new();
    let mut open: Vec<&str> = Vec::new();
    for name in expected {
        if found.contains_key(name) {
            continue;
        }
        let place = by_name.get(name).or_else(|| cut_off.get(name));
        let exact = place.map(|&i| (MatchKind::Exact, Some(i)));
        if exact.is_none() {
            open.push(name);
        }
        found.insert(name, exact.unwrap_or((MatchKind::Missing, None)));
    }
    if open.is_empty() || tests.is_empty() {
        return found;
    }
    // What is the very name of an expected test belongs to that test alone.
    let taken: HashSet<usize> = found.values().filter_map(|(_, i)| *i).collect();
    let free: Vec<usize> = (0..tests.len()).filter(|i| !taken.contains(i)).collect();
    let index = Index::new(tests, &free, &by_name);
    for &name in &open {
        found.insert(name, index.find(name));
    }
    part_the_shared(&open, &mut found);
    found
}

/// An entry that several expected tests lay claim to is none of theirs: which of them ran cannot be told.
fn part_the_shared<'a>(open: &[&'a str], found: &mut HashMap<&'a str, Found>) {
    let mut claims: HashMap<usize, u32> = HashMap::new();
    for name in open {
        if let Some((_, Some(i))) = found.get(name) {
            *claims.entry(*i).or_default() += 1;
        }
    }
    for name in open {
        if let Some((_, Some(i))) = found.get(name)
            && claims.get(i).is_some_and(|n| *n > 1)
        {
            found.insert(name, (MatchKind::Ambiguous, None));
        }
    }
}

/// The names of a log, by what they can be looked up by.
struct Index<'a> {
    tests: &'a [(String, Status)],
    plain: HashMap<String, Vec<usize>>,
    words: HashMap<&'a str, Vec<usize>>,
    names: &'a HashMap<&'a str, usize>,
    free: HashSet<usize>,
}

impl<'a> Index<'a> {
    fn new(tests: &'a [(String, Status)], free: &[usize], names: &'a HashMap<&'a str, usize>) -> Index<'a> {
        let mut index = Index {
            tests,
            plain: HashMap::new(),
            words: HashMap::new(),
            names,
            free: free.iter().copied().collect(),
        };
        for &i in free {
            let name = tests[i].0.as_str();
            index.plain.entry(plain(name)).or_default().push(i);
            for word in words(name) {
                let list = index.words.entry(word).or_default();
                if list.last() != Some(&i) {
                    list.push(i);
                }
            }
        }
        index
    }

    fn find(&self, name: &str) -> Found {
        match self.plain.get(&plain(name)).map(Vec::as_slice) {
            Some(&[one]) => return (MatchKind::Normalised, Some(one)),
            Some(_) => return (MatchKind::Ambiguous, None),
            None => {}
        }
        let mut one = None;
        for i in self.around(name).into_iter().chain(self.within(name)) {
            match i {
                Some(i) if one.is_none_or(|one| one == i) => one = Some(i),
                _ => return (MatchKind::Ambiguous, None),
            }
        }
        match one {
            Some(i) => (MatchKind::Contained, Some(i)),
            None => (MatchKind::Missing, None),
        }
    }

    /// Names that contain this one: among those that share its rarest word. `None` for too many to look at.
    fn around(&self, name: &str) -> Vec<Option<usize>> {
        let lists = words(name).map(|word| self.words.get(word).map_or(&[][..], Vec::as_slice));
        let rarest = lists.min_by_key(|list| list.len()).unwrap_or_default();
        if rarest.len() > CANDIDATES {
            return vec![None];
        }
        let fits = |i: &&usize| contains(&self.tests[**i].0, name);
        rarest.iter().filter(fits).take(2).map(|i| Some(*i)).collect()
    }

    /// Names that this one contains: its end, or its start up to a blank or a `::`, where a parser stops.
    fn within(&self, name: &str) -> Vec<Option<usize>> {
        let cuts = name.char_indices().flat_map(|(at, _)| [&name[at..], &name[..at]]);
        cuts.filter_map(|part| self.names.get(part))
            .filter(|i| self.free.contains(i) && is_part(&self.tests[**i].0, name))
            .map(|i| Some(*i))
            .collect()
    }
}

/// Is `part` the last part of `name`, or its first up to a blank or to `::`?
fn is_part(part: &str, name: &str) -> bool {
    let stops = |rest: &str| rest.starts_with(char::is_whitespace) || rest.starts_with("::");
    contains(name, part) && (name.ends_with(part) || name.strip_prefix(part).is_some_and(stops))
}

#[cfg(test)]
#[path = "tests/matching.rs"]
mod tests;
