"""Words everything that can be wrong with a bundle's files, for pages and for the workbench's script."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from engine.bpmn import lint_words
from engine.errors import Problem
from engine.forms import problem_text as form_text
from engine.forms.wording import catalogue as form_words
from web.wording import language


@cache
def _other_words() -> Mapping[str, Mapping[str, str]]:
    """Sentences for what is neither a diagram's nor a form's: decisions, bundles, policies, scenarios."""
    words: dict[str, Mapping[str, str]] = {}
    for name in ("decision_problem_words.yaml", "bundle_problem_words.yaml"):
        words.update(yaml.safe_load((files("engine") / "data" / name).read_text("utf-8")))
    return words


def text_of(problem: Problem, chosen: str = "") -> str:
    """What is wrong and what to do, in the language ``chosen`` (zh, en), else in the reader's."""
    chosen = chosen or language()
    if problem.file.endswith(".form") and problem.code in form_words():
        return form_text(problem, chosen)
    template = _other_words().get(problem.code)
    if template is not None:
        return lint_words.sentence(template[chosen], problem.facts, chosen)
    return lint_words.problem_text(problem, chosen)


def as_json(problem: Problem) -> dict[str, Any]:
    """For the workbench's list: where, how bad, in words, and which setting of the element it is about."""
    return {
        "code": problem.code,
        "file": problem.file,
        "element_id": problem.element_id,
        "element_name": problem.element_name,
        "line": problem.line,
        "severity": problem.severity,
        "setting": problem.facts.get("setting", ""),
        "text": text_of(problem),
    }
