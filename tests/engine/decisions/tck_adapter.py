"""Lets a DMN conformance runner ask our decisions: ``decide(dmn_xml, decision, inputs)``.

Imported models are looked for in the folder that ``CITYLOOP_TCK`` names.
"""

from __future__ import annotations

import datetime as dt
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from engine.decisions import DecisionSet, read_dmn
from engine.feel import Host, YearsMonths, compile_expression

_NOW = Host(now=dt.datetime(2026, 1, 5, 9, 0, tzinfo=dt.UTC))
_MONTHS = re.compile(r"-?P(\d+Y)?(\d+M)?")


@lru_cache(maxsize=8)
def _load(dmn_xml: bytes) -> tuple[DecisionSet, dict[str, str]]:
    main = read_dmn(dmn_xml, "main.dmn")
    files = [main]
    wanted = {entry.namespace for entry in main.imports}
    folder = os.environ.get("CITYLOOP_TCK")
    if wanted and folder:
        for path in Path(folder).rglob("*.dmn"):
            other = read_dmn(path.read_bytes(), path.name)
            if other.namespace in wanted:
                files.append(other)
    names = {s.name: s.id for s in main.services.values()} | {d.name: d.id for d in main.decisions.values()}
    return DecisionSet(files), names


def _given(value: Any) -> Any:
    if isinstance(value, str) and len(value) > 2 and _MONTHS.fullmatch(value):
        return compile_expression(f'duration("{value}")').evaluate({})
    if isinstance(value, dict):
        return {name: _given(item) for name, item in value.items()}
    return [_given(item) for item in value] if isinstance(value, list) else value


def _answer(value: Any) -> Any:
    if isinstance(value, YearsMonths):
        return str(value)
    if isinstance(value, dict):
        return {name: _answer(item) for name, item in value.items()}
    return [_answer(item) for item in value] if isinstance(value, list) else value


def decide(dmn_xml: bytes, decision: str, inputs: dict[str, Any]) -> Any:
    """The value of the decision (or decision service) of that name."""
    decisions, names = _load(dmn_xml)
    return _answer(decisions.decide(names[decision], _given(inputs), _NOW).value)
