//! Tasks of SWE-Lancer (RCT). They look like ordinary ones, and they are not: the commit is checked out in a shared
//! monolith, beside a web server, a proxy and a screen. Judged as ordinary tasks they blame the model for a connection that
//! no program answers, so they are refused by name until `fleet` has their flow.

use super::Reader;
use super::cells::Cells;
use crate::config::finding::quoted;

/// What shows that this is such a task: the key, and what it says. `repo` are the names of the repository's key.
pub(super) fn sign(cells: &Cells<'_>, repo: &[&str]) -> Option<String> {
    let said = |key: &str, shows: &dyn Fn(&str) -> bool| {
        let text = cells.text(key)?;
        shows(&text).then(|| format!("`{key}` is {}", quoted(&text)))
    };
    let is_grammar = |text: &str| {
        let text = text.to_lowercase();
        text.contains("swelancer") || text.contains("playwright")
    };
    repo.iter()
        .find_map(|key| said(key, &|text| text.contains("Expensify")))
        .or_else(|| said("test_output_parser", &is_grammar))
        .or_else(|| said("monolith_image", &|text| !text.trim().is_empty()))
}

impl Reader<'_> {
    /// Refuses it.
    pub(super) fn is_lancer(&mut self, at: usize, id: &str, sign: &str) {
        let what = format!("instance {} is a task of SWE-Lancer: {sign}", quoted(id));
        let hint = "fleet cannot run these yet, and would blame the model; take it out of the dataset, or run it with a \
                    pipeline of programs of your own";
        self.faults.add_hint(at, what, hint);
    }
}
