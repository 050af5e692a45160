#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills training runs and takes their disk away, and checks what is left.

    python3 Tools/check_training_failures.py --retort .build/release/retort [--kills 20]

- A run is killed (SIGKILL) at random moments and resumed, again and again until it ends; as many kills as
  asked for over all. The finished weights must be, bit by bit, those of a run that nobody disturbed.
- A full disk and a read-only one (small file systems in memory, mounted for it, which takes root; left
  out with a message otherwise): a clear error, exit code 1, and the newest checkpoint loads and resumes.
- A damaged shard, a damaged checkpoint, a learning rate that makes the loss NaN: a clear error each.

Python's standard library alone.
"""
import argparse
import hashlib
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import time

RECIPE = """
output: {output}
threads: 2
tokenizer: {root}/tokenizer
model:
  config: {{model_type: llama, hidden_size: 64, intermediate_size: 128, num_hidden_layers: 3,
            num_attention_heads: 4, num_key_value_heads: 2, max_position_embeddings: 128, rms_norm_eps: 1.0e-6}}
data: {data}
training: {{batch: 8, steps: {steps}, compute: f32}}
optimizer: {{learning_rate: 1.0e-3}}
checkpoints: {{every: 7, keep: 2}}
evaluation: {{every: 25, batches: 4}}
"""


class Runs:
    def __init__(self, retort, root):
        self.retort, self.root = retort, root
        corpus = root / "corpus.txt"
        words = "the still drips slowly while coal burns under copper and steam finds glass".split()
        source = random.Random(1)
        corpus.write_text("\n\n".join(
            " ".join(source.choice(words) for _ in range(source.randint(5, 60))) for _ in range(3000)))
        self.run("train-tokenizer", corpus, "-o", root / "tokenizer", "--vocab-size", "400",
                 "--special", "<|endoftext|>", "--eos", "<|endoftext|>")
        self.files = f"{{train: [{{path: {corpus}, format: paragraphs}}], validation_every: 20, length: 64}}"

    def run(self, *arguments, code=0, **more):
        done = subprocess.run([self.retort, *map(str, arguments)], capture_output=True, text=True, **more)
        assert done.returncode == code, (arguments, done.returncode, done.stderr[-2000:])
        return done.stderr

    def recipe(self, name, output, steps=60, data=None):
        path = self.root / f"{name}.yaml"
        path.write_text(RECIPE.format(output=output, root=self.root, steps=steps, data=data or self.files))
        return path


def weights(output):
    return hashlib.sha256((output / "model/model.safetensors").read_bytes()).hexdigest()


def checkpoints(output):
    return sorted((output / "checkpoints").glob("step-" + "[0-9]" * 6))


def kills(runs, count):
    whole = runs.root / "whole"
    recipe = runs.recipe("whole", whole)
    began = time.time()
    runs.run("train", recipe)
    length = time.time() - began
    expected, done, ended = weights(whole), 0, 0
    while done < count:
        output = runs.root / f"killed-{ended}"
        recipe = runs.recipe("killed", output)
        while True:
            process = subprocess.Popen(
                [runs.retort, "train", recipe, "--resume"], stderr=subprocess.DEVNULL)
            try:
                process.wait(random.uniform(0.02, 0.8 * length))
                break
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                done += 1
                if done >= count:
                    runs.run("train", recipe, "--resume")
                    break
        assert weights(output) == expected, f"run {ended} ended with other weights"
        lines = (output / "metrics.jsonl").read_text().splitlines()
        assert len(lines) == 60, len(lines)
        shutil.rmtree(output)
        ended += 1
    print(f"{done} kills over {ended} runs: the same weights each time")


def mounted(path, size, action):
    path.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path],
                      capture_output=True).returncode:
        print("left out (cannot mount):", path.name)
        return
    try:
        action(path)
    finally:
        subprocess.run(["umount", path], check=True)


def full_disk(runs):
    def action(path):
        output = path / "run"
        error = runs.run("train", runs.recipe("full", output), code=1)
        assert "No space left" in error, error[-500:]
        kept = checkpoints(output)
        assert kept, error[-500:]
        subprocess.run(["mount", "-o", "remount,size=200m", path], check=True)
        runs.run("train", runs.recipe("full", output), "--resume")
        assert weights(output) == weights(runs.root / "whole")
        print(f"full disk: {error.strip().splitlines()[-1][:160]} | resumed after {kept[-1].name}")
    mounted(runs.root / "small", "4500k", action)


def read_only(runs):
    def action(path):
        output = path / "run"
        process = subprocess.Popen([runs.retort, "train", runs.recipe("ro", output)],
                                   stderr=subprocess.PIPE, text=True)
        while not checkpoints(output):
            time.sleep(0.02)
        # A file system that turns read-only under a writer, as after an error of the disk.
        for _ in range(200):
            if subprocess.run(["mount", "-o", "remount,ro", path], capture_output=True).returncode == 0:
                break
            time.sleep(0.01)
        error = process.communicate()[1]
        if process.returncode == 0:
            print("read-only disk: left out (the file system stayed writable while files were open)")
            return
        assert process.returncode == 1, (process.returncode, error[-500:])
        subprocess.run(["mount", "-o", "remount,rw", path], check=True)
        runs.run("train", runs.recipe("ro", output), "--resume")
        assert weights(output) == weights(runs.root / "whole")
        print("read-only disk:", error.strip().splitlines()[-1][:160])
    mounted(runs.root / "turned", "200m", action)
    target = runs.root / "proc-like"
    mounted(target, "1m", lambda path: (
        subprocess.run(["mount", "-o", "remount,ro", path], check=True),
        print("read-only folder:", runs.run(
            "train", runs.recipe("ro2", path / "run"), code=1).strip().splitlines()[-1][:160])))


def damage(runs):
    data = runs.root / "data"
    runs.run("prepare", runs.recipe("prepare", runs.root / "unused"), "-o", data)
    recipe = runs.recipe("shard", runs.root / "shard", data=f"{{dataset: {data}, length: 64}}")
    shard = sorted(data.rglob("*.safetensors"))[0]
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-40] + bytes(40))
    print("damaged shard:", runs.run("train", recipe, code=1).strip().splitlines()[-1][:160])
    shard.write_bytes(whole[:len(whole) // 2])
    print("short shard:", runs.run("train", recipe, code=1).strip().splitlines()[-1][:160])
    output = runs.root / "nan"
    error = runs.run("train", runs.recipe("nan", output), "--set", "optimizer.learning_rate=90",
                     "--set", "optimizer.clip_norm=0", "--set", "schedule.kind=constant",
                     "--set", "training.steps=600", "--set", "checkpoints.every=1", code=1)
    assert "diverged" in error, error[-500:]
    print("NaN:", error.strip().splitlines()[-1][:160])
    whole = runs.root / "whole"
    newest = checkpoints(whole)[-1]
    (newest / "optimizer.safetensors").write_bytes(b"broken")
    print("damaged checkpoint:", runs.run(
        "train", runs.recipe("whole", whole, steps=70), "--resume", code=1).strip().splitlines()[-1][:160])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--retort", required=True)
    parser.add_argument("--kills", type=int, default=20)
    options = parser.parse_args()
    random.seed(os.urandom(8))
    with tempfile.TemporaryDirectory() as folder:
        runs = Runs(os.path.abspath(options.retort), pathlib.Path(folder))
        kills(runs, options.kills)
        full_disk(runs)
        read_only(runs)
        damage(runs)
    print("all as it should be")


if __name__ == "__main__":
    main()
