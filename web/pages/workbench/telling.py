"""Puts what a draft changes into plain sentences: "受理员：任务“核实”的时限由 4 工作时改为 2 工作时"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext

from engine.drafts.diffing import Change
from engine.permissions import can
from web.context import actor
from web.pages.workbench import words


def words_for_templates() -> dict[str, Any]:
    """What the workbench's templates may call."""
    return {"change_words": change_words, "people_named": people_named, "can": _may, "worded": worded}


def _may(deed: str) -> bool:
    return can(actor(), deed)


def worded(table: str, code: Any) -> str:
    """The words for a code; one without is data of the city and stands for itself."""
    code = str(getattr(code, "value", code) or "")
    sentence = getattr(words, table).get(code)
    return gettext(sentence) if sentence else code


def change_words(change: Change) -> str:
    """One sentence."""
    none = gettext("none")
    setting = worded("SETTINGS", change.setting)
    return gettext(
        words.SENTENCES[change.what],
        kind=worded("KINDS", change.kind),
        name=change.name or change.id,
        setting=setting,
        old=_short(change.old) or none,
        new=_short(change.new) or none,
    )


def _short(text: str) -> str:
    return text if len(text) <= 160 else f"{text[:157]}…"


def people_named(ids: Iterable[int], names: Mapping[int, str]) -> str:
    """Names joined for reading."""
    return gettext(", ").join(names.get(each, "?") for each in ids)
