"""Errors and reasons in Chinese and English, by the codes of ``FeelError`` and ``Undefined``; sentences are data."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

_TERM_FACTS = frozenset({"left", "right", "wanted", "found"})


@cache
def catalogue() -> Mapping[str, Mapping[str, Any]]:
    """The content of ``feel_words.yaml``: sentences, terms, hints and labels, each with ``zh`` and ``en``."""
    text = files("engine").joinpath("data", "feel_words.yaml").read_text(encoding="utf-8")
    loaded: Mapping[str, Mapping[str, Any]] = yaml.safe_load(text)
    return loaded


class _Facts(dict[str, Any]):
    """Facts that were not given are left out of the sentence."""

    def __missing__(self, key: str) -> str:
        return ""


def words(code: str, facts: Mapping[str, Any], language: str) -> str:
    """The sentence for a code, ``zh`` or ``en``, filled with its facts."""
    sentence = catalogue()["sentences"].get(code)
    if sentence is None:
        # Domain functions may give reasons of their own; those are said as they are.
        return code
    filled = _Facts(facts, code=code)
    if code == "unexpected" or code == "ends_early":
        filled["expected"] = _expected(facts.get("expected", ()), language)
    elif language == "zh":
        filled.update({name: _term(value) for name, value in facts.items() if name in _TERM_FACTS})
    filled["hint"] = _hint(facts, language)
    said: str = sentence[language].format_map(filled)
    return said


def _term(value: Any) -> Any:
    term = catalogue()["terms"].get(value)
    return term["zh"] if term else value


def _expected(expected: tuple[str, ...], language: str) -> str:
    terms, quoted = catalogue()["terms"], catalogue()["quoted"][language]
    joined: str = catalogue()["or"][language].join(
        terms[item][language] if item in terms else quoted.format(item=item) for item in expected
    )
    return joined


def _hint(facts: Mapping[str, Any], language: str) -> str:
    said, half_width = catalogue(), catalogue()["half_width"]
    suggestion = facts.get("suggestion")
    if suggestion:
        return str(said["meant"][language].format(suggestion=suggestion))
    text = str(facts.get("found") or facts.get("name") or "")
    wide = next((character for character in text if character in half_width), None)
    return "" if wide is None else str(said["narrow"][language].format(narrow=half_width[wide]))
