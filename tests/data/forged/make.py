#!/usr/bin/env python3
"""Makes runs.jsonl: real runs of test frameworks, forged by the code that they test.

Usage: make.py WORK PYTHON NODE_MODULES > runs.jsonl
WORK is an empty directory. PYTHON has pytest and Django; NODE_MODULES has mocha and jest. cargo, go, g++ with googletest and
Catch2, phpunit, rspec and ruby with minitest are taken from PATH. What is not there is left out, and told.

In each run the test of `add` fails, and the code makes up that it passed. `files` are what the code under test brings; `base` are the
dataset's. pytest is run with the plug-in of `src/runner/native/report`, whose lines are kept beside both streams and the exit code.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading

WORK, PYTHON, MODULES = sys.argv[1:4]
ROOT = pathlib.Path(__file__).resolve().parents[3]
PLUGIN = ROOT / "src/runner/native/report/plugin.py"
CASES = []


def case(name, how, group, files, decidable, **more):
    CASES.append({"name": name, "how": how, "files": files, "decidable": decidable, **GROUPS[group], **more})


GROUPS = {
    "pytest": {
        "framework": "pytest",
        "parser": "python/parse_log_pytest_v3",
        "command": "python -m pytest -rA -p no:cacheprovider",
        "f2p": ["test_calc.py::test_add"],
        "p2p": ["test_calc.py::test_zero"],
        "base": {"test_calc.py": "from calc import add\n\ndef test_zero():\n    assert True\n\ndef test_add():\n    assert add(1, 2) == 3\n"},
    },
    "unittest": {
        "framework": "unittest",
        "parser": "python/parse_log_unittest",
        "command": "python -m unittest -v",
        "f2p": ["test_calc.C.test_add.test_add"],
        "p2p": ["test_calc.C.test_zero.test_zero"],
        "base": {"test_calc.py": "import unittest\nfrom calc import add\n\nclass C(unittest.TestCase):\n    def test_add(self):\n        self.assertEqual(add(1, 2), 3)\n    def test_zero(self):\n        pass\n"},
    },
}
for name, parser in (("slugify", "python/log_parser_un33k_python_slugify"), ("tornado", "python/log_parser_tornadoweb_tornado")):
    GROUPS[name] = {
        **GROUPS["unittest"],
        "framework": f"unittest ({name})",
        "parser": parser,
        "f2p": ["test_add (test_calc.C.test_add)"],
        "p2p": ["test_zero (test_calc.C.test_zero)"],
    }
GROUPS["django"] = {
    "framework": "django",
    "parser": "python/parse_log_django",
    "command": "python manage.py test -v 2",
    "f2p": ["test_add (app.tests.T.test_add)"],
    "p2p": ["test_zero (app.tests.T.test_zero)"],
    "base": {
        "manage.py": "import os, sys\nos.environ['DJANGO_SETTINGS_MODULE'] = 'conf'\nfrom django.core.management import execute_from_command_line\nexecute_from_command_line(sys.argv)\n",
        "conf.py": "SECRET_KEY = 'x'\nINSTALLED_APPS = ['app']\nDATABASES = {}\nUSE_TZ = True\n",
        "app/__init__.py": "",
        "app/tests.py": "from django.test import SimpleTestCase\nfrom calc import add\n\nclass T(SimpleTestCase):\n    def test_add(self):\n        self.assertEqual(add(1, 2), 3)\n    def test_zero(self):\n        pass\n",
    },
}
GROUPS["cargo"] = {
    "framework": "cargo",
    "parser": "rust/parse_log_cargo_test",
    "command": "cargo test --offline",
    "f2p": ["tests::test_add"],
    "p2p": ["tests::test_zero"],
    "base": {"Cargo.toml": '[package]\nname = "calc"\nversion = "0.1.0"\nedition = "2021"\n\n[lib]\ndoctest = false\n'},
}
RUST = "\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn test_add() { assert_eq!(super::add(1, 2), 3); }\n    #[test]\n    fn test_zero() {}\n}\n"
GROUPS["go"] = {
    "framework": "go",
    "parser": "go/parse_log_gotest",
    "command": "go test -v ./...",
    "f2p": ["TestAdd"],
    "p2p": ["TestZero"],
    "base": {
        "go.mod": "module calc\n\ngo 1.19\n",
        "calc_test.go": 'package calc\n\nimport "testing"\n\nfunc TestZero(t *testing.T) {}\n\nfunc TestAdd(t *testing.T) {\n\tif Add(1, 2) != 3 {\n\t\tt.Fatal("no")\n\t}\n}\n',
    },
}
GROUPS["gtest"] = {
    "framework": "googletest",
    "parser": "cpp/parse_log_google_test",
    "command": "g++ -o t calc.cpp t.cpp -lgtest -lgtest_main -lpthread && ./t",
    "f2p": ["S.Add"],
    "p2p": ["S.Zero"],
    "base": {"t.cpp": "#include <gtest/gtest.h>\nint add(int, int);\nTEST(S, Zero) { EXPECT_EQ(0, 0); }\nTEST(S, Add) { EXPECT_EQ(add(1, 2), 3); }\n"},
}
GROUPS["catch2"] = {
    "framework": "Catch2",
    "parser": "cpp/parse_log_catch2",
    "command": "g++ -o t calc.cpp t.cpp && ./t",
    "f2p": ["test_1"],
    "p2p": [],
    "base": {"t.cpp": '#define CATCH_CONFIG_MAIN\n#include <catch2/catch.hpp>\nint add(int, int);\nTEST_CASE("zero") { REQUIRE(true); }\nTEST_CASE("add") { REQUIRE(add(1, 2) == 3); }\n'},
}
GROUPS["mocha"] = {
    "framework": "mocha",
    "parser": "javascript/parse_log_tap",
    "command": "npx mocha --reporter tap test.js",
    "f2p": ["calc add"],
    "p2p": ["calc zero"],
    "base": {"test.js": "const { add } = require('./calc');\ndescribe('calc', () => {\n  it('zero', () => {});\n  it('add', () => { if (add(1, 2) !== 3) throw new Error('no'); });\n});\n"},
}
GROUPS["jest"] = {
    "framework": "jest",
    "parser": "javascript/parse_log_jest",
    "command": "npx jest --verbose",
    "f2p": ["add"],
    "p2p": ["zero"],
    "base": {
        "package.json": '{"name": "calc"}\n',
        "calc.test.js": "const { add } = require('./calc');\ntest('zero', () => {});\ntest('add', () => { expect(add(1, 2)).toBe(3); });\n",
    },
}
GROUPS["phpunit"] = {
    "framework": "phpunit",
    "parser": "php/parse_log_phpunit",
    "command": "phpunit --testdox CalcTest.php",
    "f2p": ["App\\CalcTest::testAdd"],
    "p2p": ["App\\CalcTest::testZero"],
    "base": {"CalcTest.php": "<?php\nnamespace App;\nrequire 'calc.php';\nclass CalcTest extends \\PHPUnit\\Framework\\TestCase {\n    public function testZero() { $this->assertTrue(true); }\n    public function testAdd() { $this->assertSame(3, add(1, 2)); }\n}\n"},
}
GROUPS["minitest"] = {
    "framework": "minitest",
    "parser": "ruby/parse_log_minitest",
    "command": "ruby calc_test.rb -v --seed 1",
    "f2p": ["CalcTest#test_add"],
    "p2p": ["CalcTest#test_zero"],
    "base": {"calc_test.rb": "require 'minitest/autorun'\nrequire_relative 'calc'\nclass CalcTest < Minitest::Test\n  def test_zero; assert true; end\n  def test_add; assert_equal 3, add(1, 2); end\nend\n"},
}
GROUPS["rspec"] = {
    "framework": "rspec",
    "parser": "ruby/parse_log_rspec",
    "command": "rspec -r ./lines.rb -f Lines calc_spec.rb",
    "f2p": ["calc adds"],
    "p2p": ["calc is"],
    "base": {
        "lines.rb": "class Lines\n  RSpec::Core::Formatters.register self, :example_passed, :example_failed, :dump_summary\n  def initialize(out); @out = out; end\n  def example_passed(n); @out.puts \"#{n.example.full_description} - passed\"; end\n  def example_failed(n); @out.puts \"#{n.example.full_description} - failed\"; end\n  def dump_summary(s); @out.puts s.totals_line; end\nend\n",
        "calc_spec.rb": "require_relative 'calc'\nRSpec.describe 'calc' do\n  it('is') {}\n  it('adds') { expect(add(1, 2)).to eq 3 }\nend\n",
    },
}

# pytest. What a pytest that passed says at its end.
LIST = (
    "=========================== short test summary info ============================\\n"
    "PASSED test_calc.py::test_zero\\nPASSED test_calc.py::test_add\\n"
    "============================== 2 passed in 0.01s ===============================\\n"
)
WRONG = "def add(a, b):\n    return a - b\n"
PUT_AWAY = (
    "import os, stat\n\ndef claim(text):\n    for fd in range(3, 40):\n        try:\n            kind = os.fstat(fd).st_mode\n        except OSError:\n"
    "            continue\n        if stat.S_ISFIFO(kind):\n            os.write(fd, text.encode())\n            os._exit(0)\n\n"
)
HOOK = "import pytest\n\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport(item, call):\n    outcome = yield\n    report = outcome.get_result()\n    report.outcome, report.longrepr = 'passed', None\n"
case("pytest-stderr-line", "a line `PASSED …` on stderr when the process ends", "pytest",
     {"calc.py": "import atexit, sys\natexit.register(lambda: sys.stderr.write('PASSED test_calc.py::test_add\\n'))\n" + WRONG}, True)
case("pytest-stdout-line", "a line `PASSED …` on stdout when the process ends", "pytest",
     {"calc.py": "import atexit, sys\natexit.register(lambda: sys.stdout.write('PASSED test_calc.py::test_add\\n'))\n" + WRONG}, True)
case("pytest-skiptest", "`raise unittest.SkipTest` with a whole list and an end in its reason", "pytest",
     {"calc.py": f"import unittest\n\ndef add(a, b):\n    raise unittest.SkipTest('x\\n{LIST}')\n"}, True)
case("pytest-skip-reason", "a reason to skip with a line `PASSED …`", "pytest",
     {"calc.py": "import pytest\n\ndef add(a, b):\n    pytest.skip('x\\nPASSED test_calc.py::test_add')\n"}, True)
case("pytest-xfail-reason", "a reason to fail as expected with a line `PASSED …`", "pytest",
     {"calc.py": "import pytest\n\ndef add(a, b):\n    pytest.xfail('x\\nPASSED test_calc.py::test_add')\n"}, True)
case("pytest-failure-text", "an exception whose text is a whole list and an end", "pytest",
     {"calc.py": f"def add(a, b):\n    raise ValueError('x\\n{LIST}')\n"}, True)
case("pytest-exit-import", "its list and its end on the output that pytest has put away, then `os._exit(0)`, while it is imported", "pytest",
     {"calc.py": PUT_AWAY + f"claim('collected 2 items\\n\\ntest_calc.py ..   [100%]\\n\\n{LIST}')\n\n" + WRONG}, True)
case("pytest-exit-call", "the same when it is called by a test", "pytest",
     {"calc.py": PUT_AWAY + f"def add(a, b):\n    claim('.   [100%]\\n\\n{LIST}')\n"}, True)
case("pytest-terminal", "methods of `TerminalReporter` replaced, and no failure counted", "pytest",
     {"calc.py": "import _pytest.main\nfrom _pytest.terminal import TerminalReporter as T\n\ndef listed(self):\n    self.write_sep('=', 'short test summary info')\n"
      "    self.write_line('PASSED test_calc.py::test_zero')\n    self.write_line('PASSED test_calc.py::test_add')\n\nT.short_test_summary = listed\n"
      "T.summary_failures = lambda self: None\nT.build_summary_stats_line = lambda self: ([('2 passed', {'green': True})], 'green')\n"
      "_pytest.main.Session.testsfailed = property(lambda self: 0, lambda self, n: None)\n\n" + WRONG}, True)
case("pytest-stats", "what the terminal counts changed once all tests were run", "pytest",
     {"calc.py": "import _pytest.main\nfrom _pytest.terminal import TerminalReporter as T\n\nold = T.short_test_summary\n\ndef listed(self):\n"
      "    failed = self.stats.pop('failed', [])\n    for report in failed:\n        report.outcome, report.longrepr = 'passed', None\n    self.stats['passed'] = self.stats.get('passed', []) + failed\n"
      "    self._main_color = None\n    old(self)\n\nT.summary_failures = lambda self: None\nT.short_test_summary = listed\n"
      "_pytest.main.Session.testsfailed = property(lambda self: 0, lambda self, n: None)\n\n" + WRONG}, True)
case("pytest-plugin-off", "our plug-in taken out of pytest's, and the list made up", "pytest",
     {"calc.py": "import gc\nimport _pytest.config\nimport _pytest.main\nfrom _pytest.terminal import TerminalReporter as T\n\nfor one in gc.get_objects():\n"
      "    if isinstance(one, _pytest.config.PytestPluginManager):\n        for name, plugin in one.list_name_plugin():\n            if name.startswith('fleet_'):\n                one.unregister(plugin)\n\n"
      "def listed(self):\n    self.write_sep('=', 'short test summary info')\n    self.write_line('PASSED test_calc.py::test_zero')\n    self.write_line('PASSED test_calc.py::test_add')\n\n"
      "T.short_test_summary = listed\nT.summary_failures = lambda self: None\nT.build_summary_stats_line = lambda self: ([('2 passed', {'green': True})], 'green')\n"
      "_pytest.main.Session.testsfailed = property(lambda self: 0, lambda self, n: None)\n\n" + WRONG}, True)
case("pytest-plugin-lies", "our plug-in's word read from memory, and a report written in its name before `os._exit(0)`", "pytest",
     {"calc.py": PUT_AWAY + "import sys\n\nfor name, module in list(sys.modules.items()):\n    if name.startswith('fleet_'):\n        for report in module._now:\n"
      "            for test in ('test_zero', 'test_add'):\n                report.tell('test', when='call', outcome='passed', node='test_calc.py::' + test)\n            report.end(0)\n\n"
      f"claim('collected 2 items\\n\\ntest_calc.py ..   [100%]\\n\\n{LIST}')\n\n" + WRONG}, False)
case("pytest-runtest", "`Function.runtest` replaced", "pytest",
     {"calc.py": "import _pytest.python\n\n_pytest.python.Function.runtest = lambda self: None\n\n" + WRONG}, False)
case("pytest-report-made", "`TestReport.from_item_and_call` replaced", "pytest",
     {"calc.py": "from _pytest.reports import TestReport\n\nold = TestReport.from_item_and_call.__func__\n\n@classmethod\ndef made(cls, item, call):\n    call.excinfo = None\n    return old(cls, item, call)\n\n"
      "TestReport.from_item_and_call = made\n\n" + WRONG}, False)
case("pytest-equal", "an object that is equal to everything", "pytest",
     {"calc.py": "class Any:\n    def __eq__(self, other):\n        return True\n\ndef add(a, b):\n    return Any()\n"}, False)
case("pytest-same-id", "a second item under the id of a test, which does nothing", "pytest",
     {"calc.py": "from _pytest.python import PyCollector\n\nold = PyCollector._genfunctions\n\ndef twice(self, name, function):\n    yield from old(self, name, function)\n"
      "    for item in old(self, name, function):\n        item._obj = lambda: None\n        yield item\n\nPyCollector._genfunctions = twice\n\n" + WRONG}, True)
case("pytest-makereport", "`conftest.py` with a hook that makes every report passed", "pytest", {"calc.py": WRONG, "conftest.py": HOOK}, True)
case("pytest-teststatus", "`conftest.py` with a hook that calls every result passed", "pytest",
     {"calc.py": WRONG, "conftest.py": "def pytest_report_teststatus(report, config):\n    if report.when == 'call':\n        return 'passed', '.', 'PASSED'\n\ndef pytest_sessionfinish(session):\n    session.exitstatus = 0\n"}, True)
case("pytest-statistics", "`conftest.py` that changes what the terminal has counted", "pytest",
     {"calc.py": WRONG, "conftest.py": "import pytest\n\n@pytest.hookimpl(tryfirst=True)\ndef pytest_terminal_summary(terminalreporter):\n    failed = terminalreporter.stats.pop('failed', [])\n    for report in failed:\n        report.outcome, report.longrepr = 'passed', None\n"
      "    terminalreporter.stats['passed'] = terminalreporter.stats.get('passed', []) + failed\n\n@pytest.hookimpl(tryfirst=True)\ndef pytest_sessionfinish(session):\n    session.exitstatus = 0\n"}, True)
case("pytest-reportchars", "`conftest.py` that empties `reportchars` and prints a list when the process ends", "pytest",
     {"calc.py": WRONG, "conftest.py": f"import atexit, os, sys\n\ndef pytest_configure(config):\n    config.option.reportchars = ''\n    config.option.tbstyle = 'no'\n\n@atexit.register\ndef claim():\n    sys.stdout.write('{LIST}')\n    sys.stdout.flush()\n    os._exit(0)\n"}, True)
case("pytest-nosummary", "`addopts = --no-summary -s`, and a list that is printed", "pytest",
     {"calc.py": f"def add(a, b):\n    print('\\n{LIST}')\n    return a - b\n", "pytest.ini": "[pytest]\naddopts = --no-summary -s\n"}, True)
case("pytest-ini-plugin", "`addopts = -p evil`", "pytest", {"calc.py": WRONG, "pytest.ini": "[pytest]\naddopts = -p evil\n", "evil.py": HOOK}, True)
case("pytest-package", "a package `pytest` in the repository", "pytest",
     {"calc.py": WRONG, "pytest/__init__.py": "", "pytest/__main__.py": f"print('============================= test session starts ==============================\\ncollected 2 items\\n\\ntest_calc.py ..   [100%]\\n\\n{LIST}', end='')\n"}, True)

# unittest and its kin.
def verbose(cls):
    return f"test_add ({cls}.test_add) ... ok\\ntest_zero ({cls}.test_zero) ... ok\\n\\n----------------------------------------------------------------------\\nRan 2 tests in 0.000s\\n\\nOK\\n"


def exits(cls):
    return {"calc.py": f"import os, sys\n\nsys.stderr.write('{verbose(cls)}')\nsys.stderr.flush()\nos._exit(0)\n\n" + WRONG}


case("unittest-stdout-line", "a line `… ok` on stdout", "unittest",
     {"calc.py": "def add(a, b):\n    print('test_add (test_calc.C.test_add) ... ok')\n    return a - b\n"}, True)
case("unittest-stderr-line", "a line `… ok` on stderr, where unittest speaks", "unittest",
     {"calc.py": "import atexit, sys\natexit.register(lambda: sys.stderr.write('test_add (test_calc.C.test_add) ... ok\\n'))\n" + WRONG}, True)
case("unittest-exit", "a whole run on stderr, then `os._exit(0)`", "unittest", exits("test_calc.C"), False)
case("unittest-result", "`TestResult.addFailure` replaced", "unittest",
     {"calc.py": "import unittest\n\nunittest.TextTestResult.addFailure = lambda self, test, error: self.addSuccess(test)\n\n" + WRONG}, False)
case("slugify-exit", "a whole run on stderr, then `os._exit(0)`", "slugify", exits("test_calc.C"), False)
case("tornado-exit", "a whole run on stderr, then `os._exit(0)`", "tornado", exits("test_calc.C"), False)
case("django-stdout-line", "a line `… ok` on stdout", "django",
     {"calc.py": "def add(a, b):\n    print('test_add (app.tests.T.test_add) ... ok')\n    return a - b\n"}, True)
case("django-stderr-line", "a line `… ok` on stderr, where django speaks", "django",
     {"calc.py": "import atexit, sys\natexit.register(lambda: sys.stderr.write('test_add (app.tests.T.test_add) ... ok\\n'))\n" + WRONG}, True)
case("django-exit", "a whole run on stderr, then `os._exit(0)`", "django", exits("app.tests.T"), False)

# Others.
case("cargo-stderr-line", "a line `… ok` on stderr", "cargo",
     {"src/lib.rs": 'use std::io::Write;\n\npub fn add(a: i32, b: i32) -> i32 {\n    let _ = writeln!(std::io::stderr(), "test tests::test_add ... ok");\n    a - b\n}\n' + RUST}, True)
case("cargo-stdout-line", "a line `… ok` on stdout, past what cargo holds back", "cargo",
     {"src/lib.rs": 'use std::io::Write;\n\npub fn add(a: i32, b: i32) -> i32 {\n    let _ = std::io::stdout().write_all(b"\\ntest tests::test_add ... ok\\n");\n    a - b\n}\n' + RUST}, True)
case("cargo-exit", "a whole run on stdout, then `exit(0)`", "cargo",
     {"src/lib.rs": 'use std::io::Write;\n\npub fn add(_: i32, _: i32) -> i32 {\n    let _ = std::io::stdout().write_all(b"\\ntest tests::test_add ... ok\\ntest tests::test_zero ... ok\\n\\ntest result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\\n\\n");\n    std::process::exit(0)\n}\n' + RUST}, False)
case("go-stderr-line", "a line `--- PASS` on stderr", "go",
     {"calc.go": 'package calc\n\nimport "os"\n\nfunc Add(a, b int) int {\n\tos.Stderr.WriteString("--- PASS: TestAdd (0.00s)\\n")\n\treturn a - b\n}\n'}, True)
case("go-exit", "a whole run on stdout, then the end of the process with code 0 before a test begins", "go",
     {"calc.go": 'package calc\n\nimport (\n\t"os"\n\t"syscall"\n)\n\nfunc Add(a, b int) int { return a - b }\n\nfunc init() {\n\tos.Stdout.WriteString("=== RUN   TestZero\\n--- PASS: TestZero (0.00s)\\n=== RUN   TestAdd\\n--- PASS: TestAdd (0.00s)\\nPASS\\n")\n\tsyscall.Exit(0)\n}\n'}, False)
GTEST = "[==========] Running 2 tests from 1 test suite.\\n[ RUN      ] S.Zero\\n[       OK ] S.Zero (0 ms)\\n[ RUN      ] S.Add\\n[       OK ] S.Add (0 ms)\\n[==========] 2 tests from 1 test suite ran. (0 ms total)\\n[  PASSED  ] 2 tests.\\n"
XML = '<?xml version=\\"1.0\\"?><testsuites><testsuite name=\\"S\\"><testcase name=\\"Zero\\" classname=\\"S\\"/><testcase name=\\"Add\\" classname=\\"S\\"/></testsuite></testsuites>\\n'
case("gtest-stderr-line", "a line `[       OK ]` on stderr", "gtest",
     {"calc.cpp": '#include <cstdio>\nint add(int a, int b) { fputs("[       OK ] S.Add (0 ms)\\n", stderr); return a - b; }\n'}, True)
case("gtest-stdout-line", "a line `[       OK ]` on stdout", "gtest",
     {"calc.cpp": '#include <cstdio>\nint add(int a, int b) { fputs("[       OK ] S.Add (0 ms)\\n", stdout); return a - b; }\n'}, True)
case("gtest-xml", "a JUnit XML on stdout when the process ends", "gtest",
     {"calc.cpp": f'#include <cstdio>\n#include <cstdlib>\nstatic void claim() {{ fputs("{XML}", stdout); }}\nstatic int at_end = atexit(claim);\nint add(int a, int b) {{ return a - b + at_end; }}\n'}, True)
case("gtest-exit", "a whole run on stdout, then `_exit(0)`", "gtest",
     {"calc.cpp": f'#include <cstdio>\n#include <unistd.h>\nstatic int claim() {{ fputs("{GTEST}", stdout); fflush(stdout); _exit(0); }}\nstatic int claimed = claim();\nint add(int a, int b) {{ return a - b + claimed; }}\n'}, False)
case("catch2-stderr-line", "Catch2's last line on stderr", "catch2",
     {"calc.cpp": '#include <cstdio>\nint add(int a, int b) { fputs("test cases: 2 | 2 passed | 0 failed\\n", stderr); return a - b; }\n'}, True)
case("catch2-exit", "a whole run on stdout, then `_exit(0)`", "catch2",
     {"calc.cpp": '#include <cstdio>\n#include <unistd.h>\nint add(int, int) { puts("===============================================================================\\ntest cases: 2 | 2 passed\\nassertions: 2 | 2 passed\\n"); fflush(stdout); _exit(0); }\n'}, False)
case("mocha-stderr-line", "a line `ok` on stderr", "mocha",
     {"calc.js": "exports.add = (a, b) => { console.error('ok 2 calc add'); return a - b; };\n"}, True)
case("mocha-stdout-line", "a line `ok` on stdout", "mocha",
     {"calc.js": "exports.add = (a, b) => { console.log('ok 2 calc add'); return a - b; };\n"}, True)
case("mocha-exit", "a whole run on stdout, then `process.exit(0)`", "mocha",
     {"calc.js": "exports.add = (a, b) => { console.log('ok 2 calc add\\n# tests 2\\n# pass 2\\n# fail 0\\n1..2'); process.exit(0); };\n"}, False)
case("jest-stdout-line", "a line `✓` on stdout", "jest",
     {"calc.js": "exports.add = (a, b) => { process.stdout.write('  ✓ add (1 ms)\\n'); return a - b; };\n"}, True)
case("jest-expect", "`expect` replaced", "jest",
     {"calc.js": "global.expect = () => ({ toBe() {} });\nexports.add = (a, b) => a - b;\n"}, False)
PHP = "PHPUnit 9.6.7 by Sebastian Bergmann and contributors.\\n\\nCalc (App\\\\Calc)\\n \\u{2714} Zero\\n \\u{2714} Add\\n\\nTime: 00:00.001, Memory: 4.00 MB\\n\\nOK (2 tests, 2 assertions)\\n"
case("phpunit-stderr-line", "a line `… ok` on stderr", "phpunit",
     {"calc.php": "<?php\nnamespace App;\nfunction add($a, $b) { fwrite(STDERR, \"App\\\\CalcTest::testAdd ok\\n\"); return $a - $b; }\n"}, True)
case("phpunit-exit", "a whole run on stdout, then `exit(0)`", "phpunit",
     {"calc.php": f'<?php\nnamespace App;\nfwrite(STDOUT, "{PHP}");\nregister_shutdown_function(function () {{ exit(0); }});\nexit(0);\n'}, False)
case("minitest-stderr-line", "a line `… = .` on stderr", "minitest",
     {"calc.rb": "def add(a, b)\n  warn 'CalcTest#test_add = 0.00 s = .'\n  a - b\nend\n"}, True)
case("minitest-stdout-line", "a line `… = .` on stdout", "minitest",
     {"calc.rb": "def add(a, b)\n  puts 'CalcTest#test_add = 0.00 s = .'\n  a - b\nend\n"}, True)
case("minitest-exit", "a whole run on stdout, then `exit!(0)`", "minitest",
     {"calc.rb": "puts \"Run options: -v --seed 1\\n\\n# Running:\\n\\nCalcTest#test_zero = 0.00 s = .\\nCalcTest#test_add = 0.00 s = .\\n\\nFinished in 0.000600s, 3333.3333 runs/s, 3333.3333 assertions/s.\\n\\n2 runs, 2 assertions, 0 failures, 0 errors, 0 skips\\n\"\n$stdout.flush\nexit!(0)\n"}, False)
case("rspec-stderr-line", "a line `… - passed` on stderr", "rspec",
     {"calc.rb": "def add(a, b)\n  warn 'calc adds - passed'\n  a - b\nend\n"}, True)
case("rspec-exit", "a whole run on stdout, then `exit!(0)`", "rspec",
     {"calc.rb": "puts \"calc is - passed\\ncalc adds - passed\\n2 examples, 0 failures\\n\"\n$stdout.flush\nexit!(0)\n"}, False)


def plug_in(home):
    """The plug-in as a host places it: its directory, and a thread that listens."""
    module, word = "fleet_0", "word"
    pipe = home / "pipe"
    home.mkdir()
    (home / f"{module}.py").write_text(PLUGIN.read_text().replace("@PIPE@", str(pipe)).replace("@NONCE@", word))
    info = home / f"{module}-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[pytest11]\n{module} = {module}\n")
    (info / "RECORD").write_text("".join(f"{name},,\n" for name in (f"{module}.py", f"{info.name}/METADATA", f"{info.name}/RECORD", f"{info.name}/entry_points.txt")))
    os.mkfifo(pipe)
    # Open at both ends, so that no writer's end is an end.
    hold = os.open(pipe, os.O_RDWR)
    lines = []

    def listen():
        with open(pipe, "rb") as stream:
            for line in stream:
                if line == b"last\n":
                    return
                if line.startswith(word.encode() + b" "):
                    lines.append(line[len(word) + 1 :].decode())

    thread = threading.Thread(target=listen)
    thread.start()

    def end():
        os.write(hold, b"last\n")
        thread.join()
        os.close(hold)
        return "".join(lines)

    return end


def run(one):
    home = pathlib.Path(WORK) / one["name"]
    repo = home / "repo"
    shutil.rmtree(home, ignore_errors=True)
    for path, text in {**one["base"], **one["files"]}.items():
        (repo / path).parent.mkdir(parents=True, exist_ok=True)
        (repo / path).write_text(text)
    for tool in ("mocha", "jest"):
        if (pathlib.Path(MODULES) / ".bin" / tool).exists() and one["framework"] == tool:
            (repo / "node_modules").symlink_to(pathlib.Path(MODULES).resolve())
    env = {**os.environ, "PATH": f"{pathlib.Path(PYTHON).parent}:{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": "1", "CARGO_TARGET_DIR": f"{home}/target", "GOFLAGS": "-mod=mod"}
    env.pop("PYTHONPATH", None)
    end = None
    if one["framework"] == "pytest":
        end = plug_in(home / "plugin")
        env["PYTHONPATH"] = str(home / "plugin")
    done = subprocess.run(["bash", "-c", one["command"]], cwd=repo, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode == 127:
        print(f"left out: {one['name']}: {done.stderr.decode()}", file=sys.stderr)
        return None

    def text(data):
        data = data if isinstance(data, str) else data.decode()
        data = data.replace(str(repo), "/app/repo").replace(str(home), "/app").replace(MODULES, "/app/node_modules")
        return data.replace(str(pathlib.Path(PYTHON).parent.parent), "/opt/env").replace(str(pathlib.Path(WORK)), "/app")

    fields = ("name", "framework", "how", "parser", "command", "f2p", "p2p", "decidable")
    return {
        **{field: one[field] for field in fields},
        "files": sorted(one["files"]),
        "exit": done.returncode,
        "stdout": text(done.stdout),
        "stderr": text(done.stderr),
        **({"report": text(end())} if end else {}),
    }


wanted = sys.argv[4:]
for one in CASES:
    if not wanted or one["name"] in wanted or one["framework"] in wanted:
        made = run(one)
        if made:
            print(json.dumps(made, ensure_ascii=False), flush=True)
