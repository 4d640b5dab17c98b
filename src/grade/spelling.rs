//! The same test in other spellings: `test_a (mod.C)` and `mod.C.test_a`, `MetaTest.php` and `App\MetaTest`.

/// One spelling for all spellings of a test.
pub(super) fn plain(name: &str) -> String {
    let name = name.trim().trim_matches('"').trim_start_matches("./");
    let name = name.replace('\\', "/").replace(".php::", "::");
    unittest(&name).unwrap_or(name)
}

/// `test_a (mod.C)`, `test_a (mod.C.test_a)` and `mod.C.test_a.test_a` are `mod.C.test_a`.
fn unittest(name: &str) -> Option<String> {
    if let Some((method, class)) = name.split_once(" (") {
        let class = class.strip_suffix(')')?;
        if !word(method) || !class.split('.').all(word) {
            return None;
        }
        let class = class
            .strip_suffix(method)
            .and_then(|rest| rest.strip_suffix('.'))
            .unwrap_or(class);
        return Some(format!("{class}.{method}"));
    }
    let (rest, last) = name.rsplit_once('.')?;
    let doubled = rest.ends_with(last) && rest[..rest.len() - last.len()].ends_with('.');
    (doubled && word(last)).then(|| rest.to_owned())
}

fn word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// The words of a name: runs of letters, digits and underscores. What a name is looked up by.
pub(super) fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| word.chars().any(char::is_alphabetic))
}

/// Does `long` contain `short` as whole words?
pub(super) fn contains(long: &str, short: &str) -> bool {
    if words(short).next().is_none() {
        // `[1]` is in many names, and is none of them.
        return false;
    }
    let joins = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let starts_in_word = joins(short.chars().next());
    let ends_in_word = joins(short.chars().next_back());
    long.match_indices(short).any(|(at, _)| {
        let before = long[..at].chars().next_back();
        let after = long[at + short.len()..].chars().next();
        !(starts_in_word && joins(before) || ends_in_word && joins(after))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_a_unittest_are_one() {
        for name in [
            "test_a (mod.C)",
            "mod.C.test_a",
            "mod.C.test_a.test_a",
            "test_a (mod.C.test_a)",
        ] {
            assert_eq!(plain(name), "mod.C.test_a");
        }
        assert_eq!(plain("adds (two numbers)"), "adds (two numbers)");
    }

    #[test]
    fn quotes_slashes_and_php_are_no_difference() {
        assert_eq!(plain("\"com.x.A.testB\""), "com.x.A.testB");
        assert_eq!(
            plain("App\\Tests\\MetaTest::testX"),
            plain("App/Tests/MetaTest.php::testX")
        );
        assert_eq!(plain("./tests/a.py::test_x"), "tests/a.py::test_x");
    }

    #[test]
    fn containment_ends_where_words_end() {
        assert!(contains("t.py::C::test_x", "test_x"));
        assert!(contains("t.py::test_x[1]", "t.py::test_x"));
        assert!(!contains("t/a.py::test_x_extra", "t/a.py::test_x"));
        assert!(!contains("t/a.py::my_test_x", "test_x"));
        assert!(!contains("t/a.py::test_x[1]", "[1]"));
        assert!(!contains("a", ""));
    }
}
