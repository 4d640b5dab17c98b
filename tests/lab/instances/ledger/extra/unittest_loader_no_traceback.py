"""Runs the tests below a directory, verbosely and without tracebacks; a name is `test_x (module.Class)` in any Python."""
import sys
import unittest


class Result(unittest.TextTestResult):
    def getDescription(self, test):
        where = f"{type(test).__module__}.{type(test).__qualname__}"
        return f"{test._testMethodName} ({where})"

    def printErrors(self):
        pass


tests = unittest.defaultTestLoader.discover(sys.argv[1], top_level_dir=".")
ran = unittest.TextTestRunner(verbosity=2, resultclass=Result).run(tests)
sys.exit(not ran.wasSuccessful())
