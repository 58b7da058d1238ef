"""What an analysis of a decision table tells: facts with one concrete input each, JSON-able."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


def _line(inputs: dict[str, str]) -> str:
    return ", ".join(f"{name} = {text}" for name, text in inputs.items() if text != "?")


@dataclass(frozen=True)
class Gap:
    """An input no rule fits: FEEL text by column title; columns in ``any`` could have any value."""

    inputs: dict[str, str]
    any: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The input in one line; columns that may be anything are left out."""
        return _line({name: text for name, text in self.inputs.items() if name not in self.any} or self.inputs)


@dataclass(frozen=True)
class Overlap:
    """An input that two rules fit. ``agrees``: they give the same, as far as their texts tell."""

    rules: tuple[str, str]
    rows: tuple[int, int]
    inputs: dict[str, str]
    agrees: bool

    @property
    def text(self) -> str:
        """The input in one line."""
        return _line(self.inputs)


@dataclass(frozen=True)
class DeadRule:
    """A rule that never fires. ``reason``: ``nothing_fits`` a cell, or ``covered`` by earlier rules (FIRST)."""

    rule: str
    row: int
    reason: str


@dataclass(frozen=True)
class BadOutput:
    """An output outside its column's allowed values (``allowed``) or type (``type``)."""

    rule: str
    row: int
    column: str
    text: str
    reason: str
    allowed: str


@dataclass(frozen=True)
class Undecided:
    """What could not be reckoned with: a cell, a column, or the whole table.

    ``reason``: names, kinds, expression, broken, dependent (two columns read the same variable), or too_large.
    """

    reason: str
    rule: str = ""
    row: int = 0
    column: str = ""
    text: str = ""


@dataclass
class Analysis:
    """``complete`` says that nothing was left undecided and every finding is listed (``more`` tells which are not)."""

    gaps: list[Gap] = field(default_factory=list)
    overlaps: list[Overlap] = field(default_factory=list)
    dead_rules: list[DeadRule] = field(default_factory=list)
    bad_outputs: list[BadOutput] = field(default_factory=list)
    undecided: list[Undecided] = field(default_factory=list)
    more: list[str] = field(default_factory=list)
    has_default: bool = False

    @property
    def complete(self) -> bool:
        return not (self.undecided or self.more)

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, for pages and the command line."""
        return {**asdict(self), "complete": self.complete}
