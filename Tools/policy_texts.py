#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fetches the texts that the gate's table was read from again and compares their hashes.

    python Tools/policy_texts.py [--mirror FOLDER] [--keep FOLDER] [--policy FILE] [ID …]

A row's address is https://github.com/OWNER/REPOSITORY/blob/COMMIT/PATH. With --mirror nothing is
fetched: FOLDER has OWNER/REPOSITORY as a git repository, bare or not, or the files themselves, as
--keep writes them: OWNER/REPOSITORY/COMMIT/PATH. Exit status 1 if a text is another or is not to
be had.
"""

import argparse
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import urllib.parse
import urllib.request

POLICY = (pathlib.Path(__file__).parent.parent
          / "Sources/RetortProvenance/Resources/policy.json")
ADDRESS = re.compile(r"https://github\.com/([\w.-]+)/([\w.-]+)/blob/([0-9a-f]{40})/(.+)")


def address(url):
    """Owner, repository, commit and path, without percent signs."""
    match = ADDRESS.fullmatch(url or "")
    if not match:
        raise ValueError("the address names no file of a commit")
    owner, repository, commit, path = match.groups()
    path = urllib.parse.unquote(path)
    if ".." in (owner, repository, *path.split("/")):
        raise ValueError("the address leaves its repository")
    return owner, repository, commit, path


def mirrored(folder, owner, repository, commit, path):
    place = folder / owner / repository
    file = place / commit / path
    if file.is_file():
        return file.read_bytes()
    if not place.is_dir():
        raise FileNotFoundError(f"there is no {place}")
    shown = subprocess.run(["git", "-C", str(place), "show", f"{commit}:{path}"],
                           capture_output=True, check=False)
    if shown.returncode:
        raise FileNotFoundError(shown.stderr.decode(errors="replace").strip())
    return shown.stdout


def fetched(owner, repository, commit, path):
    url = (f"https://raw.githubusercontent.com/{owner}/{repository}/{commit}/"
           + urllib.parse.quote(path))
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mirror", type=pathlib.Path)
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--policy", type=pathlib.Path, default=POLICY)
    parser.add_argument("ids", nargs="*")
    options = parser.parse_args()

    rows = json.loads(options.policy.read_text(encoding="utf-8"))["rows"]
    missing = set(options.ids) - {row["id"] for row in rows}
    if missing:
        sys.exit(f"the table has no row {', '.join(sorted(missing))}")
    texts, same, other, unbound = {}, 0, 0, []
    for row in rows:
        if options.ids and row["id"] not in options.ids:
            continue
        if not row["text_sha256"]:
            unbound.append(row["id"])
            continue
        problem, url = "", row["url"]
        try:
            place = address(url)
            if url not in texts:
                texts[url] = (mirrored(options.mirror, *place) if options.mirror
                              else fetched(*place))
                if options.keep:
                    file = options.keep.joinpath(*place)
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(texts[url])
            found = hashlib.sha256(texts[url]).hexdigest()
            if found != row["text_sha256"]:
                problem = f"another text: {found}"
        except (OSError, ValueError) as error:
            problem = str(error)
        print(f"{row['id']:<30} {row['text_sha256'][:12]}  {problem or 'same'}")
        if problem:
            other += 1
        else:
            same += 1
    print(f"{same} rows as they were read, {other} not, {len(texts)} texts; without a hash: "
          f"{', '.join(unbound) or 'none'}")
    sys.exit(1 if other else 0)


if __name__ == "__main__":
    main()
