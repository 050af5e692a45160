#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks training over MPI with a retort that was built with `--traits MPI`.

    python3 Tools/check_mpi.py .build/release/retort [--mpirun "mpirun --oversubscribe"] [--plain RETORT]

One process and two with half the batch take the same steps; a killed process ends the job and the
run resumes; a signal stops all with a checkpoint; errors of one process end all. Then speed. Takes
some minutes on two cores. `--plain` is a retort without the trait, which must refuse.
"""

import argparse
import array
import glob
import json
import os
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import sysconfig
import tempfile
import time

RECIPE = """
tokenizer: {dir}/tokenizer
model:
  config:
    model_type: llama
    hidden_size: {hidden}
    intermediate_size: {inner}
    num_hidden_layers: {layers}
    num_attention_heads: 4
    num_key_value_heads: 2
    max_position_embeddings: 256
    rms_norm_eps: 1e-6
    rope_theta: 10000
    tie_word_embeddings: false
data:
  train: {{path: {dir}/corpus.txt, format: paragraphs}}
  validation_every: 20
  length: {length}
training: {{steps: {steps}, compute: f32}}
optimizer: {{learning_rate: 1e-3}}
schedule: {{warmup_steps: 10}}
checkpoints: {{every: 20}}
evaluation: {{every: 50, batches: 4}}
"""

failures = []


def check(name, holds, detail=""):
    print(f"{'ok  ' if holds else 'FAIL'} {name}{': ' + detail if detail else ''}", flush=True)
    if not holds:
        failures.append(name)


def metrics(run):
    with open(f"{run}/metrics.jsonl", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def weights(run):
    """The f32 tensors of a finished model by name."""
    tensors = {}
    for path in sorted(glob.glob(f"{run}/model/*.safetensors")):
        with open(path, "rb") as file:
            header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
            data = file.read()
        for name, entry in header.items():
            if name != "__metadata__":
                first, last = entry["data_offsets"]
                tensors[name] = array.array("f", data[first:last])
    return tensors


class Checker:
    def __init__(self, options, directory):
        self.retort = os.path.abspath(options.retort)
        self.plain = options.plain
        self.mpirun = shlex.split(options.mpirun)
        self.dir = directory

    def prepare(self):
        corpus = f"{self.dir}/corpus.txt"
        with open(corpus, "w", encoding="utf-8") as out:
            for path in sorted(glob.glob(sysconfig.get_path("stdlib") + "/*.py"))[:80]:
                with open(path, encoding="utf-8", errors="ignore") as file:
                    out.write(file.read() + "\n\n")
        subprocess.run(
            [self.retort, "train-tokenizer", corpus, "-o", f"{self.dir}/tokenizer",
             "--vocab-size", "1024", "--special", "<|end|>", "--eos", "<|end|>"],
            check=True, capture_output=True)
        self.recipe("recipe", hidden=64, inner=192, layers=2, length=64, steps=100)
        self.recipe("large", hidden=256, inner=768, layers=6, length=256, steps=12)

    def recipe(self, name, **sizes):
        with open(f"{self.dir}/{name}.yaml", "w", encoding="utf-8") as file:
            file.write(RECIPE.format(dir=self.dir, **sizes))

    def command(self, run, ranks, batch, *rest, recipe="recipe", threads=1, retort=None):
        start = [*self.mpirun, "-np", str(ranks)] if ranks else []
        return [
            *start, retort or self.retort, "train", f"{self.dir}/{recipe}.yaml",
            "--set", f"output={self.dir}/{run}", "--set", f"training.batch={batch}",
            "--set", f"threads={threads}", *rest]

    def train(self, *arguments, **options):
        result = subprocess.run(
            self.command(*arguments, **options), capture_output=True, text=True, timeout=900,
            check=False)
        return result.returncode, result.stderr + result.stdout

    def start(self, *arguments, **options):
        return subprocess.Popen(
            self.command(*arguments, **options), stderr=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, start_new_session=True)

    def wait_for_step(self, run, step, process):
        limit = time.time() + 300
        while time.time() < limit and process.poll() is None:
            try:
                if len(metrics(f"{self.dir}/{run}")) >= step:
                    return
            except (OSError, ValueError):
                pass
            time.sleep(0.02)
        raise SystemExit(f"{run} did not come to step {step}: {process.communicate()}")

    def ranks_of(self, run):
        """Process ids by rank of a run under way."""
        found = {}
        for entry in glob.glob("/proc/[0-9]*"):
            try:
                with open(f"{entry}/cmdline", "rb") as file:
                    words = file.read().split(b"\0")
                if os.path.basename(words[0]) != os.path.basename(self.retort).encode():
                    continue
                if f"output={self.dir}/{run}".encode() not in words:
                    continue
                with open(f"{entry}/environ", "rb") as file:
                    pairs = dict(
                        pair.split(b"=", 1) for pair in file.read().split(b"\0") if b"=" in pair)
                found[int(pairs[b"OMPI_COMM_WORLD_RANK"])] = int(os.path.basename(entry))
            except (OSError, KeyError, IndexError):
                pass
        return found

    def compare(self, name, run, other):
        if not os.path.exists(f"{self.dir}/{other}"):
            self.train(other, 2, 4)
        a, b = metrics(f"{self.dir}/{run}"), metrics(f"{self.dir}/{other}")
        check(f"{name}: steps", [m["step"] for m in a] == [m["step"] for m in b] and len(a) == 100)
        for key in "loss", "validation_loss", "bits_per_byte":
            worst = max((abs(x[key] - y[key]) for x, y in zip(a, b) if key in x), default=9)
            check(f"{name}: {key}", worst < 1e-5, f"at most {worst:.1e} apart")
        check(f"{name}: tokens", [m["tokens"] for m in a] == [m["tokens"] for m in b])
        x, y = weights(f"{self.dir}/{run}"), weights(f"{self.dir}/{other}")
        worst = max(abs(p - q) for key in x for p, q in zip(x[key], y[key]))
        check(f"{name}: final weights", x.keys() == y.keys() and worst < 1e-3, f"{worst:.1e} apart")

    def correctness(self):
        for run, ranks, batch in ("one", 0, 8), ("two", 2, 4), ("four", 4, 2), ("again", 2, 4):
            code, text = self.train(run, ranks, batch)
            check(f"{run}: runs", code == 0, text.strip()[-300:] if code else "")
        self.compare("2 x 4 rows against 1 x 8", "two", "one")
        self.compare("4 x 2 rows against 1 x 8", "four", "one")
        same = [m["loss"] for m in metrics(f"{self.dir}/two")] == [
            m["loss"] for m in metrics(f"{self.dir}/again")]
        check("two processes give the same bits twice", same and weights(
            f"{self.dir}/two") == weights(f"{self.dir}/again"))

    def kills(self):
        for rank in 1, 0:
            run = f"killed{rank}"
            process = self.start(run, 2, 4)
            self.wait_for_step(run, 30, process)
            began = time.time()
            os.kill(self.ranks_of(run)[rank], signal.SIGKILL)
            _, text = process.communicate(timeout=60)
            check(f"kill -9 of rank {rank} ends the job",
                  process.returncode != 0 and "signal 9" in text,
                  f"exit code {process.returncode} after {time.time() - began:.1f} s")
            left = sorted(os.path.basename(p) for p in glob.glob(
                f"{self.dir}/{run}/checkpoints/step-*"))
            check("a checkpoint is left", any(p.startswith("step-000020") for p in left), str(left))
            # The second time on one process, with all the rows.
            code, text = self.train(run, 2 if rank else 0, 4 if rank else 8, "--resume")
            check("it resumes", code == 0 and "going on after step" in text, text[-300:] if code else "")
            self.compare(f"killed and resumed on {2 if rank else 1}", run, "two")

    def stops(self):
        """SIGUSR1 goes through mpirun; Ctrl-C becomes SIGTERM and, a second later, SIGKILL."""
        for name, number, steps in ("SIGUSR1", signal.SIGUSR1, 100), ("Ctrl-C", signal.SIGINT, 20000):
            run = "stopped-" + name
            process = self.start(run, 2, 4, "--set", f"training.steps={steps}")
            self.wait_for_step(run, 30, process)
            process.send_signal(number)
            _, text = process.communicate(timeout=60)
            last = len(metrics(f"{self.dir}/{run}"))
            check(f"{name} to mpirun stops all behind a checkpoint",
                  process.returncode != 0 and "stopped; go on with --resume" in text
                  and os.path.exists(f"{self.dir}/{run}/checkpoints/step-{last:06}"),
                  f"exit code {process.returncode}, step {last}")
        code, _ = self.train("stopped-SIGUSR1", 2, 4, "--resume")
        check("it resumes", code == 0)
        self.compare("stopped and resumed", "stopped-SIGUSR1", "two")

    def errors(self):
        code, text = self.train("nan", 2, 4, "--set", "optimizer.learning_rate=100",
                                "--set", "optimizer.clip_norm=0", "--set", "training.steps=500")
        check("a loss that is no number ends all, said once",
              code != 0 and text.count("the run diverged") == 1, f"exit code {code}")
        os.makedirs(f"{self.dir}/refused/metrics.jsonl")
        code, text = self.train("refused", 2, 4)
        check("rank 0 alone cannot write", code != 0 and "process 0 of 2" in text,
              [line for line in text.split("\n") if "retort:" in line][:1].__str__())
        wrapper = f"{self.dir}/other.sh"
        with open(wrapper, "w", encoding="utf-8") as file:
            file.write('#!/bin/sh\n[ "$OMPI_COMM_WORLD_RANK" = 0 ] || set -- "$@" --set seed=2\n'
                       f'exec {shlex.quote(self.retort)} "$@"\n')
        os.chmod(wrapper, 0o755)
        code, text = self.train("other", 2, 4, retort=wrapper)
        check("another recipe on one rank is found", code != 0 and "another recipe" in text)
        if self.plain:
            code, text = self.train("plain", 2, 4, retort=os.path.abspath(self.plain))
            check("without the trait it says how to build", code != 0 and "--traits MPI" in text)

    def speed(self):
        """Tokens a second: the median of a run's steps but the first two, the best of three runs."""
        cases = [("1 process x 1 thread", 0, 8, 1), ("2 processes x 1 thread", 2, 4, 1),
                 ("1 process x 2 threads", 0, 8, 2)]
        figures = [0] * len(cases)
        for attempt in range(3):
            for case, (_, ranks, batch, threads) in enumerate(cases):
                run = f"speed-{case}-{attempt}"
                code, text = self.train(
                    run, ranks, batch, "--set", "evaluation.every=1000", recipe="large",
                    threads=threads)
                if code:
                    raise SystemExit(text)
                values = sorted(m["tokens_per_second"] for m in metrics(f"{self.dir}/{run}")[2:])
                figures[case] = max(figures[case], values[len(values) // 2])
        for figure, case in zip(figures, cases):
            print(f"     {case[0]}: {figure:.0f} tokens/s", flush=True)
        one, two, threads = figures
        print(f"     2 processes against 1: {two / one:.2f} times, {50 * two / one:.0f} % efficiency;"
              f" against 2 threads: {two / threads:.2f} times")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("retort")
    parser.add_argument("--plain", help="a retort without the trait")
    parser.add_argument("--mpirun", default="mpirun --oversubscribe --bind-to none"
                        + (" --allow-run-as-root" if os.geteuid() == 0 else ""))
    parser.add_argument("--only", nargs="*", help="parts: correctness kills stops errors speed")
    options = parser.parse_args()
    directory = tempfile.mkdtemp(prefix="retort-mpi-")
    try:
        checker = Checker(options, directory)
        checker.prepare()
        for part in options.only or ["correctness", "kills", "stops", "errors", "speed"]:
            getattr(checker, part)()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print(f"{len(failures)} failed" if failures else "all passed")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
