# SPDX-License-Identifier: Apache-2.0
"""A small corpus: the mock server traces answers to it, and real_server.py makes an index of it."""

import re
from pathlib import Path

# The bundled model's answer to this is pieced together from three texts, two of which overlap in it.
WHO = "Who are you?"
WHO_ANSWER = (
    "I am Retort's bundled model, a small language model that multiplies and adds whole numbers step by step. "
    "Try 417 × 386 or 1250 + 375."
)
# To be imported as an answer. Characters of several bytes or code points stand before, in and at the ends of parts;
# a text and a path are no HTML.
FOREIGN_ANSWER = (
    "Größe 👩‍🔬: <img src=x onerror=window.hacked=21> is no picture, and Käse rund um die Uhr 🧀 bleibt Käse.\n\n"
    "**Then** Zoe\u0308 sang of the naïve façade until the café closed, and went home."
)
# Each with the licence that it states, or None.
CORPUS: dict[str, tuple[str | None, str]] = {
    "shelf/about.txt": ("MIT", "They said: a small language model that multiplies and adds.\n"),
    "shelf/<img src=x onerror=window.hacked=22>.txt": (
        None,
        "It was a language model that multiplies and adds whole numbers step by step, and so on.\n",
    ),
    "shelf/more/numbers.txt": (
        "CC-BY-4.0",
        "Here whole numbers step by step. Try 417 × 386 or 1250 + 375. There whole numbers step by step. Try 417 × 386 or 1250 + 375.\n",
    ),
    "shelf/foreign.txt": (
        None,
        "Say <img src=x onerror=window.hacked=21> is no picture, and Käse rund um die Uhr 🧀 bleibt Käse. Yes.\n"
        "Zoe sang. Zoe\u0308 sang of the naïve façade until the café closed, alas.\n",
    ),
}


def content(path: str) -> str:
    licence, text = CORPUS[path]
    return text if licence is None else f"SPDX-License-Identifier: {licence}\n{text}"


def write(folder: Path) -> None:
    for path in CORPUS:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content(path), encoding="utf-8")


def trace(text: str, minimum: int, limit: int) -> dict:
    """The longest parts of whole words that the corpus has, none inside another, by trying all."""
    data = text.encode()
    documents = {path: content(path).encode() for path in CORPUS}
    words = [match.span() for match in re.finditer(rb"[\w\x80-\xff]+|[^\w\s\x80-\xff]", data)]
    spans, reached = [], 0
    for index, (start, _) in enumerate(words):
        end = start
        for _, next_end in words[index:]:
            if not any(data[start:next_end] in document for document in documents.values()):
                break
            end = next_end
        if end > reached:
            reached = end
            if end - start >= minimum:
                spans.append(span(data[start:end], start, documents, limit))
    covered = {at for item in spans for at in range(item["offset"], item["offset"] + item["length"])}
    coverage = len(covered) / max(1, len(data))
    return {"object": "provenance.trace", "span_count": len(spans), "coverage": coverage, "spans": spans}


def span(part: bytes, offset: int, documents: dict[str, bytes], limit: int) -> dict:
    having = [path for path, document in documents.items() if part in document]
    return {
        "offset": offset,
        "length": len(part),
        "text": part.decode(),
        "count": sum(document.count(part) for document in documents.values()),
        "log_probability": -2.0 * len(part),
        "sources": [
            {
                "path": path,
                "file_offset": 0,
                "name": None,
                "licence": CORPUS[path][0],
                "length": len(documents[path]),
                "sha256": "0" * 64,
                "offset": documents[path].index(part),
            }
            for path in having[:limit]
        ],
    }
