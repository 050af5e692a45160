"""What the filter costs of decoding: speed and processor time of two servers, one with the filter, in turns.

    python3 Benchmarks/filter_decoding.py RETORT FILTER [MODEL] [--rounds 10] [--answers 20] [--tokens 900]

Each round asks both for the same seeded answers at temperature 1, one after another, without an end. The filter works beside the engine's
thread: an idle core hides what processor time shows.
"""

import argparse
import contextlib
import json
import os
import re
import statistics
import subprocess
import threading
import time
import urllib.request

START_SECONDS = 300


class Server:
    def __init__(self, retort, model, *options):
        command = [retort, "serve", model, "--port", "0", *options]
        self.process = subprocess.Popen(
            command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        self.base = None
        is_loaded = False
        said = []
        # A server whose model cannot be loaded says so and goes on listening; one that hangs says nothing.
        timer = threading.Timer(START_SECONDS, self.process.kill)
        timer.start()
        try:
            for line in self.process.stderr:
                said.append(line)
                # In either order.
                found = re.match(r"listening on (\S+)", line)
                self.base = found.group(1) if found else self.base
                is_loaded = is_loaded or line.endswith(" is loaded\n")
                if self.base and is_loaded:
                    # What it says later must not fill the pipe.
                    threading.Thread(target=self.process.stderr.read, daemon=True).start()
                    return
                if line.startswith("retort: "):
                    break
            self.stop()
            raise SystemExit("the server did not start:\n" + "".join(said[-5:]))
        finally:
            timer.cancel()

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def ask(self, seed, tokens):
        body = {
            "prompt": "Notes of a keeper:", "max_tokens": tokens, "temperature": 1, "seed": seed, "ignore_eos": True,
        }
        request = urllib.request.Request(
            self.base + "/v1/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as response:
            return json.load(response)["usage"]["completion_tokens"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("retort")
    parser.add_argument("filter")
    parser.add_argument("model", nargs="?", default="bundled")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--answers", type=int, default=20)
    parser.add_argument("--tokens", type=int, default=900)
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        servers = {}
        for name, options in (("without", []), ("with", ["--protect", arguments.filter])):
            servers[name] = Server(arguments.retort, arguments.model, *options)
            stack.callback(servers[name].stop)
        for server in servers.values():
            server.ask(0, 50)
        costs = {name: [] for name in servers}
        waits = {name: [] for name in servers}
        for round_number in range(arguments.rounds):
            order = list(servers) if round_number % 2 else list(servers)[::-1]
            for name in order:
                server, tokens = servers[name], 0
                start, clock = server.seconds(), time.perf_counter()
                for answer in range(arguments.answers):
                    tokens += server.ask(1 + round_number * arguments.answers + answer, arguments.tokens)
                costs[name].append((server.seconds() - start) / tokens)
                waits[name].append((time.perf_counter() - clock) / tokens)
        slower = [b / a for a, b in zip(waits["without"], waits["with"])]
        print(f"without the filter {1 / statistics.median(waits['without']):.0f} tokens a second; with it "
              f"{100 * (1 / statistics.median(slower) - 1):+.2f} %")
        without = statistics.median(costs["without"])
        ratios = [b / a for a, b in zip(costs["without"], costs["with"])]
        print(f"without the filter {1e6 * without:.2f} us of processor time a token")
        print(f"with it {100 * (statistics.median(ratios) - 1):+.2f} % (rounds: "
              + ", ".join(f"{100 * (ratio - 1):+.2f}" for ratio in sorted(ratios)) + ")")


if __name__ == "__main__":
    main()
