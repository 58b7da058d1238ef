"""What people have typed and not yet sent: everybody's own, until the task is done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from engine import clock
from engine.storage import Task


class Draft(NamedTuple):
    """``fields`` as typed, by whom and when."""

    fields: Mapping[str, Any]
    by_id: int | None
    at: datetime


def draft_for(task: Task, person_id: int | None) -> Draft | None:
    """What stands in the form for a person: their own draft, else the newest that somebody left."""
    kept = task.draft or {}
    found = kept.get(str(person_id)) or max(kept.values(), key=lambda draft: str(draft["at"]), default=None)
    return Draft(found["fields"], found["by"], datetime.fromisoformat(found["at"])) if found else None


def with_draft(
    task: Task, reader_id: int | None, fields: Mapping[str, Any], by_id: int | None
) -> dict[str, dict[str, Any]]:
    """The task's drafts with this one for ``reader_id``; those of others stay."""
    fresh = {"fields": dict(fields), "by": by_id, "at": clock.now().isoformat()}
    return {**(task.draft or {}), str(reader_id): fresh}
