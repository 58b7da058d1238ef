"""Puts what a draft changes into plain sentences: "受理员：任务“核实”的时限由 4 工作时改为 2 工作时"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext

from engine.bpmn import lint_words
from engine.drafts.diffing import Change
from engine.errors import CityLoopError, FieldProblem
from engine.permissions import can
from web.context import actor
from web.pages.workbench import words
from web.wording import error_words, language, problem_words


def words_for_templates() -> dict[str, Any]:
    """What the workbench's templates may call."""
    return {"change_words": change_words, "people_named": people_named, "can": _may, "worded": worded}


def _may(deed: str) -> bool:
    return can(actor(), deed)


def why(error: CityLoopError) -> str:
    """What was refused and why, in one line of the reader's language."""
    problems = [
        problem_words(problem) for problem in getattr(error, "problems", ()) if isinstance(problem, FieldProblem)
    ]
    return " ".join([error_words(error)[1], *problems])


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
        words.SENTENCES[_sentence(change)],
        kind=_kind(change),
        name=_name(change),
        setting=setting,
        old=_short(change.old) or none,
        new=_short(change.new) or none,
    )


def _kind(change: Change) -> str:
    """What kind of thing changed: of an element of a diagram, which."""
    term = lint_words.catalogue("bpmn_terms").get(str(change.facts.get("type")))
    return term[language()] if term and change.kind == "element" else worded("KINDS", change.kind)


def _sentence(change: Change) -> str:
    if change.kind == "row" and change.what == "moved":
        return "moved_row"
    contents = {"added": change.new, "removed": change.old}.get(change.what)
    return f"{change.what}_with" if contents else change.what


def _name(change: Change) -> str:
    """What it is called; a row of a decision table by its decision and number."""
    name = change.name or change.id
    decision = str(change.facts.get("decision") or "")
    if change.kind == "row" and change.what == "moved":
        return decision
    if change.kind not in {"row", "cell"} or not name.isdigit():
        return name
    return f"{decision} · {gettext('row %(number)s', number=name)}"


def _short(text: str) -> str:
    return text if len(text) <= 160 else f"{text[:157]}…"


def people_named(ids: Iterable[int], names: Mapping[int, str]) -> str:
    """Names joined for reading."""
    return gettext(", ").join(names.get(each, "?") for each in ids)
