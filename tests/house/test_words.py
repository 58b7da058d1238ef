"""Whatever the engine can say has words: conflicts, failures, lines of the record, kinds of incidents."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import engine
import web
from engine.cases import changing
from engine.connectors import context
from engine.reference import data
from web import words

SOURCES = sorted(Path(engine.__file__).parent.rglob("*.py"))
RECORD = re.compile(r"[a-z_]+\.[a-z_]+")
RECORDERS = {"record", "line", "deed", "_record"}


def calls() -> Iterator[tuple[str, ast.Call]]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                function = node.func
                yield getattr(function, "id", getattr(function, "attr", "")), node


def kinds(of: str) -> set[str]:
    """The constant ``kind`` keywords of all calls of a name."""
    return {
        keyword.value.value
        for name, call in calls()
        if name == of
        for keyword in call.keywords
        if keyword.arg == "kind" and isinstance(keyword.value, ast.Constant)
    }


def test_every_kind_of_conflict_has_words() -> None:
    assert kinds("Conflict") - set(words.CONFLICTS) == set()


def constants() -> set[str]:
    """Every constant text of the engine and the pages, but for the words themselves."""
    pages = [path for path in Path(web.__file__).parent.rglob("*.py") if path.name != "words.py"]
    return {
        node.value
        for path in [*SOURCES, *pages]
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_every_kind_of_failure_has_words() -> None:
    named = {name: value for name, value in vars(context).items() if isinstance(value, str)} | vars(changing)
    failures = {
        str(named[value.id]) if isinstance(value, ast.Name) and value.id in named else getattr(value, "value", "")
        for name, call in calls()
        if name == "ExecutionFailed"
        for value in (keyword.value for keyword in call.keywords if keyword.arg == "kind")
    } - {""}
    chosen = {text for text in constants() if text.startswith("decision_not_")}
    assert (failures | chosen) - set(words.FAILURES) == set()


def test_every_right_is_asked_for_somewhere() -> None:
    assert set(data("roles.yaml")["deeds"]) - constants() == set()


@pytest.mark.parametrize("table", ["CONFLICTS", "FAILURES", "RECORDS", "INCIDENT_KINDS"])
def test_no_words_are_left_for_what_nobody_says(table: str) -> None:
    built = {f"{kind}.uncaught" for kind in ("error", "escalation")}
    assert set(getattr(words, table)) - constants() - built == set()


def test_the_words_of_a_bad_limit_name_what_was_written() -> None:
    facts = next(
        {keyword.arg for keyword in call.keywords}
        for name, call in calls()
        if name == "ExecutionFailed" and any(getattr(k.value, "value", "") == "bad_limit" for k in call.keywords)
    )
    assert set(re.findall(r"\{(\w+)\}", words.FAILURES["bad_limit"])) <= facts


def test_every_line_of_the_record_has_words() -> None:
    said = {
        argument.value
        for name, call in calls()
        if name in RECORDERS
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and RECORD.fullmatch(argument.value)
    }
    assert len(said) > 20, "the records were not found; has their writing changed?"
    assert said - set(words.RECORDS) == set()


def test_every_slot_of_evidence_has_words() -> None:
    assert set(data("evidence_slots.yaml")) == set(words.SLOTS)


def test_every_kind_of_incident_has_words() -> None:
    assert {kind for kind in kinds("Incident") if kind} - set(words.INCIDENT_KINDS) == set()
