# SPDX-License-Identifier: Apache-2.0
"""A server for work on the web app: docs/web-api.md and the corpus of mock_corpus.py, in memory, and the app's files.

    python3 Tools/web/mock_server.py [--port 8090] [--key KEY] [--speed 1.0] [--no-corpus]

Standard library only. mock_answers.py says which words of a question choose which answer.
"""

import argparse
import json
import re
import sys
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from mock_corpus import trace
from mock_store import CONTEXT, RESTORABLE_SECONDS, SETTINGS, Problem, Store

APP = Path(__file__).resolve().parents[2] / "Sources/RetortServer/Resources/app"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
    ".json": "application/json",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
MODELS = [
    {
        "id": "bundled",
        "name": "Retort Mini",
        "loaded": True,
        "bytes": 909632,
        "quantisation": "Q8_0",
        "parameters": 821376,
        "context": CONTEXT,
        "memory_bytes": 12_000_000,
        "fits": True,
        "thinking": True,
        "thinking_optional": False,
        "defaults": {"temperature": 0, "top_p": None, "top_k": None, "min_p": None, "max_tokens": None},
    },
    {
        "id": "r1-distill-1.5b",
        "name": "R1 Distill 1.5B",
        "loaded": False,
        "bytes": 1_117_320_000,
        "quantisation": "Q4_K_M",
        "parameters": 1_777_088_000,
        "context": 32768,
        "memory_bytes": 1_900_000_000,
        "fits": True,
        "thinking": True,
        "thinking_optional": True,
        "defaults": {"temperature": 0.6, "top_p": 0.95, "top_k": None, "min_p": None, "max_tokens": None},
    },
]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store: Store
    key: str | None
    has_corpus: bool

    def log_message(self, format: str, *values) -> None:
        if "--verbose" in sys.argv:
            super().log_message(format, *values)

    def do_GET(self) -> None:
        self.answer()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def answer(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        try:
            body = self.body()
            if not url.path.startswith(("/api/", "/v1/")):
                self.file(url.path)
                return
            self.check_origin()
            authenticated = self.key is None or self.headers.get("Authorization") == f"Bearer {self.key}"
            if url.path == "/api/info":
                self.json(
                    200,
                    {
                        "name": "Retort",
                        "version": "0.0-mock",
                        "key_required": self.key is not None,
                        "authenticated": authenticated,
                        "user": None,
                        "default_model": "bundled" if authenticated else None,
                        "operator": False,
                        "corpus": authenticated and self.has_corpus,
                    },
                )
                return
            if not authenticated:
                raise Problem(401, "invalid_api_key", "a valid key is needed")
            events = re.fullmatch(r"/api/runs/(\w+)/events", url.path)
            if events:
                self.stream(events[1], int(self.headers.get("Last-Event-ID") or query.get("from", 0)))
                return
            with self.store.lock:
                self.route(url.path.removeprefix("/api").strip("/").split("/"), query, body)
        except Problem as problem:
            self.json(problem.status, {"error": problem.error})
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def body(self) -> dict:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not data:
            return {}
        if not (self.headers.get("Content-Type") or "").startswith("application/json"):
            raise Problem(415, "unsupported_media_type", "the body must be application/json")
        try:
            return json.loads(data)
        except ValueError as error:
            raise Problem(400, "invalid_json", f"the body is not JSON: {error}") from error

    def check_origin(self) -> None:
        origin = self.headers.get("Origin")
        if origin and urllib.parse.urlsplit(origin).netloc != self.headers.get("Host"):
            raise Problem(403, "wrong_origin", "the request comes from another site")

    def route(self, path: list[str], query: dict, body: dict) -> None:
        store, method = self.store, self.command
        match [method, *path]:
            case ["GET", "models"]:
                self.json(200, {"models": MODELS})
            case ["GET", "settings"]:
                self.json(200, {"settings": store.settings})
            case ["PUT", "settings"]:
                store.settings = {**SETTINGS, **body["settings"]}
                self.json(200, {"settings": store.settings})
            case ["GET", "conversations"]:
                self.json(200, store.search(query.get("query", ""), int(query.get("limit", 50)), query.get("cursor")))
            case ["POST", "conversations"]:
                self.json(201, store.whole(store.create(body.get("settings"), body.get("title"))))
            case ["POST", "conversations", "import"]:
                self.json(201, self.take_export(body))
            case ["GET", "conversations", id]:
                self.json(200, store.whole(store.get(id)))
            case ["PATCH", "conversations", id]:
                conversation = store.get(id)
                conversation.update({name: body[name] for name in ("title", "pinned") if name in body})
                if "settings" in body:
                    conversation["settings"] = {**SETTINGS, **body["settings"]}
                if body.get("active_leaf"):
                    conversation["active_leaf"] = store.newest_leaf(conversation, body["active_leaf"])
                store.touch(conversation)
                self.json(200, store.summary(conversation))
            case ["DELETE", "conversations", id]:
                conversation = store.get(id)
                if conversation["active_run"]:
                    store.runs[conversation["active_run"]].stopping = True
                store.deleted[id] = (time.time() + RESTORABLE_SECONDS, store.conversations.pop(id))
                self.json(200, {"id": id, "restorable_until": store.deleted[id][0]})
            case ["POST", "conversations", id, "restore"]:
                until, conversation = store.deleted.pop(id, (0.0, {}))
                if until < time.time():
                    raise Problem(404, "not_found", f"no deleted conversation {id}", "id")
                store.conversations[id] = conversation
                store.touch(conversation)
                self.json(200, store.summary(conversation))
            case ["GET", "conversations", id, "export"]:
                self.export(store.get(id), query.get("format", "json"))
            case ["POST", "conversations", id, "messages"]:
                conversation = store.get(id)
                if body.get("parent") is not None:
                    store.message(conversation, body["parent"], "assistant", "parent")
                if not str(body.get("content") or "").strip():
                    raise Problem(400, "invalid_value", "the content is empty", "content")
                message = store.add_message(conversation, body.get("parent"), "user", body["content"])
                self.json(201, {"message": message, "revision": conversation["revision"]})
            case ["POST", "conversations", id, "generate"]:
                conversation = store.get(id)
                run, message = store.generate(conversation, body)
                self.json(201, {"run": run.id, "message": message, "revision": conversation["revision"]})
            case ["POST", "runs", id, "stop" | "answer-now" as what] if id in store.runs:
                run = store.runs[id]
                if what == "stop":
                    run.stopping = True
                    self.json(200, {"run": id, "state": "ended" if run.ended else "stopping"})
                else:
                    run.answering = True
                    state = {"reasoning": "thinking", "ended": "ended"}.get(run.phase, "answering")
                    self.json(200, {"run": id, "state": state})
            case ["POST", "v1", "provenance", "trace"] if self.has_corpus:
                self.json(200, trace(body["text"], body.get("minimum", 24), body.get("limit", 10)))
            case _:
                raise Problem(404, "not_found", f"no {method} {self.path}")

    def take_export(self, body: dict) -> dict:
        if body.get("format") != "retort-conversations":
            raise Problem(400, "invalid_value", "this is no export of conversations: format is missing", "format")
        made = []
        for item in body["conversations"]:
            conversation = self.store.create(item["settings"], item["title"])
            ids = {message["id"]: self.store.new_id("m") for message in item["tree"]}
            conversation["tree"] = [
                {**message, "id": ids[message["id"]], "parent": ids.get(message["parent"])} for message in item["tree"]
            ]
            conversation.update(
                active_leaf=ids.get(item["active_leaf"]),
                pinned=item["pinned"],
                created=item["created"],
                updated=item["updated"],
            )
            made.append(self.store.summary(conversation))
        return {"conversations": made}

    def export(self, conversation: dict, format: str) -> None:
        if format == "json":
            data = {
                "format": "retort-conversations",
                "version": 1,
                "exported": time.time(),
                "conversations": [{**self.store.whole(conversation), "active_run": None}],
            }
            self.send(200, json.dumps(data, ensure_ascii=False).encode(), "application/json")
            return
        lines = [f"# {conversation['title']}"]
        by_id = {message["id"]: message for message in conversation["tree"]}
        branch, id = [], conversation["active_leaf"]
        while id:
            branch.append(by_id[id])
            id = by_id[id]["parent"]
        for message in reversed(branch):
            lines.append("## You" if message["role"] == "user" else f"## {message['model']}")
            if message["reasoning"]:
                lines.append(f"<details><summary>Thought for 1 s</summary>\n\n{message['reasoning']}\n</details>")
            lines.append(message["content"])
        self.send(200, ("\n\n".join(lines) + "\n").encode(), "text/markdown; charset=utf-8")

    def stream(self, id: str, after: int) -> None:
        run = self.store.runs.get(id)
        if run is None:
            raise Problem(404, "not_found", f"no run {id}", "id")
        self.send_response(200)
        for name, value in {
            "Content-Type": "text/event-stream",
            "Cache-Control": "no-store",
            "Connection": "close",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True
        while True:
            with run.condition:
                run.condition.wait_for(lambda: len(run.events) > after or run.ended, timeout=15)
                fresh = run.events[after:]
                ended = run.ended and not fresh
            if ended:
                return
            for event, data in fresh:
                after += 1
                self.wfile.write(f"id: {after}\nevent: {event}\ndata: {data}\n\n".encode())
            if not fresh:
                self.wfile.write(b": still here\n\n")
            self.wfile.flush()

    def file(self, path: str) -> None:
        target = (APP / ("index.html" if path == "/" else path.lstrip("/"))).resolve()
        if self.command != "GET" or not target.is_relative_to(APP) or not target.is_file():
            raise Problem(404, "not_found", f"no file {path}")
        self.send(
            200,
            target.read_bytes(),
            TYPES.get(target.suffix, "application/octet-stream"),
            {
                "Content-Security-Policy": POLICY,
                "Cache-Control": "no-cache",
                "Referrer-Policy": "no-referrer",
                "Cross-Origin-Opener-Policy": "same-origin",
            },
        )

    def json(self, status: int, value: dict) -> None:
        self.send(status, json.dumps(value).encode(), "application/json", {"Cache-Control": "no-store"})

    def send(self, status: int, data: bytes, kind: str, headers: dict | None = None) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(data)),
            "X-Content-Type-Options": "nosniff",
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


def serve(
    port: int, key: str | None = None, speed: float = 1.0, has_corpus: bool = True
) -> ThreadingHTTPServer:
    """A server that is ready to be run; port 0 takes a free one."""
    handler = type("BoundHandler", (Handler,), {"store": Store(speed), "key": key, "has_corpus": has_corpus})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    return server


def main() -> None:
    parser = argparse.ArgumentParser(description="A mock of retort serve for the web app.")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--key", help="the key that requests need")
    parser.add_argument("--speed", type=float, default=1.0, help="how many times as fast as written")
    parser.add_argument("--no-corpus", action="store_true", help="no answer can be traced")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    server = serve(options.port, options.key, options.speed, not options.no_corpus)
    print(f"http://127.0.0.1:{server.server_address[1]}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
