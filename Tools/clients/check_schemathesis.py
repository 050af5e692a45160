#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Schemathesis over the served description: every operation with valid and invalid requests.

    python Tools/clients/check_schemathesis.py [--retort PATH] [--seconds 300]

Needs requirements-schemathesis.txt. What is left out, and why:

positive_data_acceptance  a description cannot say all that makes a request right: that a model of
                          this name is there, a prompt fits the context, a schema can be kept to.
use_after_free,           about resources that requests make by their own names; responses are
ensure_resource_…         forgotten by age, and a generation is no resource.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

import support

LEFT_OUT = ["positive_data_acceptance", "use_after_free", "ensure_resource_availability"]


def run(base, options):
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(
            [str(pathlib.Path(sys.executable).with_name("schemathesis")), "run",
             base + "/openapi.json", "--url", base, "--mode", "all",
             "--exclude-checks", ",".join(LEFT_OUT), "--continue-on-failure",
             "--max-examples", str(options.examples), "--max-time", str(options.seconds),
             "--seed", str(options.seed), "--request-timeout", "60", "--warnings", "off",
             "--workers", "2", "--suppress-health-check", "all", "--no-color"],
            cwd=folder, env=dict(os.environ, PYTHONUNBUFFERED="1")).returncode


def main():
    parser = support.parser(__doc__)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--examples", type=int, default=30, help="for an operation and phase")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.base:
        sys.exit(run(options.base, options))
    # A short context keeps answers short that have no limit.
    with support.serving(options.retort, "--context", 128) as base:
        code = run(base, options)
    sys.exit(code)


if __name__ == "__main__":
    main()
