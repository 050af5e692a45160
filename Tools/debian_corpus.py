#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Debian's documentation and Python's standard library as a corpus, with the licences that the packages state.

    python3 Tools/debian_corpus.py OUTPUT [--packages NAME …] [--jobs N]

Needs a Debian 12 with apt-get and dpkg-deb; nothing is installed. Writes OUTPUT/texts/PACKAGE.LICENCE.jsonl, a line for a file,
and OUTPUT/manifest.json: each package's version, address and SHA-256, and from where each licence was read. Packages are
kept in OUTPUT/packages. Versions are those that the archive has today; the manifest says which these were.

The licence is that of the file's own SPDX tag, else of the last paragraph of debian/copyright (DEP-5) whose `Files:` match.
These name files of the source, not of the package: SOURCES says what was made from what, and for the rest the end of a path
is compared. What is not DEP-5 counts only where it plainly states one licence; the rest is NOASSERTION.
"""
import argparse
import collections
import gzip
import hashlib
import html.parser
import json
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

# The packages, and the paths that are read of those with many languages.
PACKAGES = {
    "python3.11-doc": "", "libpython3.11-minimal": "", "libpython3.11-stdlib": "", "libpython3.11-testsuite": "",
    "linux-doc-6.1": "", "postgresql-doc-15": "", "sqlite3-doc": "", "git-doc": "", "apache2-doc": r"/manual/en/",
    "debian-handbook": "/en-US/", "debian-policy": "", "debian-reference-en": "", "developers-reference": r"/[^/]*\.(html|txt)",
    "installation-guide-amd64": "/en/", "maint-guide": "", "debmake-doc": r"\.en|/[^.]*\.html", "manpages": "", "manpages-dev": "",
    "bash-doc": "", "glibc-doc": "", "vim-doc": "", "perl-doc": "", "perl-modules-5.36": "", "erlang-doc": "", "nodejs-doc": "",
    "octave-doc": "", "libboost1.74-doc": "", "python-django-doc": "", "jargon-text": "",
}
# How a package's paths begin, and where its source has what they are made from: a folder, or the one file.
SOURCES = [
    ("usr/lib/python3.11/", "Lib/"),
    ("usr/share/doc/bash/bashref.", "doc/bashref.texi"), ("usr/share/info/bash.info", "doc/bashref.texi"),
    ("usr/share/doc/debian-policy/fhs/", "fhs-3.0/"), ("usr/share/doc/debian-policy/copyright-format", "copyright-format-1.0.xml"),
    ("usr/share/doc/debian-policy/debconf_spec", "debconf_specification.xml"),
    ("usr/share/doc/vim/html/", "runtime/doc/"),
]
HTML = {"html", "htm", "xhtml"}
TEXT = {"", "adoc", "c", "cfg", "conf", "cpp", "dectest", "dot", "dts", "h", "hpp", "info", "ini", "md", "pl", "pm", "pod", "py", "rst",
        "sh", "sql", "tex", "texi", "txt", "xml", "yaml", "yml"}

# Short names of DEP-5 and of older habits, in lower case. What is not here and no GNU licence becomes a LicenseRef.
NAMES = {
    "0bsd": "0BSD", "apache-2": "Apache-2.0", "apache-2.0": "Apache-2.0", "artistic": "Artistic-1.0-Perl", "artistic-1": "Artistic-1.0",
    "artistic-2.0": "Artistic-2.0", "boost": "BSL-1.0", "bsl-1.0": "BSL-1.0", "bsd-2": "BSD-2-Clause", "bsd-2-clause": "BSD-2-Clause",
    "bsd-3": "BSD-3-Clause", "bsd-3-clause": "BSD-3-Clause", "bsd-4-clause": "BSD-4-Clause", "bsd-4-clause-uc": "BSD-4-Clause-UC",
    "cc-by-3.0": "CC-BY-3.0", "cc-by-4.0": "CC-BY-4.0", "cc-by-sa-3.0": "CC-BY-SA-3.0", "cc-by-sa-4.0": "CC-BY-SA-4.0",
    "cc0": "CC0-1.0", "cc0-1.0": "CC0-1.0", "expat": "MIT", "fsfap": "FSFAP", "isc": "ISC", "latex2e": "Latex2e",
    "linux-man-pages-copyleft": "Linux-man-pages-copyleft", "mit": "MIT", "mpl-1.1": "MPL-1.1", "mpl-2.0": "MPL-2.0",
    "opubl-1.0": "OPUBL-1.0", "postgresql": "PostgreSQL", "psf-2": "PSF-2.0", "public-domain": "LicenseRef-Public-Domain",
    "python": "Python-2.0", "tcl": "TCL", "unlicense": "Unlicense", "vim": "Vim", "x11": "X11", "zlib": "Zlib",
}
NAMES |= {spdx.lower(): spdx for spdx in [*NAMES.values(), "NOASSERTION"]}
EXCEPTIONS = {"classpath exception": "Classpath-exception-2.0", "classpath-exception-2.0": "Classpath-exception-2.0",
              "linux-syscall-note": "Linux-syscall-note", "llvm-exception": "LLVM-exception"}
GNU = re.compile(r"(A?GPL|LGPL|GFDL)(-NIV)?[- ]?v?(\d)(?:\.(\d))?(?:\.0)?(-no-invariants)?(\+|-only|-or-later)?", re.I)
OWN_TAG = re.compile(r"^[^\w\n]{0,8}SPDX-License-Identifier:[ \t]*([\w.+() -]*[\w.+)])", re.M)
OWN_TERMS = re.compile(r"permission\s+(is\s+hereby\s+granted|to\s+use,\s+copy)|redistribution\s+and\s+use\s+in\s+source", re.I)


def licence_name(name):
    """A short name as SPDX has it."""
    base, exception = (re.split(r"\s+with\s+", name.strip(), maxsplit=1, flags=re.I) + [""])[:2]
    gnu = GNU.fullmatch(base)
    if gnu:
        family, niv, major, minor, invariants, later = gnu.groups()
        spdx = f"{family.upper()}-{major}.{minor or 0}" + ("-no-invariants" if niv or invariants else "")
        spdx += "-or-later" if later in ("+", "-or-later") else "-only"
    else:
        spdx = NAMES.get(base.lower()) or "LicenseRef-Debian-" + (re.sub(r"[^A-Za-z0-9.-]+", "-", base).strip("-") or "none")
    # An exception only gives: without one that SPDX knows the licence alone still holds.
    known = EXCEPTIONS.get(exception.lower())
    return f"{spdx} WITH {known}" if known else spdx


def licence_expression(text):
    """DEP-5's synopsis, or an SPDX tag, as an SPDX expression: a comma binds least, 'or' less than 'and'."""
    text = text.strip()
    for pattern, word in ((r",\s+or\s+", "OR"), (r",\s+and\s+", "AND"), (r"\s+(?:and/)?or\s+", "OR"), (r"\s+and\s+", "AND")):
        parts = split_outside(text, pattern)
        if len(parts) > 1:
            inner = list(dict.fromkeys(licence_expression(part) for part in parts))
            if len(inner) == 1:
                return inner[0]
            return f" {word} ".join(f"({part})" if re.search(" (AND|OR) ", part) else part for part in inner)
    if text.startswith("(") and text.endswith(")"):
        return licence_expression(text[1:-1])
    return licence_name(text)


def split_outside(text, pattern):
    """The parts between the matches that no parenthesis holds."""
    parts, start = [], 0
    for match in re.finditer(pattern, text, re.I):
        before = text[:match.start()]
        if before.count("(") == before.count(")"):
            parts.append(text[start:match.start()])
            start = match.end()
    return parts + [text[start:]]


def glob_expression(glob):
    """DEP-5's: '*' and '?' stand for slashes too, a backslash takes their meaning."""
    parts = re.findall(r"\\.|.", glob)
    return re.compile("".join({"*": ".*", "?": "."}.get(part) or re.escape(part[-1]) for part in parts), re.S)


class Copyright:
    """What a package's copyright file says of its files."""

    def __init__(self, text):
        self.exact, self.patterns, self.whole = {}, [], None
        # Two licences have the short name OPL: the text says which is meant.
        open_publication = re.search(r"The Open\s+Publication\s+works\s+may", text) and not re.search(r"Open\s+Public\s+License", text)
        self.is_dep5 = re.match(r"(?:Format|Format-Specification):\s*\S*copyright-format|Format:\s*\S*dep5", text, re.I) is not None
        if not self.is_dep5:
            self.whole = self.plain(text)
        for number, paragraph in enumerate(re.split(r"\n[ \t]*\n", text)):
            fields = re.findall(r"^([A-Za-z-]+):((?:.*)(?:\n[ \t]+.*)*)", paragraph, re.M)
            files = " ".join(value for name, value in fields if name.lower() == "files").replace(",", " ").split()
            synopsis = next((value.split("\n")[0].strip() for name, value in fields if name.lower() == "license"), "")
            # Elsewhere the terms stand behind "License:", not a name.
            name = re.sub(r"\bOPL-1(\.0)?\+?(?![\w.+-])", "OPUBL-1.0", synopsis) if open_publication else synopsis
            licence = licence_expression(name) if name and self.is_dep5 else "NOASSERTION"
            if not files and number == 0 and synopsis and self.is_dep5:
                self.whole = (licence, f"header, License: {synopsis}")
            for glob in files:
                said = (number, licence, f"Files: {glob}, License: {synopsis if self.is_dep5 else '(text)'}")
                if re.search(r"[*?\\]", glob):
                    self.patterns.append((glob_expression(glob), glob, said))
                else:
                    self.exact[glob.removeprefix("./")] = said

    @staticmethod
    def plain(text):
        """The one licence that a file without a format states: (SPDX, the words)."""
        if "PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2" in text and "CNRI LICENSE AGREEMENT" in text:
            return "Python-2.0", "PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2 and those before it"
        found = set(re.findall(r"/usr/share/common-licenses/([A-Z][\w.-]*\d|[A-Z]\w+)", text))
        if len(found) != 1 or re.search(r"public domain|copyright[^.]*expired|may copy, modify", text, re.I):
            return "NOASSERTION", f"no single licence is stated; of the common ones: {', '.join(sorted(found)) or 'none'}"
        name = found.pop()
        later = re.search(r"any\s+later\s+version|or\s+(higher|later)", text)
        return licence_name(name + ("+" if later and GNU.fullmatch(name) else "")), f"/usr/share/common-licenses/{name}"

    def of(self, path, package):
        """(SPDX, from where) of an installed file."""
        for installed, source in SOURCES:
            if path.startswith(installed):
                names = [source + path.removeprefix(installed) if source.endswith("/") else source]
                break
        else:
            below = re.sub(rf"^usr/(share/doc/{re.escape(package)}|share/doc/[^/]+|share|lib)/", "", path)
            parts = below.split("/")
            # A name alone says nothing of where it stood.
            names = ["/".join(parts[start:]) for start in range(max(1, len(parts) - 1))]
        names += [name[:-3] for name in names if name.endswith(".gz")]
        best = max((self.exact[name] for name in names if name in self.exact), default=None)
        for expression, glob, said in self.patterns:
            if (best is None or said[0] > best[0]) and any(expression.fullmatch(n) for n in (names if "/" in glob else names[:1])):
                best = said
        if best:
            return best[1:]
        return self.whole or ("NOASSERTION", "no paragraph has it")


class PageText(html.parser.HTMLParser):
    """What a page shows."""

    BLOCKS = {"p", "div", "br", "li", "tr", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "table", "ul", "ol", "dl", "section",
              "blockquote", "title", "hr"}

    def __init__(self):
        super().__init__()
        self.parts, self.hidden, self.verbatim = [], 0, 0

    def handle_starttag(self, tag, attributes):
        if tag in ("script", "style"):
            self.hidden += 1
        elif tag in self.BLOCKS:
            self.parts.append("\n")
            self.verbatim += tag == "pre"
        elif tag in ("td", "th"):
            self.parts.append(" ")

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self.hidden = max(0, self.hidden - 1)
        elif tag in self.BLOCKS:
            self.parts.append("\n")
            if tag == "pre":
                self.verbatim = max(0, self.verbatim - 1)

    def handle_data(self, data):
        if not self.hidden:
            self.parts.append(data if self.verbatim else re.sub(r"\s+", " ", data))

    @classmethod
    def read(cls, page):
        parser = cls()
        parser.feed(page)
        parser.close()
        return re.sub(r"\n[ \t]*(?:\n[ \t]*)+", "\n\n", "".join(parser.parts)).strip() + "\n"


def read_text(file):
    """The text of a file as it lies; None if it is none in UTF-8 or, of pages, in what they declare."""
    data = file.read_bytes()
    if file.suffix == ".gz":
        data = gzip.decompress(data)
    declared = re.search(rb"""charset=["']?([\w-]+)""", data[:1024])
    for encoding in ["utf-8"] + ([declared[1].decode()] if declared else []):
        try:
            text = data.decode(encoding)
            return None if "\0" in text or not text.strip() else text
        except (UnicodeDecodeError, LookupError):
            continue
    return None


def kind_of(path):
    """'html', 'text' or None for what is no text or belongs to the packaging."""
    name = path.rsplit("/", 1)[-1].removesuffix(".gz").lower()
    papers = r"(changelog|news\.debian|(copyright|license|licence|copying)(\.txt|\.md)?$)"
    if re.match(papers, name) or re.search(r"/(doc-base|lintian)/", path):
        return None
    if re.search(r"/man\d\w*/", path):
        return "text"
    ending = re.sub(r"-\d+$", "", name.rsplit(".", 1)[1]) if "." in name else ""  # libc.info-3
    return "html" if ending in HTML else "text" if ending in TEXT else None


def fetch(package, folder):
    """Downloads what the archive has now: (file, address, SHA-256, version)."""
    # Root's apt-get would else become a user who may not write here.
    apt = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download"]
    said = subprocess.run([*apt, "--print-uris", package], capture_output=True, text=True, check=True).stdout
    address, name, _, expected = re.search(r"'([^']+)' (\S+) (\d+) SHA256:(\w+)", said).groups()
    file = folder / name
    digest = hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else None
    if digest != expected:
        # Others may want the same package at the same moment.
        with tempfile.TemporaryDirectory(dir=folder) as own:
            subprocess.run([*apt, package], cwd=own, check=True)
            digest = hashlib.sha256((Path(own) / name).read_bytes()).hexdigest()
            if digest != expected:
                # A SystemExit would end the worker, for which the pool then waits without end.
                raise RuntimeError(f"{name} has the SHA-256 {digest}; the archive's index says {expected}")
            os.replace(Path(own) / name, file)
    version = subprocess.run(["dpkg-deb", "-f", file, "Version"], capture_output=True, text=True, check=True).stdout.strip()
    return file, address, digest, version


def copyright_of(package, root, folder):
    """The text of its copyright file and which package has it: documentation folders may be links to another's."""
    place, owner = root / "usr/share/doc" / package, package
    if place.is_symlink():
        owner = os.path.basename(os.readlink(place))
    file = root / "usr/share/doc" / owner / "copyright"
    if file.is_symlink():
        owner = Path(os.readlink(file)).parent.name or owner
    if file.is_file():
        return file.read_text("utf-8", "replace"), owner
    with tempfile.TemporaryDirectory() as other:
        subprocess.run(["dpkg-deb", "-x", fetch(owner, folder)[0], other], check=True)
        return (Path(other) / "usr/share/doc" / owner / "copyright").read_text("utf-8", "replace"), owner


def collect(job):
    """Reads one package; returns its part of the manifest."""
    package, output = job
    deb, address, digest, version = fetch(package, output / "packages")
    counts, left_out, writers = {}, 0, {}
    with tempfile.TemporaryDirectory(dir=output) as place:
        root = Path(place)
        subprocess.run(["dpkg-deb", "-x", deb, root], check=True)
        text, owner = copyright_of(package, root, output / "packages")
        said = Copyright(text)
        for file in sorted(root.rglob("*")):
            path = file.relative_to(root).as_posix()
            kind = kind_of(path)
            if file.is_symlink() or not file.is_file() or kind is None or not re.search(PACKAGES.get(package, ""), path):
                continue
            raw = read_text(file)
            if raw is None:
                left_out += 1
                continue
            licence, origin = said.of(path, package)
            # A page has no tags of the Sphinx source that it was made from.
            sphinx = next((base / "_sources" / f"{file.relative_to(base).with_suffix('')}.rst.txt" for base in file.parents
                           if root in base.parents and (base / "_sources").is_dir()), None) if kind == "html" else None
            head = (sphinx.read_text("utf-8", "replace") if sphinx and sphinx.is_file() else raw)[:1024]
            tag = OWN_TAG.search(head)
            if tag:
                licence, origin = licence_expression(tag[1]), "SPDX-License-Identifier of the file"
            elif not said.is_dep5 and kind == "text" and OWN_TERMS.search(raw[:4096]):
                licence, origin = "NOASSERTION", "the file has terms of its own"
            body = PageText.read(raw) if kind == "html" else raw
            name = f"{package}.{re.sub(r'[^A-Za-z0-9.+-]+', '_', licence).strip('_')[:80]}.jsonl"
            if name not in writers:
                writers[name] = open(output / "texts" / name, "w", encoding="utf-8")
                counts[name] = {"licence": licence, "files": 0, "bytes": 0, "read_from": collections.Counter()}
            json.dump({"text": body, "licence": licence, "work": f"{package}/{path}", "package": package, "version": version,
                       "path": path, "url": address}, writers[name], ensure_ascii=False)
            writers[name].write("\n")
            counts[name]["files"] += 1
            counts[name]["bytes"] += len(body.encode())
            counts[name]["read_from"][origin] += 1
    for writer in writers.values():
        writer.close()
    size = sum(part["bytes"] for part in counts.values())
    print(f"{package} {version}: {size / 1e6:.1f} MB in {len(counts)} licences, {left_out} files are no text", file=sys.stderr)
    return {"package": package, "version": version, "url": address, "sha256": digest, "copyright_of": owner,
            "copyright_format": "DEP-5" if said.is_dep5 else "free", "not_text": left_out, "texts": counts}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("output", type=Path)
    parser.add_argument("--packages", nargs="+", default=list(PACKAGES), help="others than the fixed list")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    output = arguments.output
    (output / "packages").mkdir(parents=True, exist_ok=True)
    (output / "texts").mkdir(exist_ok=True)
    for old in (output / "texts").glob("*.jsonl"):
        old.unlink()
    with multiprocessing.Pool(arguments.jobs) as pool:
        packages = list(pool.imap(collect, [(package, output) for package in arguments.packages]))
    parts = [part for package in packages for part in package["texts"].values()]
    total = {"files": sum(part["files"] for part in parts), "bytes": sum(part["bytes"] for part in parts)}
    (output / "manifest.json").write_text(json.dumps({"total": total, "packages": packages}, indent=1, ensure_ascii=False) + "\n")
    print(f"{output}: {total['files']} files, {total['bytes'] / 1e6:.1f} MB of text of {len(packages)} packages")


if __name__ == "__main__":
    main()
