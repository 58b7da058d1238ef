"""Texts of a form with places in them: ``系统建议：{{plan.basis}}`` shows what the process holds there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

_PLACE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
TEXTS = ("text", "description")
"""The settings of a component that may have places; people read them, nothing is computed with them."""
# Unseen, and no letter: what stands in a place is text, never the designer's Markdown.
_JOINER = "\u2060"


def expressions(text: str) -> Iterator[str]:
    """The FEEL texts of the places."""
    return (source for match in _PLACE.finditer(text) if (source := match[1].strip()))


def is_whole(text: str) -> bool:
    """Whether every bracket of a place is closed and something stands in it."""
    rest = _PLACE.sub(lambda match: "" if match[1].strip() else match[0], text)
    return "{{" not in rest and "}}" not in rest


def filled(text: str, evaluate: Callable[[str], Any], worded: Callable[[Any], str]) -> str:
    """The text with a value in every place, of one line each and without headings, lists or bold of its own."""

    def said(match: re.Match[str]) -> str:
        value = evaluate(match[1])
        words = "" if value == "" else " ".join(worded(value).split()).replace("**", f"*{_JOINER}*")
        return f"{_JOINER}{words}" if words[:1] in ("#", "-", "*") else words

    return _PLACE.sub(said, text)
