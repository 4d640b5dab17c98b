//! The ids by which datasets name their parsers.

use super::scan::strip_prefix_any_case;

/// A parser, known by the id that datasets give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parser {
    id: &'static str,
    grammar: Grammar,
    flavour: Flavour,
}

/// Whose reading it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// The client's reference parsers, whose names datasets contain, without their mistakes.
    Fleet,
    /// The public harness's evaluator, as it is.
    VeloraHead,
}

/// The forms of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grammar {
    Pytest,
    PytestV2,
    PytestV3,
    PytestOptions,
    PytestSwesmith,
    Matplotlib,
    Seaborn,
    Paramiko,
    Autograd,
    Mypy,
    Unittest,
    Django,
    Slugify,
    Tornado,
    Sympy,
    Junit,
    Maven,
    Jest,
    JestJson,
    MochaJson,
    GoJson,
    Go,
    CargoTest,
    Cargo,
    Check,
    Cpp,
    Meson,
    Make,
    Phpunit,
    Minitest,
    Rspec,
    RspecJson,
    Swelancer,
    Vitest,
    Karma,
    Tap,
    Gradle,
    Ant,
    Googletest,
}

impl Grammar {
    /// Does pytest write this?
    pub(super) fn is_pytest(self) -> bool {
        matches!(
            self,
            Grammar::Pytest
                | Grammar::PytestV2
                | Grammar::PytestV3
                | Grammar::PytestOptions
                | Grammar::PytestSwesmith
                | Grammar::Matplotlib
                | Grammar::Seaborn
                | Grammar::Paramiko
        )
    }

    /// Is it one of those that write `test_a (mod.C) ... ok`, and below, `FAIL: test_a (mod.C)`?
    pub(super) fn is_unittest(self) -> bool {
        matches!(
            self,
            Grammar::Unittest | Grammar::Django | Grammar::Slugify | Grammar::Tornado
        )
    }
}

const FLEET: &[(&str, Grammar)] = &[
    ("python/parse_log_pytest_v3", Grammar::PytestV3),
    ("python/parse_log_pytest", Grammar::Pytest),
    ("python/parse_log_pytest_v2", Grammar::PytestV2),
    ("python/parse_log_pytest_options", Grammar::PytestOptions),
    ("python/parse_log_pytest_swesmith", Grammar::PytestSwesmith),
    ("python/parse_log_tox", Grammar::PytestV3),
    ("python/parse_log_astroid", Grammar::Pytest),
    ("python/parse_log_flask", Grammar::Pytest),
    ("python/parse_log_marshmallow", Grammar::Pytest),
    ("python/parse_log_pvlib", Grammar::Pytest),
    ("python/parse_log_pyvista", Grammar::Pytest),
    ("python/parse_log_sqlfluff", Grammar::Pytest),
    ("python/parse_log_xarray", Grammar::Pytest),
    ("python/parse_log_pydicom", Grammar::PytestOptions),
    ("python/parse_log_requests", Grammar::PytestOptions),
    ("python/parse_log_pylint", Grammar::PytestOptions),
    ("python/parse_log_astropy", Grammar::PytestV2),
    ("python/parse_log_scikit", Grammar::PytestV2),
    ("python/parse_log_sphinx", Grammar::PytestV2),
    ("python/parse_log_unittest", Grammar::Unittest),
    ("python/parse_log_django", Grammar::Django),
    ("python/parse_log_sympy", Grammar::Sympy),
    ("python/parse_log_seaborn", Grammar::Seaborn),
    ("python/parse_log_matplotlib", Grammar::Matplotlib),
    ("python/log_parser_hips_autograd", Grammar::Autograd),
    ("python/log_parser_paramiko_paramiko", Grammar::Paramiko),
    ("python/log_parser_un33k_python_slugify", Grammar::Slugify),
    ("python/log_parser_tornadoweb_tornado", Grammar::Tornado),
    ("python/log_parser_python_mypy", Grammar::Mypy),
    ("java/parse_log_junit", Grammar::Junit),
    ("java/parse_log_maven", Grammar::Maven),
    ("javascript/parse_log_jest", Grammar::Jest),
    ("javascript/parse_log_jest_json", Grammar::JestJson),
    ("javascript/parse_log_mocha_json", Grammar::MochaJson),
    ("javascript/parse_log_vitest", Grammar::Vitest),
    ("javascript/parse_log_karma", Grammar::Karma),
    ("javascript/parse_log_tap", Grammar::Tap),
    ("java/parse_log_gradle_custom", Grammar::Gradle),
    ("java/parse_log_gradle", Grammar::Gradle),
    ("java/parse_log_ant", Grammar::Ant),
    ("c/parse_log_googletest", Grammar::Googletest),
    ("javascript/parse_log_playwright", Grammar::Swelancer),
    ("swelancer/parse_log_playwright", Grammar::Swelancer),
    ("swelancer/parse_log_exitcode", Grammar::Swelancer),
    ("go/parse_log_gotest_json", Grammar::GoJson),
    ("go/parse_log_go_test", Grammar::Go),
    ("go/parse_log_gotest", Grammar::Go),
    ("rust/parse_log_cargo_test", Grammar::CargoTest),
    ("rust/parse_log_cargo", Grammar::Cargo),
    ("c/parse_log_check_framework", Grammar::Check),
    ("cpp/parse_log_google_test", Grammar::Cpp),
    ("cpp/parse_log_catch2", Grammar::Cpp),
    ("c/parse_log_google_test", Grammar::Cpp),
    ("c/parse_log_catch2", Grammar::Cpp),
    ("c/parse_log_meson", Grammar::Meson),
    ("cpp/parse_log_meson", Grammar::Meson),
    ("generic/parse_log_make", Grammar::Make),
    ("php/parse_log_phpunit", Grammar::Phpunit),
    ("ruby/parse_log_minitest", Grammar::Minitest),
    ("parsers/ruby_minitest_parser.py", Grammar::Minitest),
    ("ruby/parse_log_rspec", Grammar::Rspec),
    ("ruby/parse_log_rspec_transformed_json", Grammar::RspecJson),
];

/// What the public harness knows, as it maps it.
const HEAD: &[(&str, Grammar)] = &[
    ("python/parse_log_pytest_v3", Grammar::PytestV3),
    ("python/parse_log_pytest", Grammar::PytestV3),
    ("python/parse_log_unittest", Grammar::Unittest),
    ("php/parse_log_phpunit", Grammar::Phpunit),
    ("ruby/parse_log_minitest", Grammar::Minitest),
    ("parsers/ruby_minitest_parser.py", Grammar::Minitest),
    ("javascript/parse_log_playwright", Grammar::Swelancer),
    ("swelancer/parse_log_playwright", Grammar::Swelancer),
    ("swelancer/parse_log_exitcode", Grammar::Swelancer),
    ("rust/parse_log_cargo_test", Grammar::CargoTest),
];

impl Parser {
    /// The parser of an id: exactly, or else in letters of any size and whatever language stands before the
    /// stroke, as the harness's multi-language evaluator has it.
    pub fn named(id: &str) -> Option<Parser> {
        let id = id.trim();
        let exact = fleet().find(|parser| parser.id == id);
        let function = last_part(id);
        exact.or_else(|| {
            fleet().find(|parser| {
                strip_prefix_any_case(last_part(parser.id), function).is_some_and(str::is_empty)
            })
        })
    }

    /// The parser that the public harness takes for an id. For one that it does not know it takes pytest's.
    pub fn head(id: &str) -> Parser {
        head().find(|parser| parser.id == id).unwrap_or(Parser {
            id: "python/parse_log_pytest_v3",
            grammar: Grammar::PytestV3,
            flavour: Flavour::VeloraHead,
        })
    }

    /// Its id.
    pub fn id(self) -> &'static str {
        self.id
    }

    /// Whose reading it is.
    pub fn flavour(self) -> Flavour {
        self.flavour
    }

    /// Does pytest itself write such logs, with its list at the end?
    pub fn is_pytest(self) -> bool {
        self.grammar.is_pytest()
    }

    /// Does Python's unittest, or a runner of its kind?
    pub fn is_unittest(self) -> bool {
        self.grammar.is_unittest()
    }

    pub(super) fn grammar(self) -> Grammar {
        self.grammar
    }

    /// All of them: ours, then the public harness's.
    pub fn all() -> impl Iterator<Item = Parser> {
        fleet().chain(head())
    }
}

fn fleet() -> impl Iterator<Item = Parser> {
    of(FLEET, Flavour::Fleet)
}

fn head() -> impl Iterator<Item = Parser> {
    of(HEAD, Flavour::VeloraHead)
}

fn of(table: &'static [(&'static str, Grammar)], flavour: Flavour) -> impl Iterator<Item = Parser> {
    table
        .iter()
        .map(move |&(id, grammar)| Parser { id, grammar, flavour })
}

fn last_part(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}
