"""Words a form's problem in Chinese or English; the sentences are data."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from engine.errors import Problem


@cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """The sentences by code, each with ``zh`` and ``en``."""
    text = files("engine").joinpath("data", "form_problem_words.yaml").read_text(encoding="utf-8")
    loaded: Mapping[str, Mapping[str, str]] = yaml.safe_load(text)
    return loaded


class _Facts(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "–"


def problem_text(problem: Problem, language: str = "zh") -> str:
    """What is wrong with a form and what to do, without saying where (the problem's other fields do)."""
    facts = _Facts({name: "–" if value in (None, "") else value for name, value in problem.facts.items()})
    facts["reason"] = problem.facts.get(language, "–")
    return catalogue()[problem.code][language].format_map(facts)
