#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Memory of the KV cache: V3's latents beside the same 128 heads expanded, computed and measured.

    python3 Benchmarks/cache.py [--models FOLDER]

Makes two small models of 12 layers that differ in what they cache, and takes the growth of the memory
between two depths. Linux only. Needs a release build and Tools/requirements.txt.
"""
import argparse
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
LAYERS, SHORT, LONG = 12, 512, 2048
# name: script, options, values cached for each token and layer
MODELS = {
    "latents (MLA)": ("make_random_deepseek.py", ["--heads", "128", "--dense"], 512 + 64),
    "expanded heads": ("make_random_model.py", ["--shape", "expanded-heads"], 128 * (192 + 128)),
}
BYTES = {"f16": 2, "q8_0": 34 / 32}


def peak(model, depth, kind):
    """The most memory in bytes, files apart, that decoding one token at a depth takes."""
    command = [ROOT / ".build/release/retort", "bench", model, "--prompt-tokens", "8", "--gen-tokens", "1",
               "--depth", str(depth), "--repetitions", "1", "--cache-type", kind, "--json"]
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL)
    most = 0
    while process.poll() is None:
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        most = max(most, *(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon")), 0)
        time.sleep(0.01)
    if process.returncode:
        sys.exit(f"{model}: retort bench failed")
    return most * 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=pathlib.Path, default=ROOT / ".build/models")
    options = parser.parse_args()
    options.models.mkdir(parents=True, exist_ok=True)
    print("| cache | type | bytes a token and layer, computed | measured | 61 layers, 8,192 tokens |\n|---|---|---|---|---|")
    measured = {}
    for name, (script, arguments, values) in MODELS.items():
        model = options.models / f"cache-{pathlib.Path(script).stem}.gguf"
        if not model.exists():
            subprocess.run([sys.executable, ROOT / "Tools" / script, *arguments, "--layers", str(LAYERS), model],
                           check=True)
        for kind, size in BYTES.items():
            grown = peak(model, LONG, kind) - peak(model, SHORT, kind)
            measured[name, kind] = grown / (LONG - SHORT) / LAYERS
            print(f"| {name} | {kind} | {values * size:,.0f} | {measured[name, kind]:,.0f} | "
                  f"{values * size * 61 * 8192 / 1e9:.2f} GB |")
    for kind in BYTES:
        ratio = measured["expanded heads", kind] / measured["latents (MLA)", kind]
        print(f"measured ratio, {kind}: {ratio:.1f}")


if __name__ == "__main__":
    main()
