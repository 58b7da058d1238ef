"""Whatever the engine can say has words: conflicts, failures, lines of the record, kinds of incidents."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import engine
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
