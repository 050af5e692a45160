# SPDX-License-Identifier: Apache-2.0
"""Kills `retort serve` at random moments, many times, and looks for everything that it had acknowledged.

    swift build -c release --product retort
    python3 Tools/check_kill.py --retort .build/release/retort [--rounds 50] [--clients 4] [--seed 1]

Clients make conversations, messages and runs through the app's API, rename, pin and delete, and note what was answered. Then comes
SIGKILL; SQLite checks the file, and the next server on the same database must have it all: each message with its text, each run that
had ended as it ended, and the others with an error, their text a beginning of what clients read or more. Standard library only.
"""

import argparse
import http.client
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ABSENT = object()


class Server:
    def __init__(self, retort, folder):
        self.log = Path(folder) / "log"
        command = [retort, "serve", "--port", "0", "--database", str(Path(folder) / "server.sqlite")]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stderr=log, env={**os.environ, "RETORT_HOME": folder})
        end = time.monotonic() + 60
        while "listening on http://" not in (text := self.log.read_text()):
            if self.process.poll() is not None or time.monotonic() > end:
                sys.exit(f"the server does not start: {text}")
            time.sleep(0.01)
        self.port = int(text.split("listening on http://")[1].split()[0].rsplit(":", 1)[1])

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        code = self.process.wait()
        if code != -signal.SIGKILL:
            sys.exit(f"the server ended by itself with {code}: {self.log.read_text()[-2000:]}")


class Conversation:
    """What a client knows for certain; `open` are values that were asked for and not acknowledged."""

    def __init__(self, id):
        self.id = id
        self.values = {"title": None, "pinned": False}
        self.open = {}
        self.isDeleted = False
        self.deletes = False
        # Content by id; of assistant messages what was read so far.
        self.users = {}
        self.answers = {}


class Client(threading.Thread):
    def __init__(self, port, seed, conversations, counts):
        super().__init__()
        self.port = port
        self.chance = random.Random(seed)
        self.conversations = conversations
        self.counts = counts
        self.fault = None

    def run(self):
        try:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            while True:
                self.act()
        except (OSError, http.client.HTTPException):
            # The server was killed.
            pass
        except Exception as error:  # noqa: BLE001 told at the end of the round
            self.fault = f"{type(error).__name__}: {error}"

    def ask(self, method, path, body=None, expected=(200, 201)):
        data = None if body is None else json.dumps(body)
        self.connection.request(method, path, data, {"Content-Type": "application/json"} if data else {})
        response = self.connection.getresponse()
        text = response.read()
        if response.status not in expected:
            raise ValueError(f"{method} {path} is {response.status}: {text[:200]!r}")
        self.counts[method] = self.counts.get(method, 0) + 1
        return json.loads(text)

    def act(self):
        own = [item for item in self.conversations if not item.isDeleted and not item.deletes]
        chance = self.chance.random()
        if not own or chance < 0.25:
            answer = self.ask("POST", "/api/conversations", {"title": None})
            self.conversations.append(Conversation(answer["id"]))
            return
        one = self.chance.choice(own)
        path = f"/api/conversations/{one.id}"
        if chance < 0.65:
            text = f"What is {self.chance.randrange(1000)} + {self.chance.randrange(1000)}? " + "x" * self.chance.choice([0, 10, 5000])
            message = self.ask("POST", f"{path}/messages", {"parent": None, "content": text})["message"]
            one.users[message["id"]] = text
            if len(text) < 100 and self.chance.random() < 0.5:
                self.generate(one, path, message["id"])
        elif chance < 0.9:
            key, value = self.chance.choice([("title", f"Title {self.chance.randrange(10**6)}"), ("pinned", self.chance.random() < 0.5)])
            one.open[key] = value
            self.ask("PATCH", path, {key: value})
            one.values[key] = one.open.pop(key)
        else:
            one.deletes = True
            self.ask("DELETE", path)
            one.isDeleted = True

    def generate(self, one, path, parent):
        settings = {"max_tokens": self.chance.choice([8, 60, 300])}
        started = self.ask("POST", f"{path}/generate", {"parent": parent, "settings": settings})
        answer = {"text": "", "message": None}
        one.answers[started["message"]["id"]] = answer
        self.connection.request("GET", f"/api/runs/{started['run']}/events")
        response = self.connection.getresponse()
        name = None
        while line := response.readline():
            line = line.decode().rstrip("\n")
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: ") and name in ("reasoning", "content"):
                answer["text"] += json.loads(line[6:])["text"]
            elif line.startswith("data: ") and name == "done":
                answer["message"] = json.loads(line[6:])["message"]
                self.counts["done"] = self.counts.get("done", 0) + 1
        if answer["message"] is None and not response.isclosed():
            raise ValueError("a run's events ended without done")


def missing(port, one):
    """What is not as it was acknowledged; settles what was open."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", f"/api/conversations/{one.id}")
    response = connection.getresponse()
    found = json.loads(response.read())
    connection.close()
    if one.isDeleted or (one.deletes and response.status == 404):
        one.isDeleted = True
        return [] if response.status == 404 else [f"{one.id} was deleted and is there"]
    one.deletes = False
    if response.status != 200:
        return [f"{one.id} is {response.status}"]
    problems = []
    for key, value in one.values.items():
        asked = one.open.pop(key, ABSENT)
        # A conversation without a title of its own has its first message's line.
        if found[key] not in (value, asked) and not (key == "title" and value is None):
            problems.append(f"{one.id}: {key} is {found[key]!r}, not {value!r}")
        if asked is not ABSENT and found[key] == asked:
            one.values[key] = asked
    tree = {message["id"]: message for message in found["tree"]}
    for id, text in one.users.items():
        if tree.get(id, {}).get("content") != text:
            problems.append(f"{one.id}: the message {id} is lost or another")
    for id, answer in one.answers.items():
        message = tree.get(id)
        if message is None:
            problems.append(f"{one.id}: the answer {id} is lost")
        elif answer["message"]:
            if {**message, "run": None} != {**answer["message"], "run": None}:
                problems.append(f"{one.id}: the answer {id} is not as it ended")
        else:
            text = message["reasoning"] + message["content"]
            if message["status"] not in ("complete", "error"):
                problems.append(f"{one.id}: the answer {id} is {message['status']} after a restart")
            if not (text.startswith(answer["text"]) or answer["text"].startswith(text)):
                problems.append(f"{one.id}: the answer {id} has another text")
    return problems


def checked(folder):
    file = sqlite3.connect(Path(folder) / "server.sqlite")
    problems = [row[0] for row in file.execute("PRAGMA integrity_check") if row[0] != "ok"]
    problems += [f"foreign key: {row}" for row in file.execute("PRAGMA foreign_key_check")]
    file.close()
    return problems


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--retort", default=".build/release/retort")
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    known = [[] for _ in range(options.clients)]
    counts = {}
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(options.rounds + 1):
            server = Server(options.retort, folder)
            isLast = turn == options.rounds
            problems = []
            for own in known:
                # The newest ones, some of the others, and all of them in the end.
                old = own[:-40]
                for one in own[-40:] + (old if isLast else chance.sample(old, min(10, len(old)))):
                    problems += missing(server.port, one)
            if not isLast:
                clients = [Client(server.port, chance.random(), own, counts) for own in known]
                for client in clients:
                    client.start()
                time.sleep(chance.uniform(0, 2))
            server.kill()
            if not isLast:
                for client in clients:
                    client.join()
                    if client.fault:
                        problems.append(client.fault)
            problems += checked(folder)
            if problems:
                sys.exit(f"round {turn + 1}: {len(problems)} problems:\n" + "\n".join(problems[:10]))
    conversations = [one for own in known for one in own]
    messages = sum(len(one.users) for one in conversations)
    answers = [answer for one in conversations for answer in one.answers.values()]
    if not counts.get("done") or all(answer["message"] for answer in answers):
        sys.exit("no run ended, or none was broken off: the clients did too little")
    print(
        f"{options.rounds} kills in {time.monotonic() - begin:.0f} s: {len(conversations)} conversations, {messages} messages, "
        f"{len(answers)} answers of which {sum(not answer['message'] for answer in answers)} were broken off; "
        f"acknowledged {sum(counts.values()) - counts['done']} requests, none lost"
    )


if __name__ == "__main__":
    main()
