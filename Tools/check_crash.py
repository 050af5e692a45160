# SPDX-License-Identifier: Apache-2.0
"""Kills a process that writes to the server's database, many times, and looks for what was acknowledged.

    swift build -c release --product StoreWriter
    python3 Tools/check_crash.py --writer .build/release/StoreWriter [--kills 50] [--seed 1]

The writer (Tests/StoreWriter) says what it wrote after the store acknowledged it; it is killed by SIGKILL at a random moment. The file is
read by Python's sqlite3, not by the store. Standard library only.
"""

import argparse
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def write(writer: str, database: Path, seconds: float) -> list[list[str]]:
    """Lets the writer work for so long after its first line, kills it and returns the lines that it said."""
    process = subprocess.Popen([writer, str(database)], stdout=subprocess.PIPE)
    first = process.stdout.readline()
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    text = first + process.stdout.read()
    code = process.wait()
    if code != -signal.SIGKILL:
        sys.exit(f"the writer ended by itself with {code}: {text[-500:]!r}")
    # A line that was cut off was not said.
    return [line.split() for line in text.decode().split("\n")[:-1]]


def lost(database: Path, said: list[list[str]]) -> list[str]:
    """What was acknowledged and is not there."""
    file = sqlite3.connect(database)
    messages = {
        id: (status, content if saved is None else saved)
        for id, status, content, saved in file.execute(
            "SELECT m.id, m.status, m.content, r.content FROM messages m LEFT JOIN runs r ON r.message = m.sequence"
        )
    }
    keys = {id for (id,) in file.execute("SELECT id FROM keys")}
    missing = []
    for line in said:
        match line:
            case ["message", id]:
                there = id in messages
            case ["saved", id, count]:
                there = id in messages and len(messages[id][1]) >= int(count)
            case ["ended", id, count]:
                there = id in messages and messages[id][0] == "complete" and len(messages[id][1]) == int(count)
            case ["key", id]:
                there = id in keys
            case _:
                sys.exit(f"the writer said something else: {line}")
        if not there:
            missing.append(" ".join(line))
    problems = [row[0] for row in file.execute("PRAGMA integrity_check") if row[0] != "ok"]
    problems += [f"foreign key: {row}" for row in file.execute("PRAGMA foreign_key_check")]
    for table in ("texts", "titles"):
        file.execute(f"INSERT INTO {table} ({table}, rank) VALUES ('integrity-check', 1)")
    file.close()
    return missing + problems


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--writer", default=".build/release/StoreWriter")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    said: list[list[str]] = []
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "server.sqlite"
        for kill in range(options.kills):
            said += write(options.writer, database, chance.uniform(0, 0.4))
            missing = lost(database, said)
            if missing:
                sys.exit(f"after kill {kill + 1}: {len(missing)} of {len(said)} writes are lost: {missing[:5]}")
    print(f"{options.kills} kills, {len(said)} acknowledged writes, none lost")


if __name__ == "__main__":
    main()
