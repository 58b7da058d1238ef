"""Words a problem in Chinese or English, with what to do about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from engine.errors import Problem

_DATA = Path(__file__).parent.parent / "data"
_EMPTY_BRACKETS = re.compile(r"（[^（）：]*：–）| \([^():]*: –\)")
"""(similar: –)"""
_WORDED_FACTS = frozenset({"kind", "type", "position", "tag"})


@cache
def catalogue(name: str = "problem_words") -> Mapping[str, Mapping[str, str]]:
    """The sentences by code, each with ``zh`` and ``en``."""
    loaded: Mapping[str, Mapping[str, str]] = yaml.safe_load((_DATA / f"{name}.yaml").read_text(encoding="utf-8"))
    return loaded


class _Facts(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "–"


def problem_text(problem: Problem, language: str = "zh") -> str:
    """What is wrong and what to do, without saying where (the problem's other fields do)."""
    return sentence(catalogue()[problem.code][language], problem.facts, language)


def sentence(template: str, facts: Mapping[str, Any], language: str) -> str:
    """A template filled with facts; missing or empty ones become a dash; brackets with nothing else go."""
    terms = catalogue("bpmn_terms")
    worded = _Facts()
    for name, value in facts.items():
        if name in _WORDED_FACTS and str(value) in terms:
            value = terms[str(value)][language]
        elif name == "where":
            value = _where(str(value), language)
        worded[name] = "–" if value is None or value == "" else value
    return _EMPTY_BRACKETS.sub("", template.format_map(worded))


def _where(text: str, language: str) -> str:
    """The setting a sentence is about: "property limit", "condition flow_1", "message name"."""
    terms = catalogue("setting_terms")
    if text in terms:
        return terms[text][language]
    words = (terms[word][language] if word in terms else word for word in text.split(" ", 1))
    return " ".join(words)
