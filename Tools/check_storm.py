# SPDX-License-Identifier: Apache-2.0
"""Storms `retort serve` with good, bad and unfinished requests and looks at every answer, and at what is left behind.

    swift build -c release --product retort
    python3 Tools/check_storm.py --retort .build/release/retort [--requests 1000] [--clients 64] [--minutes 30] [--seed 1]
    python3 Tools/check_storm.py --base http://127.0.0.1:8080 --pid PID

The server has few places and a short queue, so that many requests are refused. Each request that was taken must be answered in
whole, each bad one by its own status; nobody gets a 5xx. Afterwards no request runs or waits, no page of the cache is held by a
sequence, and no connection is left. With --minutes the storm is repeated, and the memory of the last third must not lie more than
3 % or 8 MiB above that of the second. Standard library only.
"""

import argparse
import asyncio
import collections
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

# What a request is, and how often of a hundred.
KINDS = {
    "chat": 18, "chat stream": 20, "completion": 8, "completion stream": 8, "messages": 5, "messages stream": 5,
    "slow reader": 6, "gone in the stream": 9, "gone before the answer": 6, "gone in the body": 3,
    "long body": 2, "long chunked body": 1, "bad JSON": 3, "bad field": 2, "bad header": 2, "long header": 2,
}  # fmt: skip
BODY_LIMIT = 16 << 20
PATIENCE = 180


class Wrong(Exception):
    """An answer that should not be."""


class Connection:
    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, address, small=False):
        sock = socket.socket()
        if small:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, address)
        return cls(*await asyncio.open_connection(sock=sock, limit=1 << 16))

    def close(self, hard=False):
        if hard:
            self.writer.transport.abort()
        else:
            self.writer.close()

    async def send(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def head(self):
        """Status and headers."""
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:]) if name}
        return int(lines[0].split()[1]), headers

    async def body(self, headers, pace=None):
        """The whole body; a body that ends early raises."""
        if "content-length" in headers:
            return await self.exactly(int(headers["content-length"]), pace)
        parts = []
        while True:
            size = int((await self.reader.readuntil(b"\r\n")).split(b";")[0], 16)
            parts.append(await self.exactly(size, pace))
            if await self.reader.readexactly(2) != b"\r\n":
                raise Wrong("a chunk does not end where it should")
            if size == 0:
                return b"".join(parts)

    async def exactly(self, count, pace):
        if pace is None:
            return await self.reader.readexactly(count)
        data = b""
        while len(data) < count:
            data += await self.reader.readexactly(min(96, count - len(data)))
            await asyncio.sleep(pace)
        return data

    async def ends(self):
        """Waits for the server to close."""
        rest = await asyncio.wait_for(self.reader.read(1), 15)
        if rest:
            raise Wrong(f"more bytes came where the connection should end: {rest!r}")


class Storm:
    def __init__(self, address, chance):
        self.address = address
        self.chance = chance
        self.outcomes = collections.Counter()
        self.statuses = collections.Counter()
        self.faults = []
        self.kept = []

    async def run(self, requests, clients):
        kinds = self.chance.choices(list(KINDS), list(KINDS.values()), k=requests)
        queue = collections.deque(kinds)

        async def client():
            while queue:
                kind = queue.popleft()
                try:
                    outcome = await asyncio.wait_for(self.request(kind), PATIENCE)
                except (Wrong, OSError, ValueError, KeyError, IndexError, asyncio.IncompleteReadError, TimeoutError) as error:
                    outcome = "wrong"
                    self.faults.append(f"{kind}: {type(error).__name__}: {error}")
                self.outcomes[kind, outcome] += 1

        await asyncio.gather(*(client() for _ in range(clients)))
        while self.kept:
            self.kept.pop().close()

    # Requests

    def ask(self, kind):
        """Path and body of a proper request."""
        chance = self.chance
        text = f"What is {chance.randrange(100)} + {chance.randrange(100)}?" + " Say more." * chance.choice([0, 0, 0, 5, 20])
        fields = {"max_tokens": chance.randint(4, 48), "temperature": chance.choice([0, 0.8])}
        if kind.startswith("completion"):
            path, fields["prompt"] = "/v1/completions", text
        else:
            path = "/v1/messages" if kind.startswith("messages") else "/v1/chat/completions"
            fields["messages"] = [{"role": "user", "content": text}]
        if kind.endswith("stream") or kind == "slow reader" or (kind.startswith("gone") and kind != "gone before the answer"):
            fields["stream"] = True
        return path, fields

    @staticmethod
    def post(path, body, extra=""):
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{extra}"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    async def request(self, kind):
        path, fields = self.ask(kind)
        body = json.dumps(fields).encode()
        match kind:
            case "gone in the body":
                return await self.leave(self.post(path, body)[: -self.chance.randint(1, len(body))], 0)
            case "gone before the answer":
                return await self.leave(self.post(path, body), 0)
            case "gone in the stream":
                return await self.leave(self.post(path, body), self.chance.randint(1, 1500))
            case "long body":
                size = BODY_LIMIT + self.chance.randint(1, 4 << 20)
                head = self.post(path, b"").replace(b"Content-Length: 0", f"Content-Length: {size}".encode())
                return await self.refused(head, 413, body=self.chance.choice([0, 1000, size]))
            case "long chunked body":
                head = self.post(path, b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
                return await self.refused(head, 413, chunks=(BODY_LIMIT >> 16) + 16)
            case "bad JSON":
                text = self.chance.choice([body[:-1], b"", b"[]", b"{\"messages\": \xff}", b"{" * 5000, b"nothing"])
                return await self.refused(self.post(path, text), 400, ends=False)
            case "bad field":
                fields["max_tokens"] = self.chance.choice(["many", -1, 1.5, {}])
                return await self.refused(self.post(path, json.dumps(fields).encode()), 400, ends=False)
            case "bad header":
                head = self.chance.choice([b"PO ST / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nBad Name : x\r\n\r\n", b"\x16\x03\x01\r\n\r\n"])
                return await self.refused(head, 400, hasBody=False)
            case "long header":
                extra = f"X-Long: {'x' * self.chance.randint(40_000, 200_000)}\r\n"
                return await self.refused(self.post(path, body, extra), (400, 431), hasBody=False)
        return await self.answered(kind, path, body)

    async def answered(self, kind, path, body):
        keeps = self.chance.random() < 0.5
        isSlow = kind == "slow reader"
        connection = self.kept.pop() if self.kept and not isSlow else await Connection.open(self.address, isSlow)
        try:
            await connection.send(self.post(path, body, "" if keeps else "Connection: close\r\n"))
            status, headers = await connection.head()
            self.statuses[status] += 1
            data = await connection.body(headers, 0.005 if isSlow else None)
            if not keeps:
                await connection.ends()
        except BaseException:
            connection.close(hard=True)
            raise
        if keeps and not isSlow:
            self.kept.append(connection)
        else:
            connection.close()
        if status == 429:
            wait = int(headers["retry-after"])
            if not 1 <= wait <= 600:
                raise Wrong(f"Retry-After is {wait}")
            json.loads(data)["error"]
            await asyncio.sleep(self.chance.uniform(0.1, 0.5))
            return "refused"
        if status != 200:
            raise Wrong(f"status {status}: {data[:200]!r}")
        if headers["content-type"].startswith("text/event-stream"):
            self.check_stream(path, data.decode())
        else:
            self.check_whole(path, json.loads(data))
        return "complete"

    @staticmethod
    def check_whole(path, answer):
        reason = answer["stop_reason"] if path == "/v1/messages" else answer["choices"][0]["finish_reason"]
        if reason not in ("stop", "length", "end_turn", "max_tokens"):
            raise Wrong(f"the answer ended for the reason {reason!r}")
        usage = answer["usage"]
        if usage.get("completion_tokens", usage.get("output_tokens", -1)) < 0:
            raise Wrong("the answer does not tell its tokens")

    @staticmethod
    def check_stream(path, text):
        data = [line[6:] for line in text.split("\n") if line.startswith("data: ")]
        if path == "/v1/messages":
            events = [json.loads(item) for item in data]
            if any(event["type"] == "error" for event in events):
                raise Wrong("an error came in the stream")
            if events[-1]["type"] != "message_stop" or not events[-2]["delta"]["stop_reason"]:
                raise Wrong(f"the stream ended with {data[-1][:100]}")
            return
        if not data or data[-1] != "[DONE]":
            raise Wrong("the stream ended without [DONE]")
        events = [json.loads(item) for item in data[:-1]]
        if any("error" in event for event in events):
            raise Wrong("an error came in the stream")
        reasons = [choice["finish_reason"] for event in events for choice in event["choices"] if choice.get("finish_reason")]
        if len(reasons) != 1 or reasons[0] not in ("stop", "length"):
            raise Wrong(f"the stream's finish reasons are {reasons}")

    async def leave(self, data, after):
        """Goes away after so many bytes of the answer."""
        connection = await Connection.open(self.address)
        try:
            await connection.send(data)
            if after:
                await connection.reader.read(after)
            await asyncio.sleep(self.chance.uniform(0, 0.3))
        finally:
            connection.close(hard=self.chance.random() < 0.5)
        return "left"

    async def refused(self, head, expected, *, body=0, chunks=0, ends=True, hasBody=True):
        """Expects a status, an error that is JSON and, where the rest of the request cannot be read, the connection's end."""
        connection = await Connection.open(self.address)

        async def push():
            for _ in range(chunks):
                await connection.send(b"10000\r\n" + b" " * (1 << 16) + b"\r\n")
            for _ in range(body >> 16):
                await connection.send(b" " * (1 << 16))

        try:
            await connection.send(head)
            pushing = asyncio.create_task(push())
            status, headers = await connection.head()
            self.statuses[status] += 1
            if status not in (expected if isinstance(expected, tuple) else (expected,)):
                raise Wrong(f"status {status}, expected {expected}")
            data = await connection.body(headers)
            if hasBody or data:
                json.loads(data)["error"]["message"]
            if ends:
                if headers.get("connection", "").lower() != "close":
                    raise Wrong(f"status {status} does not announce the connection's end")
                await connection.ends()
            # What the server does not read any more may not be taken.
            pushing.cancel()
            await asyncio.gather(pushing, return_exceptions=True)
        finally:
            connection.close(hard=True)
        return "refused"


class Server:
    """The server's process and what it says of itself."""

    def __init__(self, options):
        self.process = None
        self.pid = options.pid
        self.log = None
        if options.base:
            url = urllib.parse.urlsplit(options.base)
            self.address = (url.hostname, url.port or 80)
            return
        self.folder = tempfile.TemporaryDirectory()
        self.log = Path(self.folder.name) / "log"
        command = [options.retort, "serve", "--port", "0", "--parallel", "8", "--queue", "16", "--cache-tokens", "8192"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stderr=log, env={**os.environ, "RETORT_HOME": self.folder.name})
        self.pid = self.process.pid
        end = time.monotonic() + 60
        while "is loaded" not in (text := self.log.read_text()) or "listening on http://" not in text:
            if self.process.poll() is not None or time.monotonic() > end:
                sys.exit(f"the server does not start: {text}")
            time.sleep(0.05)
        url = urllib.parse.urlsplit("http" + text.split("listening on http")[1].split()[0])
        self.address = (url.hostname, url.port)

    def memory(self):
        """Resident bytes, None if the process is not known."""
        if not self.pid:
            return None
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) << 10

    def files(self):
        return len(os.listdir(f"/proc/{self.pid}/fd")) if self.pid else 0

    async def metrics(self):
        connection = await Connection.open(self.address)
        await connection.send(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        _, headers = await connection.head()
        text = (await connection.body(headers)).decode()
        connection.close()
        lines = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, value in lines}

    async def rest(self, files):
        """Waits until nothing is left of the storm; what is, if it stays."""
        for _ in range(100):
            metrics = await self.metrics()
            left = {
                name: value
                for name, value in metrics.items()
                if name.split("{")[0] in ("vllm:num_requests_running", "vllm:num_requests_waiting", "vllm:kv_cache_usage_perc")
                if value != 0
            }
            if (extra := self.files() - files) > 4:
                left["open files"] = extra
            if not left:
                break
            await asyncio.sleep(0.2)
        broken = {name: value for name, value in metrics.items() if 'responses_total{status="5' in name}
        return metrics, left | broken

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            code = self.process.wait(60)
            self.folder.cleanup()
            if code != 0:
                sys.exit(f"the server ended with {code}")


def quantile(metrics, name, share):
    """The bound of the bucket in which the share of all observations lies."""
    buckets = [(float(key.split('le="')[1][:-2].replace("+Inf", "inf")), value) for key, value in metrics.items() if key.startswith(f"{name}_bucket")]
    buckets.sort()
    if not buckets or buckets[-1][1] == 0:
        return None
    return next(bound for bound, count in buckets if count >= share * buckets[-1][1])


def mib(count):
    return "unknown" if count is None else f"{count / (1 << 20):.1f} MiB"


async def watch(server, samples):
    while True:
        samples.append(server.memory())
        await asyncio.sleep(0.5)


async def storm(server, options):
    start = server.memory()
    files = server.files()
    samples = []
    watcher = asyncio.create_task(watch(server, samples)) if server.pid else None
    chance = random.Random(options.seed)
    total, statuses = collections.Counter(), collections.Counter()
    faults = []
    warm = None
    begin = time.monotonic()
    rounds = 0
    while rounds == 0 or time.monotonic() - begin < options.minutes * 60:
        one = Storm(server.address, chance)
        # The first few, after which buffers and caches have their size.
        if warm is None:
            await one.run(options.requests // 5, options.clients)
            warm = server.memory()
            await one.run(options.requests - options.requests // 5, options.clients)
        else:
            await one.run(options.requests, options.clients)
        metrics, left = await server.rest(files)
        faults += one.faults + [f"after the storm: {name} is {value}" for name, value in left.items()]
        total += one.outcomes
        statuses += one.statuses
        rounds += 1
        if options.minutes and rounds % 10 == 0:
            print(f"{(time.monotonic() - begin) / 60:5.1f} min, {sum(total.values())} requests, {len(faults)} faults, {mib(server.memory())}", flush=True)
        if faults:
            break
    if watcher:
        watcher.cancel()
    end = server.memory()
    print(f"{sum(total.values())} requests in {time.monotonic() - begin:.0f} s at {options.clients} clients")
    for kind in KINDS:
        print(f"  {kind:24}" + ", ".join(f"{count} {outcome}" for (own, outcome), count in sorted(total.items()) if own == kind))
    print("statuses read: " + ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items())))
    print(f"resident memory: {mib(start)} at the start, {mib(warm)} when warm, {mib(end)} at the end")
    if options.minutes and len(samples) >= 9:
        third = len(samples) // 3
        middle, last = (statistics.median(part) for part in (samples[third : 2 * third], samples[2 * third :]))
        print(f"median of the second third {mib(middle)}, of the last {mib(last)}")
        if last > middle + max(0.03 * middle, 8 << 20):
            faults.append("the memory grows")
    p50, p99 = (quantile(metrics, "retort_queue_wait_seconds", share) for share in (0.5, 0.99))
    print(f"from accepted to first computed: half within {p50} s, 99 % within {p99} s")
    for status in (200, 400, 413, 429):
        if not statuses[status]:
            faults.append(f"no request got {status}: the storm was too weak")
    return faults


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--retort", default=".build/release/retort", help="the program, which is started")
    parser.add_argument("--base", help="the address of a server that runs already")
    parser.add_argument("--pid", type=int, help="its process, to know its memory")
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    server = Server(options)
    try:
        faults = asyncio.run(storm(server, options))
    except BaseException:
        if server.process:
            server.process.kill()
        raise
    if server.log and faults:
        # Lines of requests are of no use here.
        lines = [line for line in server.log.read_text(errors="replace").splitlines() if " info " not in line]
        print("\n".join(lines[-20:]))
    server.stop()
    if faults:
        sys.exit(f"{len(faults)} faults:\n" + "\n".join(faults[:20]))
    print("all answers were whole and nothing is left")


if __name__ == "__main__":
    main()
