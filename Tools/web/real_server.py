# SPDX-License-Identifier: Apache-2.0
"""A `retort serve` of our own for check_app.py: the bundled model, and one that is slow enough to be stopped."""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import mock_corpus

RANDOM_MODEL = Path(__file__).resolve().parent.parent / "make_random_model.py"
START_SECONDS = 120
STOP_SECONDS = 20


class RealServer:
    """Runs until `close`. Its state is in a folder of its own, which goes with it."""

    def __init__(self, retort: str, slow_model: str | None, port: int = 0):
        self.folder = tempfile.TemporaryDirectory(prefix="retort-web-")
        root = Path(self.folder.name)
        self.slow_model = Path(slow_model) if slow_model else root / "slow.gguf"
        if not slow_model:
            make = [sys.executable, RANDOM_MODEL, "--shape", "qwen2-slow", "--chat", self.slow_model]
            subprocess.run(make, check=True)
        self.slow_id = self.slow_model.stem
        self.log = root / "log"
        # What the guard's page shows: honest traffic and some that extracts.
        requests, secret = root / "requests.jsonl", root / "secret"
        simulate = ["--seed", "5", "--honest", "1", "--extracting", "1", "--shares", "1"]
        subprocess.run([retort, "guard", "secret", "-o", secret], check=True)
        subprocess.run([retort, "guard", "simulate", *simulate, "-o", requests], check=True)
        guard = ["--guard-log", requests, "--guard-secret", secret, "--guard-audit", root / "audit.jsonl"]
        # What answers are traced to.
        texts, index = root / "texts", root / "index"
        mock_corpus.write(texts)
        subprocess.run([retort, "provenance", "index", texts, "-o", index], check=True)
        options = ["--max-loaded", "2", *map(str, guard), "--corpus", str(index)]
        self.command = [retort, "serve", "bundled", str(self.slow_model), *options]
        self.environment = os.environ | {"RETORT_HOME": str(root)}
        self.process = self.start(port)

    def start(self, port: int) -> subprocess.Popen:
        self.log.write_text("")
        with self.log.open("w") as log:
            process = subprocess.Popen(
                [*self.command, "--port", str(port)], stdout=log, stderr=log, env=self.environment
            )
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and process.poll() is None:
            found = re.search(r"^listening on (\S+)$", self.log.read_text(), re.MULTILINE)
            if found:
                self.base = found[1] + "/"
                return process
            time.sleep(0.05)
        process.kill()
        raise RuntimeError(f"the server does not listen:\n{self.log.read_text()}")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(STOP_SECONDS)

    def start_again(self) -> None:
        """At the same address, with the same state."""
        self.process = self.start(int(self.base.rstrip("/").rsplit(":", 1)[1]))

    def close(self) -> None:
        if self.process.poll() is None:
            self.stop()
        self.folder.cleanup()
