#!/usr/bin/env python3
"""Makes swebench.jsonl: what SWE-bench's own parsers read in each honest log of ../test-logs, and in logs made here, whose truth was
recorded as well.

Usage: make.py SWEBENCH_PYTHON PYTEST_PYTHON > swebench.jsonl
SWEBENCH_PYTHON has PyPI's swebench 5; PYTEST_PYTHON has a pytest. Writes pytest-recorded.txt and unittest-recorded.txt anew.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

SWEBENCH, PYTEST = sys.argv[1:3]
HERE = pathlib.Path(__file__).resolve().parent
LOGS = {
    "../test-logs/cargo-coloured": ("rust/parse_log_cargo_test", "rust.parse_log_cargo"),
    "../test-logs/django": ("python/parse_log_django", "python.parse_log_django"),
    "../test-logs/gtest": ("cpp/parse_log_google_test", "c.parse_log_googletest"),
    "../test-logs/jest-verbose": ("javascript/parse_log_jest", "javascript.parse_log_jest"),
    "../test-logs/jest": ("javascript/parse_log_jest", "javascript.parse_log_jest"),
    "../test-logs/minitest": ("ruby/parse_log_minitest", "ruby.parse_log_minitest"),
    "../test-logs/mocha-tap": ("javascript/parse_log_tap", "javascript.parse_log_tap"),
    "../test-logs/phpunit-testdox": ("php/parse_log_phpunit", "php.parse_log_phpunit"),
    "../test-logs/phpunit-dots": ("php/parse_log_phpunit", "php.parse_log_phpunit"),
    "../test-logs/pytest-3": ("python/parse_log_pytest_v3", "python.parse_log_pytest"),
    "../test-logs/pytest-4": ("python/parse_log_pytest_v3", "python.parse_log_pytest"),
    "../test-logs/pytest-8-subtests": ("python/parse_log_pytest_v3", "python.parse_log_pytest"),
    "../test-logs/pytest-9-rap": ("python/parse_log_pytest_v3", "python.parse_log_pytest"),
    "../test-logs/pytest-9-rp": ("python/parse_log_pytest_v3", "python.parse_log_pytest"),
    "../test-logs/pytest-9-subtests": ("python/parse_log_pytest_v3", "python.parse_log_pytest"),
    "../test-logs/vitest": ("javascript/parse_log_vitest", "javascript.parse_log_vitest"),
    "../test-logs/catch2": ("cpp/parse_log_catch2", None),
    "../test-logs/ctest": ("cpp/parse_log_catch2", None),
    "../test-logs/meson": ("c/parse_log_meson", None),
    "../test-logs/mocha-json": ("javascript/parse_log_mocha_json", None),
    "../test-logs/unittest-3.13": ("python/parse_log_unittest", None),
    "../test-logs/unittest-3.9": ("python/parse_log_unittest", None),
    "pytest-recorded": ("python/parse_log_pytest_v3", "python.parse_log_pytest"),
    "unittest-recorded": ("python/parse_log_unittest", None),
}

COMMANDS = {"../test-logs/pytest-9-rap": "pytest -rap", "../test-logs/pytest-9-rp": "pytest -rp"}

READ = """
import importlib, json, sys
name, path = sys.argv[1:]
module, function = name.split(".")
parser = getattr(importlib.import_module("swebench.harness.log_parsers." + module), function)
print(json.dumps(parser(open(path).read(), None)))
"""

PYTEST_TESTS = """
import unittest
import pytest

@pytest.mark.parametrize("p", ["a b", "a c", "x - y", "[z]", "plain", "\\\\u00e9"])
def test_names(p): assert p != "a c"
def test_fails(): assert 0, "why - not"
@pytest.mark.skip(reason="no")
def test_skips(): pass
@pytest.mark.xfail
def test_fails_as_expected(): assert 0
@pytest.mark.xfail
def test_passes_unexpectedly(): pass
@pytest.fixture
def broken(): raise ValueError("x")
def test_no_setup(broken): pass
@pytest.fixture
def late():
    yield
    raise ValueError("x")
def test_no_teardown(late): pass
def test_prints(): print("PASSED test_it.py::test_fails")
class T(unittest.TestCase):
    def test_parts(self):
        for i in range(2):
            with self.subTest(i=i): assert i
    def test_whole(self): pass
"""

RECORDER = """
import json
import pytest
class Recorder:
    def __init__(self): self.seen = {}
    def pytest_runtest_logreport(self, report):
        now = "PASSED" if report.when == "call" and report.passed else None
        if report.failed: now = "FAILED" if report.when == "call" else "ERROR"
        if report.skipped: now = "SKIPPED"
        if hasattr(report, "wasxfail"): now = "XFAIL" if report.skipped else "XPASS"
        before = self.seen.get(report.nodeid)
        if now and before not in ("FAILED", "ERROR"): self.seen[report.nodeid] = now
recorder = Recorder()
pytest.main(["-p", "no:cacheprovider"], plugins=[recorder])
json.dump(recorder.seen, open("truth.json", "w"))
"""

UNITTEST_TESTS = """
import sys
import unittest

class T(unittest.TestCase):
    def test_ok(self): pass
    def test_described(self):
        "What it is for."
    def test_fails(self): self.fail("x")
    def test_breaks(self): raise ValueError("x")
    @unittest.skip("no")
    def test_skips(self): pass
    @unittest.expectedFailure
    def test_fails_as_expected(self): self.fail("x")
    def test_prints_ok(self):
        sys.stderr.write("ok\\\\n")
        self.fail("x")
    def test_parts(self):
        for i in range(2):
            with self.subTest(i=i): self.assertTrue(i)
"""

UNITTEST_RECORDER = """
import json
import unittest
class Result(unittest.TestResult):
    seen = {}
    def note(self, test, status): self.seen.setdefault(test.id(), status)
    def addSuccess(self, test): self.note(test, "PASSED")
    def addFailure(self, test, err): self.note(test, "FAILED")
    def addError(self, test, err): self.note(test, "ERROR")
    def addSkip(self, test, why): self.note(test, "SKIPPED")
    def addExpectedFailure(self, test, err): self.note(test, "XFAIL")
    def addSubTest(self, test, part, err):
        if err: self.seen[test.id()] = "FAILED"
result = Result()
unittest.defaultTestLoader.discover(".").run(result)
json.dump(result.seen, open("truth.json", "w"))
"""


def recorded(name, tests, recorder, command):
    """Runs the tests twice: as people do, and with a recorder in the framework."""
    with tempfile.TemporaryDirectory() as home:
        home = pathlib.Path(home)
        (home / "test_it.py").write_text(tests.replace("\\\\", "\\"))
        done = subprocess.run([PYTEST, "-m", *command], cwd=home, capture_output=True, text=True)
        log = (done.stdout + done.stderr).replace(str(home), "/app/repo").replace(str(pathlib.Path(PYTEST).parent.parent), "/opt/env")
        (HERE / f"{name}.txt").write_text(log)
        subprocess.run([PYTEST, "-c", recorder], cwd=home, capture_output=True, check=True)
        return json.loads((home / "truth.json").read_text())


TRUTH = {
    "pytest-recorded": recorded("pytest-recorded", PYTEST_TESTS, RECORDER, ["pytest", "-rA", "--tb=no", "-p", "no:cacheprovider"]),
    "unittest-recorded": recorded("unittest-recorded", UNITTEST_TESTS, UNITTEST_RECORDER, ["unittest", "-v"]),
}

for log, (ours, theirs) in LOGS.items():
    read = None
    if theirs:
        read = json.loads(subprocess.run([SWEBENCH, "-c", READ, theirs, HERE / f"{log}.txt"], capture_output=True, text=True, check=True).stdout)
    command = COMMANDS.get(log, "pytest -rA" if "pytest" in ours else "run the tests")
    print(json.dumps({"log": log, "parser": ours, "command": command, "theirs": theirs, "read": read, "truth": TRUTH.get(log)}, ensure_ascii=False, sort_keys=True))
