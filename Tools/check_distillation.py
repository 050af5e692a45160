# SPDX-License-Identifier: Apache-2.0
"""Distils from `retort serve` over HTTP while the run is killed, and counts what was paid for.

    swift build -c release --product retort
    python3 Tools/check_distillation.py --retort .build/release/retort [--kills 10] [--prompts 120] [--faults] [--seed 1]

Between `retort distill` and the server stands a relay that counts which answers were delivered whole. The run is killed by SIGKILL and
SIGTERM by turns, at random moments, and started again; no answer that was delivered may be asked for a second time, and none may be lost.
With --faults the relay also answers 429, 500, cuts streams, and sends JSON that is none, an empty answer and one that was cut off: the
requests must be tried again, or be counted among those that were left out. Standard library only.
"""

import argparse
import collections
import http.client
import http.server
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


class Relay(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, target, faults, random_):
        self.target, self.random, self.faults = target, random_, faults
        self.lock = threading.Lock()
        self.begun = collections.Counter()  # by request
        self.delivered = collections.Counter()
        self.injected = collections.Counter()
        self.slow = 0.0
        super().__init__(("127.0.0.1", 0), Handler)

    def handle_error(self, request, client_address):
        pass  # clients are killed


def identity(request):
    """Of a request as it was sent or as the cache keeps it."""
    return request["messages"][-1]["content"], request["seed"]


def answered(path):
    """The requests that the cache has an answer to."""
    if not path.exists():
        return []
    rows = sqlite3.connect(path).execute("SELECT request FROM requests WHERE state = 'done'")
    return [identity(json.loads(text)["request"]) for text, in rows]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        relay = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        key = identity(json.loads(body))
        with relay.lock:
            relay.begun[key] += 1
            is_first = relay.begun[key] == 1
            fault = relay.random.choice(
                ["429", "500", "cut", "json", "empty", "length"]) if (
                    relay.faults and is_first and relay.random.random() < 0.4) else None
            if fault:
                relay.injected[fault] += 1
        time.sleep(relay.slow)
        try:
            if fault:
                self.misbehave(fault)
            elif self.forward(body):
                with relay.lock:
                    relay.delivered[key] += 1
        except (BrokenPipeError, ConnectionResetError):
            pass  # the run was killed

    def reply(self, status, kind, data, **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def misbehave(self, fault):
        def event(delta, finish=None):
            choice = {"index": 0, "delta": delta, "finish_reason": finish}
            return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"
        done = b"data: [DONE]\n\n"
        if fault == "429":
            self.reply(429, "application/json", b'{"error": {"message": "slow"}}', Retry_After="0")
        elif fault == "500":
            self.reply(500, "text/plain", b"no")
        elif fault == "cut":
            self.reply(200, "text/event-stream", event({"content": "12"}))
        elif fault == "json":
            self.reply(200, "text/event-stream", b"data: {\"choices\": [}\n\n" + done)
        elif fault == "empty":
            self.reply(200, "text/event-stream", event({"content": ""}, "stop") + done)
        else:
            self.reply(200, "text/event-stream", event({"content": "1"}, "length") + done)

    def forward(self, body):
        connection = http.client.HTTPConnection(*self.server.target, timeout=120)
        connection.request("POST", self.path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers["Content-Type"])
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while part := answer.read1(1 << 16):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()
        connection.close()
        return answer.status == 200


def serve(retort, model, folder):
    log = open(folder / "server.log", "w")
    environment = dict(os.environ, RETORT_HOME=str(folder / "home"))
    process = subprocess.Popen(
        [retort, "serve", model, "--port", "0"], stderr=log, stdout=log, env=environment)
    deadline = time.time() + 60
    while time.time() < deadline:
        text = (folder / "server.log").read_text()
        if "is loaded" in text and "listening on " in text:
            address = text.split("listening on http://")[1].split()[0]
            host, port = address.split(":")
            return process, (host, int(port))
        time.sleep(0.1)
    process.kill()
    sys.exit(f"the server does not start: {text}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--retort", required=True)
    parser.add_argument("--model", default="bundled")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--prompts", type=int, default=120)
    parser.add_argument("--faults", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    folder = Path(tempfile.mkdtemp())
    server, target = serve(options.retort, options.model, folder)
    relay = Relay(target, options.faults, random.Random(options.seed))
    threading.Thread(target=relay.serve_forever, daemon=True).start()
    samples = 2
    recipe = folder / "distill.yaml"
    recipe.write_text(f"""
kind: distill
output: {folder}/run
model: {{ from: none }}
training: {{ steps: 1 }}
distill:
  teacher:
    endpoint: http://127.0.0.1:{relay.server_port}/v1
    name: {json.dumps(options.model)}
    concurrency: 6
    licence: {{ verdict: allowed, identifier: apache-2.0, note: "Retort's own model" }}
  collect:
    task: {{ name: multiplication, digits: [1, 2] }}
    count: {options.prompts}
    samples: {samples}
    temperature: 0.7
    max_tokens: 200
  dataset: {{ keep: all, near_duplicates: false }}
""")
    command = [options.retort, "distill", str(recipe), "--until", "dataset"]
    kills = collections.Counter()
    paid = {}  # how often a request had been sent when its answer was on the disk
    log = open(folder / "distill.log", "w")
    relay.slow = 0.05
    for index in range(options.kills):
        process = subprocess.Popen(command, stderr=log, stdout=log)
        # Not before it has asked something, and anywhere from there on.
        before = sum(relay.begun.values())
        while process.poll() is None and sum(relay.begun.values()) == before:
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.5))
        number = signal.SIGKILL if index % 2 == 0 else signal.SIGTERM
        process.send_signal(number)
        status = process.wait(timeout=120)
        kills[f"{number.name}, status {status}"] += 1
        for key in answered(folder / "run/requests.sqlite"):
            paid.setdefault(key, relay.begun[key])
    relay.slow = 0
    last = subprocess.run(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    server.terminate()
    server.wait(timeout=60)
    print(last.stderr, end="")
    if last.returncode:
        sys.exit(f"the last run failed with {last.returncode}")

    wanted = options.prompts * samples
    rows = sqlite3.connect(folder / "run/requests.sqlite").execute(
        "SELECT state, count(*) FROM requests GROUP BY state").fetchall()
    statistics = json.loads((folder / "run/dataset/statistics.json").read_text())
    twice = [key for key, times in paid.items() if relay.begun[key] != times]
    again = sum(n - 1 for n in relay.begun.values())
    print(f"kills: {dict(kills)}")
    print(f"requests wanted {wanted}, in the cache {dict(rows)}")
    print(f"paid twice {len(twice)}; sent again {again}: under way when the run was killed, or met by a fault")
    print(f"faults {dict(relay.injected)}, left out {statistics['rejections']}")
    assert dict(rows) == {"done": wanted}, "requests are lost"
    assert statistics["answers"] == wanted
    assert paid and not twice, "answers were paid for twice"
    # What a SIGTERM met was waited for.
    killed = sum(n for text, n in kills.items() if "KILL" in text)
    failed = sum(relay.injected[name] for name in ["429", "500", "cut", "json"])
    assert again <= 6 * killed + failed
    if options.faults:
        # One that was on its way when the run was killed was asked for again, and answered well.
        for fault, reason in [("length", "finish_length"), ("empty", "empty_content")]:
            lost = relay.injected[fault] - statistics["rejections"].get(reason, 0)
            assert 0 <= lost <= 6 * killed, f"{lost} answers with the fault {fault} are unaccounted for"
    lines = (folder / "run/dataset/train.jsonl").read_text().splitlines()
    assert len(lines) == statistics["kept"] and statistics["kept"] > 0
    for line in lines:
        sample = json.loads(line)
        assert {"teacher", "license_verdict", "request_hash", "grader", "cost_usd"} <= set(sample)
        a, b = (int(x) for x in sample["messages"][0]["content"][8:-1].split(" * "))
        assert str(a * b) in sample["messages"][-1]["content"].replace(",", "")
    print(f"ok: {statistics['kept']} samples")


main()
