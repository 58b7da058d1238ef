"""What can go wrong with an expression, each with a stable code and its facts; the words are in ``wording``."""

from __future__ import annotations

from typing import Any

from engine.feel.wording import words


class FeelError(Exception):
    """An expression that cannot be used: not FEEL, over its budget, or fed with something that is no FEEL value.

    ``position`` is the offset in the source where it was noticed, or None.
    """

    def __init__(self, code: str, position: int | None = None, **facts: Any) -> None:
        super().__init__(code, position, facts)
        self.code = code
        self.position = position
        self.facts = facts

    def text(self, language: str = "en") -> str:
        """What happened, in ``zh`` or ``en``."""
        return words(self.code, self.facts, language)

    def __str__(self) -> str:
        return self.text()


class FeelSyntaxError(FeelError):
    """The text is not FEEL: ``found`` stands at ``position`` where one of ``expected`` should."""

    def __init__(
        self,
        code: str,
        position: int,
        *,
        found: str = "",
        expected: tuple[str, ...] = (),
        source: str = "",
        **facts: Any,
    ) -> None:
        super().__init__(code, position, found=found, expected=expected, **facts)
        self.found = found
        self.expected = expected
        self.source = source

    @property
    def line(self) -> int:
        """The line of ``position``, from 1."""
        return self.source.count("\n", 0, self.position) + 1

    @property
    def column(self) -> int:
        """The column of ``position`` in its line, from 1."""
        return (self.position or 0) - (self.source.rfind("\n", 0, self.position) + 1) + 1


class BudgetExceeded(FeelError):
    """The expression wanted more steps, time or memory than it may have."""


class Undefined(Exception):
    """Raised inside the room where the specification answers null; the compiled code records it and goes on."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts
