#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Retort's server beside llama.cpp's on the same GGUF file, in turn: several clients at once, and a repeated prefix.

    python3 Benchmarks/serve.py --llama-server PATH MODEL.gguf [--clients 1 4 8] [--rounds 2]

Every client posts one prompt of token ids and reads its stream. The rates count answered tokens over the whole time, prompts
included. Also checks that Retort answers the same alone and among others. Needs a release build; standard library only.
"""
import argparse
import http.client
import json
import pathlib
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    def __init__(self, program, options):
        self.port = free_port()
        self.home = tempfile.TemporaryDirectory()
        if program == "retort":
            command = [ROOT / ".build/release/retort", "serve", options.model, "--port", self.port,
                       "--threads", options.threads, "--database", f"{self.home.name}/retort.db"]
        else:
            command = [options.llama_server, "-m", options.model, "--port", self.port, "-t", options.threads,
                       "-np", 8, "-c", 16384]
        self.log = open(f"{self.home.name}/log", "w")
        self.process = subprocess.Popen(list(map(str, command)), stdout=self.log, stderr=self.log)
        for _ in range(1200):
            try:
                if self.get("/health") == 200:
                    return
            except OSError:
                pass
            if self.process.poll() is not None:
                sys.exit(f"{program} ended: {pathlib.Path(self.log.name).read_text()[-2000:]}")
            time.sleep(0.1)
        sys.exit(f"{program} is not healthy after two minutes")

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request("GET", path)
        return connection.getresponse().status

    def answer(self, prompt, tokens):
        """The text, the seconds until the first and until the last token of a stream."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        body = {"prompt": prompt, "max_tokens": tokens, "temperature": 0, "ignore_eos": True, "stream": True}
        start = time.perf_counter()
        connection.request("POST", "/v1/completions", json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        if response.status != 200:
            raise RuntimeError(response.read()[:500])
        text, first = "", None
        for line in response:
            if not line.startswith(b"data: ") or line.startswith(b"data: [DONE]"):
                continue
            event = json.loads(line[6:])
            if event.get("choices"):
                first = first or time.perf_counter() - start
                text += event["choices"][0]["text"]
        return text, first, time.perf_counter() - start

    def resident(self):
        lines = pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024

    def stop(self):
        self.process.terminate()
        self.process.wait(60)
        self.log.close()
        self.home.cleanup()


def together(server, prompts, tokens):
    results = [None] * len(prompts)

    def client(index):
        results[index] = server.answer(prompts[index], tokens)

    threads = [threading.Thread(target=client, args=(i,)) for i in range(len(prompts))]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    if None in results:
        sys.exit("a request failed")
    return {"rate": len(prompts) * tokens / seconds, "first": statistics.median(r[1] for r in results),
            "texts": [r[0] for r in results]}


def measure(program, options, seed):
    random.seed(seed)
    make_prompt = lambda count: [random.randrange(10, 250) for _ in range(count)]
    server, rows = Server(program, options), {}
    try:
        server.answer(make_prompt(16), 4)
        for clients in options.clients:
            prompts = [make_prompt(options.prompt_tokens) for _ in range(clients)]
            rows[clients] = together(server, prompts, options.gen_tokens)
        prefix = make_prompt(1000)
        rows["cold"], rows["warm"] = (server.answer(prefix + make_prompt(16), 1)[1] for _ in range(2))
        if program == "retort" and options.check:
            prompts = [make_prompt(options.prompt_tokens) for _ in range(8)]
            many = together(server, prompts, options.gen_tokens)["texts"]
            alone = [server.answer(prompt, options.gen_tokens)[0] for prompt in prompts]
            rows["same"] = sum(a == b for a, b in zip(many, alone))
        rows["resident"] = server.resident()
    finally:
        server.stop()
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--llama-server", required=True)
    parser.add_argument("--clients", type=int, nargs="*", default=[1, 4, 8])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--prompt-tokens", type=int, default=128)
    parser.add_argument("--gen-tokens", type=int, default=64)
    options = parser.parse_args()
    ours, theirs = [], []
    for number in range(options.rounds):
        options.check = number == 0
        ours.append(measure("retort", options, number))
        theirs.append(measure("llama", options, number))

    def row(name, value, digits=1, inverse=False):
        pairs = [(value(a), value(b)) for a, b in zip(ours, theirs)]
        ratios = [b / a if inverse else a / b for a, b in pairs]
        print(f"| {name} | {statistics.median(p[0] for p in pairs):.{digits}f} | "
              f"{statistics.median(p[1] for p in pairs):.{digits}f} | {statistics.median(ratios):.2f} "
              f"({min(ratios):.2f} … {max(ratios):.2f}) |")

    print("| | Retort | llama-server | ratio |\n|---|---|---|---|")
    for clients in options.clients:
        row(f"{clients} clients, tokens/s", lambda r: r[clients]["rate"])
        row(f"{clients} clients, first token, s (ratio: times sooner)", lambda r: r[clients]["first"], 2, True)
    row("1,000 + 16 tokens, cold, s", lambda r: r["cold"], 2, True)
    row("the same prefix again, s", lambda r: r["warm"], 3, True)
    row("cold / warm", lambda r: r["cold"] / r["warm"])
    row("peak resident, GB", lambda r: r["resident"] / 1e9, 2, True)
    print(f"\nthe same answer alone and among eight: {ours[0]['same']} of 8")


if __name__ == "__main__":
    main()
