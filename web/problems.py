"""Words everything that can be wrong with a bundle's files, for pages and for the workbench's script."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from flask_babel import gettext

from engine.bpmn import lint_words
from engine.errors import Problem
from engine.forms import problem_text as form_text
from engine.forms.wording import catalogue as form_words
from web import words
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
    if problem.code == "scenario_red" and not chosen:
        problem = replace(problem, facts={**problem.facts, "reason": failure_words(str(problem.facts["reason"]))})
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


def failure_words(failure: str) -> str:
    """Why a scenario is red, in the reader's language; what it names and found stays as it is."""
    place, _sep, rest = failure.partition(": ")
    step = _STEP.fullmatch(place)
    where = gettext("step %(number)s (%(what)s)", number=step[1], what=step[2]) if step else _word(place)
    return f"{where}: {_EXPECTED.sub(_mismatch, rest)}"


def _mismatch(found: re.Match[str]) -> str:
    facts = {"name": _word(found["name"]), "wanted": found["wanted"], "found": found["found"]}
    return gettext("%(name)s: expected %(wanted)s, found %(found)s", **facts)


_STEP = re.compile(r"step (\d+) \((.*)\)")
_EXPECTED = re.compile(
    r"(?P<name>\w+): expected (?P<wanted>.*?), found (?P<found>.*?)(?=; \w+: expected |$)", re.DOTALL
)


def _word(name: str) -> str:
    return gettext(words.SCENARIO_FACTS[name]) if name in words.SCENARIO_FACTS else name
