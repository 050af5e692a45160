# SPDX-License-Identifier: Apache-2.0
"""What the client checks share: a server of their own, named checks, the command line."""

import argparse
import contextlib
import pathlib
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.request

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
TOOLS_TEMPLATE = HERE / "tools.jinja"


def parser(doc):
    """A command line with the options that all checks have."""
    options = argparse.ArgumentParser(description=doc.splitlines()[0])
    options.add_argument("--retort", type=pathlib.Path, default=ROOT / ".build/release/retort",
                         help="the command to serve with; .build/release/retort if not given")
    options.add_argument("--base", metavar="URL", help="a running server with the bundled model; "
                         "checks that need a server of their own are left out")
    return options


@contextlib.contextmanager
def serving(retort, *arguments):
    """Runs `retort serve` on a free port and gives its base URL, without /v1."""
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [str(retort), "serve", "--port", "0", *map(str, arguments)], stdout=log,
            stderr=subprocess.STDOUT, env={"RETORT_HOME": home, "PATH": "/usr/bin:/bin"})
        try:
            yield _address(process, log)
            if process.poll() is not None:
                log.seek(0)
                raise RuntimeError(f"the server ended with {process.returncode}:\n{log.read()}")
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _address(process, log, limit=60):
    end = time.monotonic() + limit
    while time.monotonic() < end:
        log.seek(0)
        text = log.read()
        for line in text.splitlines():
            if line.startswith("listening on "):
                return line.split()[2]
        if process.poll() is not None:
            raise RuntimeError(f"retort serve ended with {process.returncode}:\n{text}")
        time.sleep(0.05)
    raise RuntimeError(f"retort serve does not listen after {limit} s:\n{text}")


def metrics(base):
    """The server's figures by name and labels."""
    with urllib.request.urlopen(base + "/metrics", timeout=10) as response:
        lines = response.read().decode().splitlines()
    return {name: float(value) for name, value in
            (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))}


def total(base, name):
    """The sum of a figure over its labels."""
    found = [value for key, value in metrics(base).items() if key.split("{")[0] == name]
    assert found, f"/metrics has no {name}"
    return sum(found)


def until(condition, seconds=10):
    """Waits until the condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not so after {seconds} s"
        time.sleep(0.02)


@contextlib.contextmanager
def raises(kind, **attributes):
    """The block must raise an error of just this class with these attributes."""
    try:
        yield
    except kind as error:
        assert type(error) is kind, f"expected {kind.__name__}, got {type(error).__name__}: {error}"
        for name, value in attributes.items():
            found = getattr(error, name)
            assert found == value, f"{name} is {found!r}, expected {value!r}: {error}"
    else:
        raise AssertionError(f"expected {kind.__name__}, got an answer")


class Checks:
    """Named checks, run in their order."""

    def __init__(self):
        self._checks = []

    def __call__(self, name):
        def add(function):
            self._checks.append((name, function))
            return function
        return add

    def run(self, *arguments):
        """Runs all, prints a line for each, and returns (passed, failed)."""
        failed = 0
        for name, function in self._checks:
            start = time.monotonic()
            try:
                function(*arguments)
                print(f"ok    {name} ({time.monotonic() - start:.1f} s)", flush=True)
            except Exception as error:
                failed += 1
                print(f"FAIL  {name}: {type(error).__name__}: {str(error)[:600]}", flush=True)
                place = traceback.extract_tb(error.__traceback__)
                own = [frame for frame in place if frame.filename.startswith(str(HERE))]
                for frame in own[1:]:
                    print(f"      {pathlib.Path(frame.filename).name}:{frame.lineno}: "
                          f"{frame.line}")
        return len(self._checks) - failed, failed


def finish(client, *results):
    """Prints the sum and ends the program, with 1 if a check failed."""
    passed = sum(result[0] for result in results)
    failed = sum(result[1] for result in results)
    print(f"{client}: {passed + failed} checks, {failed} failed")
    sys.exit(1 if failed else 0)
