# SPDX-License-Identifier: Apache-2.0
"""What the scenarios ask, and conversations to import."""

import json
import re

from mock_store import SETTINGS

QUESTION = "What is 417 × 386?"
OTHER_QUESTION = "What is 12 × 34?"
PRODUCT = re.compile("160,?962")


def export_of(title: str, exchanges: list[tuple[str, str]], thought: str = "") -> str:
    """A conversation as the app exports it."""
    tree, parent = [], None
    for n, (question, answer) in enumerate(exchanges):
        for role, text in (("user", question), ("assistant", answer)):
            id = f"m_{n}_{role}"
            made = role == "assistant"
            tree.append(
                {
                    "id": id,
                    "parent": parent,
                    "role": role,
                    "content": text,
                    "reasoning": thought if made else None,
                    "created": 1.7e9 + len(tree),
                    "status": "complete",
                    "finish_reason": "stop" if made else None,
                    "error": None,
                    "run": None,
                    "model": "bundled" if made else None,
                    "usage": None,
                    "timings": None,
                    "cost": None,
                }
            )
            parent = id
    conversation = {
        "id": "c_0",
        "title": title,
        "pinned": False,
        "created": 1.7e9,
        "updated": 1.7e9,
        "revision": 1,
        "messages": len(tree),
        "active_run": None,
        "snippet": None,
        "settings": SETTINGS,
        "active_leaf": parent,
        "tree": tree,
    }
    return json.dumps(
        {"format": "retort-conversations", "version": 1, "exported": 1.7e9, "conversations": [conversation]}
    )
