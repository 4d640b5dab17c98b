"""Tells fleet what pytest reports of each test, on a pipe of its own. PYTEST_DONT_REWRITE

Never changes a run: it adds nothing to the output, decides nothing, and what goes wrong in it goes no further.
Runs with every Python from 2.7 on, and every pytest from 2.8 on.
"""
import os
import sys

import pytest

PIPE = "@PIPE@"
NONCE = "@NONCE@"


def _leave_no_trace():
    """Whatever the tests start finds neither this file nor the way to it."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if path != here]
    left = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path != here]
    if any(left):
        os.environ["PYTHONPATH"] = os.pathsep.join(left)
    else:
        os.environ.pop("PYTHONPATH", None)


def _teller():
    """Says a record. What it needs is kept here, since tests replace functions of `os` for a while."""
    from errno import EAGAIN, EINTR
    from fcntl import F_SETFD, FD_CLOEXEC, fcntl
    from json import dumps
    from os import O_NONBLOCK, O_WRONLY, close, fstat, write
    from os import open as open_
    from select import select
    from stat import S_ISFIFO

    pipe = {}

    def same():
        """The tests may have closed it, and its number may be another file's."""
        try:
            now = fstat(pipe["fd"])
        except (KeyError, OSError):
            return False
        return (now.st_dev, now.st_ino) == pipe["is"]

    def reach():
        if same():
            return pipe["fd"]
        pipe.clear()
        fd = open_(PIPE, O_WRONLY | O_NONBLOCK)
        now = fstat(fd)
        if not S_ISFIFO(now.st_mode):
            close(fd)
            raise OSError("no pipe")
        fcntl(fd, F_SETFD, FD_CLOEXEC)
        pipe.update({"fd": fd, "is": (now.st_dev, now.st_ino)})
        return fd

    def say(record):
        data = (NONCE + " " + dumps(record) + "\n").encode("ascii")
        fd = reach()
        while data:
            try:
                data = data[write(fd, data) :]
            except OSError as error:
                if error.errno == EINTR:
                    continue
                if error.errno != EAGAIN or not select([], [fd], [], 60)[1]:
                    raise

    return say


def _files():
    """Where pytest's own code lies, and a digest of it."""
    from hashlib import sha256

    import _pytest

    top, digest = os.path.dirname(os.path.abspath(_pytest.__file__)), sha256()
    for directory, below, names in os.walk(top):
        below.sort()
        for name in sorted(names):
            if name.endswith(".py"):
                with open(os.path.join(directory, name), "rb") as file:
                    digest.update(name.encode("utf-8") + b"\0" + file.read())
    return top, digest.hexdigest()


def _text(name):
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else name


class _Report(object):
    def __init__(self, config):
        self.config = config
        self.say = _teller()
        # Runs may go on side by side.
        self.run = os.getpid()
        self.told = 0

    def tell(self, what, **record):
        self.told += 1
        try:
            self.say(dict(record, is_=what, run=self.run))
        except Exception:
            pass

    def begin(self):
        try:
            at, digest = _files()
        except Exception:
            at, digest = "", ""
        self.tell("begin", pytest=_text(pytest.__version__), at=_text(at), files=_text(digest))

    def test(self, report):
        when, outcome = report.when, report.outcome
        # Of what goes before and after a test only what went wrong matters.
        if when != "call" and outcome == "passed":
            return
        name = self.shown(report)
        if name is None:
            # Counted, and so missed.
            self.told += 1
            return
        record = {"when": when, "outcome": outcome, "node": _text(report.nodeid)}
        if name != record["node"]:
            record["name"] = name
        self.tell("test", **record)

    def shown(self, report):
        """As pytest prints it: relative to where it was started. From version 9.2 on a name is more than a text."""
        for name in (getattr(report, "id", None), report.nodeid):
            if name is None:
                continue
            try:
                name = self.config.cwd_relative_nodeid(name)
                return _text(name if isinstance(name, bytes) else type(u"")(name))
            except Exception:
                pass
        return None

    def end(self, status):
        try:
            digest = _files()[1]
        except Exception:
            digest = ""
        self.tell("end", exit=int(status), files=_text(digest), told=self.told + 1)


_now = []


def pytest_configure(config):
    try:
        # It stands in no list of plug-ins.
        known = config.pluginmanager._plugin_distinfo
        known[:] = [pair for pair in known if pair[0] is not sys.modules[__name__]]
    except Exception:
        pass
    # What workers report, the process that began them reports, too.
    if not _now and not hasattr(config, "workerinput") and not hasattr(config, "slaveinput"):
        try:
            _now.append(_Report(config))
        except Exception:
            pass


def pytest_sessionstart(session):
    for report in _now:
        if session.config is report.config:
            report.begin()


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_logreport(report):
    for now in _now:
        try:
            now.test(report)
        except Exception:
            pass
    yield


def pytest_sessionfinish(session, exitstatus):
    for report in _now:
        if session.config is report.config:
            report.end(exitstatus)


_leave_no_trace()
