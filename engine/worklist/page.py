"""A page of a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
LARGEST = 500


@dataclass(frozen=True)
class Page(Generic[T]):
    """``rows`` of page ``number`` (from 1), and how many rows there are in all."""

    rows: Sequence[T]
    total: int
    number: int
    size: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // self.size))


def bounds(number: int, size: int) -> tuple[int, int, int]:
    """The page, its size and its offset, whatever was asked for."""
    number, size = max(1, number), max(1, min(size, LARGEST))
    return number, size, (number - 1) * size


def contains(text: str) -> str:
    """A LIKE pattern that finds ``text`` anywhere; escaped with a backslash."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
