# SPDX-License-Identifier: Apache-2.0
"""The mock server's conversations and runs, in memory."""

import json
import re
import threading
import time

from mock_answers import answer_to

SETTINGS = {
    "model": None,
    "system": None,
    "temperature": None,
    "top_p": None,
    "top_k": None,
    "min_p": None,
    "max_tokens": None,
    "seed": None,
    "stop": [],
    "thinking": None,
    "thinking_budget": None,
}
RESTORABLE_SECONDS = 600
CONTEXT = 1024


class Problem(Exception):
    """An error of the contract."""

    def __init__(self, status: int, code: str, message: str, param: str | None = None):
        super().__init__(message)
        kind = {401: "authentication_error", 404: "not_found_error"}.get(status, "invalid_request_error")
        self.status = status
        self.error = {"message": message, "type": kind, "param": param, "code": code}


class Store:
    """Everything, under one lock."""

    def __init__(self, speed: float):
        self.lock = threading.RLock()
        self.conversations: dict[str, dict] = {}
        self.deleted: dict[str, tuple[float, dict]] = {}
        self.runs: dict[str, Run] = {}
        self.settings = dict(SETTINGS)
        self.speed = speed
        self.counter = 0

    def new_id(self, kind: str) -> str:
        self.counter += 1
        return f"{kind}_{self.counter}"

    def get(self, id: str) -> dict:
        if id not in self.conversations:
            raise Problem(404, "not_found", f"no conversation {id}", "id")
        return self.conversations[id]

    def touch(self, conversation: dict, moved: bool = False) -> None:
        conversation["revision"] += 1
        if moved:
            conversation["updated"] = time.time()

    def create(self, settings: dict | None, title: str | None = None) -> dict:
        now = time.time()
        conversation = {
            "id": self.new_id("c"),
            "title": title,
            "pinned": False,
            "created": now,
            "updated": now,
            "revision": 1,
            "active_run": None,
            "settings": {**self.settings, **(settings or {})},
            "active_leaf": None,
            "tree": [],
        }
        self.conversations[conversation["id"]] = conversation
        return conversation

    def summary(self, conversation: dict, snippet: str | None = None) -> dict:
        keys = ("id", "title", "pinned", "created", "updated", "revision", "active_run")
        return {**{key: conversation[key] for key in keys}, "messages": len(conversation["tree"]), "snippet": snippet}

    def whole(self, conversation: dict) -> dict:
        return {
            **self.summary(conversation),
            "settings": conversation["settings"],
            "active_leaf": conversation["active_leaf"],
            "tree": conversation["tree"],
        }

    def search(self, query: str, limit: int, cursor: str | None) -> dict:
        words = query.lower().split()
        found = []
        for conversation in self.conversations.values():
            snippet = None
            if words:
                texts = [conversation["title"] or ""] + [message["content"] for message in conversation["tree"]]
                if not all(any(re.search(r"\b" + re.escape(word), text.lower()) for text in texts) for word in words):
                    continue
                hit = next((text for text in texts[1:] if words[0] in text.lower()), None)
                if hit:
                    at = hit.lower().index(words[0])
                    snippet = " ".join(hit[max(0, at - 30) : at + 60].split())
            found.append((conversation["pinned"], conversation["updated"], self.summary(conversation, snippet)))
        found.sort(key=lambda item: item[:2], reverse=True)
        start = int(cursor or 0)
        page = [item[2] for item in found[start : start + limit]]
        return {"conversations": page, "next_cursor": str(start + limit) if start + limit < len(found) else None}

    def message(self, conversation: dict, id: str | None, role: str, param: str) -> dict:
        for message in conversation["tree"]:
            if message["id"] == id and message["role"] == role:
                return message
        raise Problem(400, "invalid_value", f"no {role} message {id}", param)

    def add_message(
        self, conversation: dict, parent: str | None, role: str, content: str, model: str | None = None
    ) -> dict:
        message = {
            "id": self.new_id("m"),
            "parent": parent,
            "role": role,
            "content": content,
            "reasoning": "" if role == "assistant" else None,
            "created": time.time(),
            "status": "complete",
            "finish_reason": None,
            "error": None,
            "run": None,
            "model": model,
            "usage": None,
            "timings": None,
            "cost": None,
        }
        conversation["tree"].append(message)
        conversation["active_leaf"] = message["id"]
        if conversation["title"] is None and role == "user":
            conversation["title"] = content.strip().split("\n")[0][:60]
        self.touch(conversation, moved=True)
        return message

    def newest_leaf(self, conversation: dict, id: str) -> str:
        while True:
            children = [message for message in conversation["tree"] if message["parent"] == id]
            if not children:
                return id
            id = max(children, key=lambda message: message["created"])["id"]

    def generate(self, conversation: dict, body: dict) -> tuple["Run", dict]:
        if conversation["active_run"]:
            raise Problem(409, "run_active", "the conversation has an answer in the making", conversation["active_run"])
        if body.get("continue"):
            message = self.message(conversation, body["continue"], "assistant", "continue")
            question = self.message(conversation, message["parent"], "user", "continue")
        else:
            question = self.message(conversation, body.get("parent"), "user", "parent")
            message = self.add_message(
                conversation, question["id"], "assistant", "", conversation["settings"]["model"] or "bundled"
            )
        run = Run(self, conversation, message, question["content"], bool(body.get("continue")))
        message.update(status="streaming", finish_reason=None, error=None, run=run.id)
        conversation["active_run"] = run.id
        conversation["active_leaf"] = message["id"]
        self.touch(conversation, moved=True)
        self.runs[run.id] = run
        threading.Thread(target=run.work, daemon=True).start()
        return run, message


class Run:
    """One answer: a thread that appends events."""

    def __init__(self, store: Store, conversation: dict, message: dict, question: str, continues: bool):
        self.store, self.conversation, self.message = store, conversation, message
        self.id = store.new_id("r")
        self.question, self.continues = question, continues
        self.events: list[tuple[str, str]] = []
        self.condition = threading.Condition()
        self.stopping = self.answering = self.ended = False
        self.phase = "waiting"

    def emit(self, event: str, data: dict) -> None:
        with self.condition:
            self.events.append((event, json.dumps(data)))
            self.condition.notify_all()

    def pause(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds / self.store.speed
        while time.monotonic() < deadline and not self.stopping:
            time.sleep(min(0.05, max(0.0, deadline - time.monotonic())))

    def work(self) -> None:
        message, answer = self.message, answer_to(self.question)
        start = time.monotonic()
        self.emit(
            "started",
            {
                "message": message["id"],
                "model": message["model"],
                "base": {"reasoning": message["reasoning"], "content": message["content"]},
            },
        )
        for position in range(answer["queue"], 0, -1):
            self.emit("queued", {"position": position})
            self.pause(0.8)
        queued = time.monotonic() - start
        prompt = 20 + len(self.question) // 3
        total = max(prompt, 64 * answer["prefill"])
        for step in range(answer["prefill"] + 1):
            if self.stopping:
                break
            self.emit(
                "prefill",
                {"done": total * step // answer["prefill"], "total": total, "cached": 12, "seconds": step * 0.1},
            )
            self.pause(0.1)
        first = time.monotonic() - start
        thought, content = answer["thought"], answer["content"]
        settings = self.conversation["settings"]
        counts = {"reasoning": 0, "content": 0, "left": settings["max_tokens"] or 1 << 30}
        if self.continues:
            thought = thought.removeprefix(message["reasoning"]) if not message["content"] else ""
            content = content.removeprefix(message["content"])
        self.say("reasoning", thought, answer["delay"], counts, prompt)
        thinking = time.monotonic() - start - first
        if thought and counts["left"] > 0:
            self.emit("reasoning_end", {"seconds": thinking, "tokens": counts["reasoning"]})
        if answer["error"] and not self.stopping:
            self.finish(
                "error",
                None,
                {"message": answer["error"], "type": "server_error", "param": None, "code": "out_of_memory"},
            )
            return
        if counts["left"] > 0:
            self.say("content", content, answer["delay"], counts, prompt)
        seconds = time.monotonic() - start - first
        made = counts["reasoning"] + counts["content"]
        message["usage"] = {
            "prompt_tokens": prompt,
            "cached_tokens": 12,
            "completion_tokens": made,
            "reasoning_tokens": counts["reasoning"],
        }
        message["timings"] = {
            "queue_seconds": queued,
            "load_seconds": 0.0,
            "prompt_seconds": first - queued,
            "time_to_first_token": first,
            "reasoning_seconds": thinking,
            "decode_seconds": seconds,
            "tokens_per_second": made / max(seconds, 1e-6),
            "prompt_tokens_per_second": total / max(first - queued, 1e-6),
        }
        message["cost"] = {
            "cpu_seconds": 1.9 * (first + seconds),
            "energy_joules": 21.0 * (first + seconds),
            "price": None,
            "currency": None,
        }
        finish = "stop" if counts["left"] > 0 else "length"
        self.finish("stopped" if self.stopping else "complete", "stopped" if self.stopping else finish, None)

    def say(self, kind: str, text: str, delay: float, counts: dict, prompt: int) -> None:
        self.phase = kind
        start = last = time.monotonic()
        for token in re.findall(r"\s?\S{1,4}|\s", text):
            if self.stopping or counts["left"] <= 0 or (kind == "reasoning" and self.answering):
                break
            counts["left"] -= 1
            with self.store.lock:
                self.message[kind] += token
            counts[kind] += 1
            self.emit(kind, {"text": token})
            now = time.monotonic()
            if now - last > 0.4:
                last = now
                made = counts["reasoning"] + counts["content"]
                self.emit(
                    "progress",
                    {
                        "completion_tokens": made,
                        "reasoning_tokens": counts["reasoning"],
                        "tokens_per_second": counts[kind] / (now - start),
                        "reasoning_seconds": now - start if kind == "reasoning" else 0.0,
                        "context_used": prompt + made,
                    },
                )
            self.pause(delay)

    def finish(self, status: str, reason: str | None, error: dict | None) -> None:
        with self.store.lock:
            self.message.update(
                status=status,
                finish_reason=reason,
                run=None,
                error=None if error is None else {"message": error["message"], "code": error["code"]},
            )
            self.conversation["active_run"] = None
            self.store.touch(self.conversation, moved=True)
            data = {"message": self.message, "revision": self.conversation["revision"]}
            self.phase = "ended"
            self.emit("error" if error else "done", {**data, "error": error} if error else data)
        with self.condition:
            self.ended = True
            self.condition.notify_all()
