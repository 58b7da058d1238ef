"""Where what became of a case differs from what its file expects, fact by fact."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from engine import clock
from engine.reference import data, duties_named
from engine.simulation.outcome import Outcome

ENDS_AS = {"DUPLICATE": "duplicate", "REJECTED": "rejected"}
"""How a case of a route ends when not by closing."""


@dataclass(frozen=True)
class Difference:
    """``what`` (route, row, limit, deadline, owner, path, closing) is ``found`` and not as ``expected``."""

    what: str
    expected: str
    found: str


def compare(
    expected: Mapping[str, Any], outcome: Outcome, numbers: Mapping[str, str], context: Mapping[str, Any]
) -> list[Difference]:
    """All differences; what the file does not mention is not compared. ``numbers``: case number by sample id."""
    return [
        *_route_and_row(expected, outcome),
        *_limit(expected.get("limit") or {}, outcome),
        *_owner(str(expected.get("owner") or ""), outcome),
        *_path(expected.get("path") or (), outcome),
        *_closing(expected, outcome, numbers, context),
    ]


def _route_and_row(expected: Mapping[str, Any], outcome: Outcome) -> Iterator[Difference]:
    for what, key, found in (("route", "primary_route", outcome.route), ("row", "dmn_row", outcome.decision_row)):
        wanted = expected.get(key)
        if wanted and wanted != found:
            yield Difference(what, str(wanted), found or "none")


def _limit(limit: Mapping[str, Any], outcome: Outcome) -> Iterator[Difference]:
    if not limit.get("value"):
        return
    wanted = f"{limit['value']} {limit['unit']}"
    if wanted != outcome.limit:
        yield Difference("limit", wanted, outcome.limit or "no clock")
    due_text = next((text for name, text in limit.items() if name.startswith("deadline")), None)
    if due_text:
        # Where the clock begins later than the filing (a pause for weather), its end after the resumption counts.
        found = outcome.due_at if "clock_start" in limit else outcome.first_due_at
        due = clock.parse(str(due_text))
        if found is None or found != due:
            shown = clock.city_time(found).isoformat(timespec="minutes") if found else "none"
            yield Difference("deadline", clock.city_time(due).isoformat(timespec="minutes"), shown)
    provisional = limit.get("provisional_calendar")
    if provisional is not None and provisional != outcome.provisional:
        yield Difference("provisional", str(provisional), str(outcome.provisional))


def _owner(text: str, outcome: Outcome) -> Iterator[Difference]:
    """Every owner the file names must have answered for the case or done work in it."""
    duties = {party.duty for party in outcome.parties} | {duty for _, duty in outcome.workers}
    roles = {role for role, _ in outcome.workers}
    names = [party.name for party in outcome.parties]
    for clause in filter(None, (part.strip() for part in re.split(r"[；;]", text))):
        wanted = duties_named(clause)
        named = any(clause in name for name in names) or any(role and role in clause for role in roles)
        if not named and not wanted & duties:
            yield Difference("owner", clause, "、".join(names) or "nobody")


@cache
def path_words() -> tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]:
    """What a word of an expected path asks for: pairs of patterns (the file's word, the name of a walked step)."""
    return tuple((re.compile(row["word"]), re.compile(row["step"])) for row in data("path_words.yaml")["words"])


def _path(expected: Collection[str], outcome: Outcome) -> Iterator[Difference]:
    """Words of the path the glossary knows must each be met by a step; words nobody can judge are passed over."""
    walked = [*outcome.path, *outcome.path_of_children, *_marks(outcome)]
    for word in expected:
        wanted = [step for pattern, step in path_words() if pattern.search(str(word))]
        if wanted and not any(step.search(name) for step in wanted for name in walked):
            yield Difference("path", str(word), " → ".join(outcome.path))


def _marks(outcome: Outcome) -> Iterator[str]:
    yield f"status:{outcome.status}"
    yield f"route:{outcome.route}"
    for fact, word in data("path_words.yaml")["marks"].items():
        if getattr(outcome, fact):
            yield word


def _closing(
    expected: Mapping[str, Any], outcome: Outcome, numbers: Mapping[str, str], context: Mapping[str, Any]
) -> Iterator[Difference]:
    route = expected.get("primary_route")
    if route:
        wanted = ENDS_AS.get(str(route), "closed")
        if outcome.status != wanted:
            yield Difference("closing", wanted, outcome.status)
    if route == "DUPLICATE" and context.get("open_case"):
        original = numbers.get(str(context["open_case"]), str(context["open_case"]))
        if outcome.duplicate_of != original:
            yield Difference("duplicate of", original, outcome.duplicate_of or "none")
