# SPDX-License-Identifier: Apache-2.0
"""Kills `retort serve` many times while clients chat through /api, and looks for what was acknowledged.

    swift build -c release --product retort
    python3 Tools/check_kill.py --retort .build/release/retort [--kills 50] [--clients 6] [--seed 1]

Clients make conversations, rename, pin and delete them, add messages and let answers be written. What an answer of the server
acknowledged is noted. The server is killed by SIGKILL at a random moment, now and then while it starts, and started again with the
same database: all that was noted must be there, and nothing that nobody asked for. What was under way may be there or not. An answer
in the making must have ended, its text the beginning of what the client saw, or more. Before the server is started again a copy of the
file is checked with Python's sqlite3. Standard library only.
"""

import argparse
import collections
import dataclasses
import http.client
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

PATIENCE = 120


class Wrong(Exception):
    """What should not be."""


@dataclasses.dataclass
class Message:
    role: str
    parent: str | None
    content: str | None  # None where nobody has seen it whole
    reasoning: str | None = None
    status: str | None = None  # None while it is written
    seen: dict = dataclasses.field(default_factory=lambda: {"reasoning": "", "content": ""})


@dataclasses.dataclass
class Conversation:
    """What is known of a conversation; `pending` is the request that was not answered."""

    id: str
    title: str | None
    pinned: bool = False
    leaf: str | None = None
    isDeleted: bool = False
    messages: dict[str, Message] = dataclasses.field(default_factory=dict)
    pending: tuple | None = None


class Server:
    def __init__(self, options, home):
        self.retort, self.home = options.retort, home
        self.process = None
        self.port = 0
        self.isKilled = False

    @property
    def database(self):
        return Path(self.home) / "server.sqlite"

    def spawn(self):
        command = [self.retort, "serve", "--port", "0", "bundled"]
        self.isKilled = False
        self.log = Path(self.home) / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "RETORT_HOME": self.home})

    def start(self):
        self.spawn()
        end = time.monotonic() + PATIENCE
        while "listening on http://" not in (text := self.log.read_text()) or "\n" not in text.split("listening on")[1]:
            if self.process.poll() is not None or time.monotonic() > end:
                raise Wrong(f"the server does not start: {text[-2000:]}")
            time.sleep(0.01)
        self.port = int(text.split("listening on http://127.0.0.1:")[1].split()[0])

    def kill(self):
        self.isKilled = True
        self.process.send_signal(signal.SIGKILL)
        code = self.process.wait()
        if code != -signal.SIGKILL:
            raise Wrong(f"the server ended by itself with {code}: {self.log.read_text()[-2000:]}")

    def open(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)


def send(connection, method, path, fields=None):
    """Status and body."""
    body = None if fields is None else json.dumps(fields)
    connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
    response = connection.getresponse()
    return response.status, json.loads(response.read())


class Client(threading.Thread):
    """Asks for one thing after the other until the server is gone. Its conversations are its own."""

    def __init__(self, server, conversations, chance, counts):
        super().__init__(daemon=True)
        self.server, self.conversations, self.chance, self.counts = server, conversations, chance, counts
        self.fault = None
        self.touched = set()

    def run(self):
        connection = self.server.open()
        try:
            while not self.server.isKilled:
                self.act(connection)
        except Exception as error:
            # A connection that ends is the kill's doing, after it was sent.
            if not (self.server.isKilled and isinstance(error, (OSError, http.client.HTTPException, json.JSONDecodeError))):
                self.fault = f"{type(error).__name__}: {error}"
        finally:
            connection.close()

    def expect(self, expected, answer):
        status, body = answer
        if status != expected:
            raise Wrong(f"status {status}, expected {expected}: {body}")
        return body

    def acknowledged(self, kind):
        self.counts[kind] += 1

    def act(self, connection):
        mine = [one for one in self.conversations if not one.isDeleted]
        if not mine or self.chance.random() < 0.2:
            title = f"conversation {self.chance.randrange(10**9)}"
            # Until it is acknowledged nobody knows its id.
            body = self.expect(201, send(connection, "POST", "/api/conversations", {"title": title}))
            self.conversations.append(Conversation(body["id"], title))
            self.touched.add(body["id"])
            return self.acknowledged("conversations")
        one = self.chance.choice(mine[-8:])
        self.touched.add(one.id)
        path = f"/api/conversations/{one.id}"
        kind = self.chance.choices(["change", "delete", "message", "answer"], [2, 0.5, 4, 4])[0]
        if kind == "change":
            change = {"title": f"title {self.chance.randrange(10**9)}", "pinned": self.chance.random() < 0.5}
            one.pending = ("change", change)
            self.expect(200, send(connection, "PATCH", path, change))
            one.title, one.pinned = change["title"], change["pinned"]
        elif kind == "delete":
            one.pending = ("delete",)
            self.expect(200, send(connection, "DELETE", path))
            one.isDeleted = True
        elif kind == "message":
            answers = [id for id, message in one.messages.items() if message.role == "assistant"]
            parent = self.chance.choice([None, *answers])
            text = f"What is {self.chance.randrange(10**6)} + 1?" + " Say more." * self.chance.choice([0, 0, 60])
            one.pending = ("message", text, parent)
            body = self.expect(201, send(connection, "POST", f"{path}/messages", {"parent": parent, "content": text}))
            one.leaf = body["message"]["id"]
            one.messages[one.leaf] = Message("user", parent, text, status="complete")
        else:
            return self.answer(connection, one, path)
        one.pending = None
        self.acknowledged(f"{kind}s")

    def answer(self, connection, one, path):
        questions = [id for id, message in one.messages.items() if message.role == "user"]
        if not questions:
            return
        parent = self.chance.choice(questions)
        settings = {"max_tokens": self.chance.choice([1, 3, 8, 40, 200]), "temperature": self.chance.choice([0, 1])}
        one.pending = ("answer", parent)
        status, body = send(connection, "POST", f"{path}/generate", {"parent": parent, "settings": settings})
        one.pending = None
        if (status, body.get("error", {}).get("code")) in ((409, "run_active"), (400, "context_length_exceeded")):
            return
        self.expect(201, (status, body))
        one.leaf = body["message"]["id"]
        message = one.messages[one.leaf] = Message("assistant", parent, None)
        self.acknowledged("answers begun")
        if self.chance.random() < 0.75:
            self.follow(connection, body["run"], message)

    def follow(self, connection, run, message):
        """Reads a run's events until it ends."""
        connection.request("GET", f"/api/runs/{run}/events")
        response = connection.getresponse()
        if response.status != 200:
            raise Wrong(f"status {response.status} for the events of a run")
        event = end = None
        while line := response.readline():
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "event":
                event = value
            elif name == "data" and event in message.seen:
                message.seen[event] += json.loads(value)["text"]
            elif name == "data" and event in ("done", "error"):
                end = event, json.loads(value)["message"]
        if end is None:
            raise http.client.IncompleteRead(b"")
        event, final = end
        if event == "error" and not self.server.isKilled:
            raise Wrong(f"an answer failed: {final['error']}")
        if (final["reasoning"], final["content"]) != (message.seen["reasoning"], message.seen["content"]):
            raise Wrong("the final message is not what was streamed")
        message.content, message.reasoning, message.status = final["content"], final["reasoning"], final["status"]
        self.acknowledged("answers ended")


def check_file(database):
    """Looks at a copy, so that the server finds the journal as the kill left it."""
    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("", "-wal"):
            if (source := Path(f"{database}{suffix}")).exists():
                shutil.copy(source, Path(folder) / f"copy{suffix}")
        file = sqlite3.connect(Path(folder) / "copy")
        problems = [row[0] for row in file.execute("PRAGMA integrity_check") if row[0] != "ok"]
        problems += [f"foreign key: {row}" for row in file.execute("PRAGMA foreign_key_check")]
        # No table is there if the kill came before the first one was made.
        if file.execute("SELECT count(*) FROM sqlite_schema WHERE name IN ('texts', 'titles')").fetchone()[0] == 2:
            for table in ("texts", "titles"):
                file.execute(f"INSERT INTO {table} ({table}, rank) VALUES ('integrity-check', 1)")
        file.close()
    return problems


def agree(found, seen):
    return found.startswith(seen) or seen.startswith(found)


def compare(known, status, body):
    """What is wrong with a conversation after a restart. What is right is noted: it may not change any more."""
    pending, known.pending = known.pending, None
    kind = pending[0] if pending else None
    if status == 404:
        if kind == "delete":
            known.isDeleted = True
        return [] if known.isDeleted else ["the conversation is lost"]
    if status != 200:
        return [f"status {status}: {body}"]
    if known.isDeleted:
        return ["the conversation was deleted and is there"]
    problems = []
    titles = [(known.title, known.pinned)]
    if kind == "change":
        titles.append((pending[1]["title"], pending[1]["pinned"]))
    if (body["title"], body["pinned"]) not in titles:
        problems.append(f"title and pin are {body['title']!r}, {body['pinned']}, expected one of {titles}")
    known.title, known.pinned = body["title"], body["pinned"]
    if body["active_run"] is not None:
        problems.append("a run is under way after the restart")
    tree = {message["id"]: message for message in body["tree"]}
    extra = [id for id in tree if id not in known.messages]
    if len(extra) > (1 if kind in ("message", "answer") else 0):
        problems.append(f"{len(extra)} messages are there that nobody asked for")
    for id in extra:
        wanted = ("user", pending[2], pending[1]) if kind == "message" else ("assistant", pending[1] if pending else None, None)
        if (tree[id]["role"], tree[id]["parent"]) != wanted[:2] or wanted[2] not in (None, tree[id]["content"]):
            problems.append(f"a message is there that nobody asked for: {tree[id]}")
        known.messages[id] = Message(wanted[0], wanted[1], wanted[2])
        known.leaf = id
    for id, message in known.messages.items():
        if id not in tree:
            problems.append(f"the {message.role}'s message {id} is lost")
            continue
        found = tree[id]
        if (found["role"], found["parent"]) != (message.role, message.parent):
            problems.append(f"the message {id} has another place")
        if message.status is not None:
            same = (found["content"], found["status"]) == (message.content, message.status)
            if not same or (found["reasoning"] or "") != (message.reasoning or ""):
                problems.append(f"the {message.role}'s message {id} has changed: {found}, expected {message}")
        elif found["status"] == "error" and found["error"]["code"] != "server_restarted":
            problems.append(f"an answer failed: {found['error']}")
        elif found["status"] not in ("complete", "error"):
            problems.append(f"an answer in the making is {found['status']} after the restart")
        elif message.role == "assistant" and not all(agree(found[part], text) for part, text in message.seen.items()):
            problems.append(f"an answer's text is not what the client saw: {found}, seen {message.seen}")
        message.content, message.reasoning, message.status = found["content"], found["reasoning"], found["status"]
    if body["active_leaf"] != known.leaf:
        problems.append(f"the branch that is shown ends with {body['active_leaf']}, expected {known.leaf}")
    return problems


def check_state(server, known, problems):
    connection = server.open()
    for one in known:
        for problem in compare(one, *send(connection, "GET", f"/api/conversations/{one.id}")):
            problems.append(f"{one.id}: {problem}")
    connection.close()


def round_of_chat(server, conversations, chance, counts):
    """Lets the clients work until the kill."""
    clients = [Client(server, mine, random.Random(chance.random()), counts[index]) for index, mine in enumerate(conversations)]
    for client in clients:
        client.start()
    time.sleep(chance.uniform(0.02, 3))
    faults = [client.fault for client in clients if client.fault]
    server.kill()
    for client in clients:
        client.join(PATIENCE)
        if client.is_alive():
            raise Wrong("a client hangs although the server is gone")
    faults = faults or [client.fault for client in clients if client.fault]
    if faults:
        raise Wrong(f"before the kill: {faults[:3]}")
    return set().union(*(client.touched for client in clients))


def check(options, server):
    chance = random.Random(options.seed)
    conversations = [[] for _ in range(options.clients)]
    # One each, since threads count.
    counts = [collections.Counter() for _ in conversations]
    inStart = 0
    begin = time.monotonic()
    server.start()
    for kill in range(1, options.kills + 1):
        touched = round_of_chat(server, conversations, chance, counts)
        problems = check_file(server.database)
        if chance.random() < 0.2:
            # It may not come as far as to put right what the last kill left.
            server.spawn()
            time.sleep(chance.uniform(0, 0.4))
            server.kill()
            inStart += 1
            problems += check_file(server.database)
        server.start()
        known = [one for mine in conversations for one in mine]
        if kill < options.kills:
            known = [one for one in known if one.id in touched or chance.random() < 0.05]
        check_state(server, known, problems)
        if problems:
            raise Wrong(f"after kill {kill}: {len(problems)} faults: " + "\n".join(problems[:5]))
    server.kill()
    total = sum(counts, collections.Counter())
    said = ", ".join(f"{count} {kind}" for kind, count in sorted(total.items()))
    print(f"{options.kills} kills and {inStart} during a start in {time.monotonic() - begin:.0f} s")
    print(f"acknowledged and there: {said}")
    if missing := [kind for kind in ("conversations", "messages", "answers begun", "answers ended", "deletes") if not total[kind]]:
        raise Wrong(f"nothing was looked for of these: {missing}; give it more kills")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--retort", default=".build/release/retort")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        server = Server(options, home)
        try:
            check(options, server)
        except Wrong as error:
            sys.exit(str(error))
        finally:
            if server.process and server.process.poll() is None:
                server.process.kill()
                server.process.wait()


if __name__ == "__main__":
    main()
