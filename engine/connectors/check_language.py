"""``check-language``: finds phrases nobody should say to a citizen, and words by which contractors claim powers.

Which phrases, comes from a decision or a table of the process; this only looks, also through spaces and punctuation.
"""

from __future__ import annotations

import re
from typing import Any

from engine.connectors.context import Context

FILLING = re.compile(r"[\s，。、；：！？,.;:!?“”\"'·…—-]+")


def run(context: Context) -> dict[str, Any]:
    """``clean``, and ``findings``: phrase, kind (forbidden or overreach), instead (what to say)."""
    text = context.text("text")
    bare = FILLING.sub("", text).lower()
    findings = [
        {"phrase": phrase, "kind": kind, "instead": instead}
        for kind, name in (("forbidden", "phrases"), ("overreach", "overreach"))
        for phrase, instead in _phrases(context, name)
        if FILLING.sub("", phrase).lower() in bare
    ]
    return {"clean": not findings, "findings": findings}


def _phrases(context: Context, name: str) -> list[tuple[str, str]]:
    rows = context.inputs.get(name) or []
    if isinstance(rows, str):
        rows = [part for part in re.split(r"[,，;；\n]", rows) if part.strip()]
    if not isinstance(rows, list):
        raise context.bad(name, "no list")
    found = []
    for row in rows:
        phrase, instead = (row.get("phrase"), row.get("instead")) if isinstance(row, dict) else (row, "")
        if isinstance(phrase, str) and FILLING.sub("", phrase):
            found.append((phrase.strip(), str(instead or "")))
    return found
