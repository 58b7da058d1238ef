"""Who wrote a variable: parallel branches write into the same scope, so a true conflict must be told, not hidden.

Every token carries its lineage, the open forks it came through (``"7.0"``: first path of fork 7; ``"s8.1"``: a path
beside the one it started from). Two writers are concurrent when their lineages part at the same fork, or when one runs
beside the other. The later write wins; the history gets a ``conflict``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.bpmn.tokens import Token

MAX_LINEAGE = 24


def note_writer(writer: Token, target: Token, path: str, value: Any) -> None:
    """Remember that ``writer`` sets ``path`` in ``target``, and record a conflict with a parallel writer."""
    writers: dict[str, list[str]] = target.internal_data.setdefault("writers", {})
    lineage = writer.lineage
    for other, theirs in writers.items():
        if _overlap(path, other) and concurrent(lineage, theirs) and _at(target.data, path) != value:
            writer.workflow.note(writer, "conflict", {"variable": path})
            break
    if lineage:
        writers[path] = lineage
    else:
        writers.pop(path, None)
    if not writers:
        del target.internal_data["writers"]


def concurrent(one: list[str], other: list[str]) -> bool:
    """Whether two lineages are paths of the same fork."""
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            return mine.partition(".")[0] == theirs.partition(".")[0] or "s" in (mine[0], theirs[0])
    shared = min(len(one), len(other))
    return any(step.startswith("s") for step in (one[shared:] or other[shared:])[:1])


def common(lineages: list[list[str]]) -> list[str]:
    """The lineage behind a join: what all its tokens share."""
    shared = []
    for steps in zip(*lineages, strict=False):
        if any(step != steps[0] for step in steps):
            break
        shared.append(steps[0])
    return shared


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(other + ".") or other.startswith(one + ".")


def _at(data: Any, path: str) -> Any:
    for name in path.split("."):
        data = data.get(name) if isinstance(data, dict) else None
    return data
