"""One call of ``DecisionSet.decide``: its budget, what was decided already, and the trace that tells why."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from time import thread_time
from typing import Any, NamedTuple

from engine.decisions.types import Constraint
from engine.errors import ExecutionFailed
from engine.feel import (
    LIMITS,
    Context,
    Expression,
    FeelError,
    Host,
    Reason,
    UnaryTests,
    Undefined,
    feel_text,
    from_feel,
)
from engine.feel.budget import Run

MAX_EVALUATIONS = 50_000
MAX_SECONDS = 3.0
MAX_CALLS = 40
MAX_REASONS = 20

Names = Mapping[str, Any]


class Decided(NamedTuple):
    """A decision's plain value, and why: JSON-able, kept in the case's history."""

    value: Any
    trace: dict[str, Any]


def jsonable(value: Any) -> Any:
    """A FEEL value as JSON: dates, durations, ranges and functions as their FEEL text."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, Decimal):
        plain = from_feel(value)
        return plain if isinstance(plain, int) else float(plain)
    if isinstance(value, tuple):
        return [jsonable(item) for item in value]
    if isinstance(value, Context):
        return {name: jsonable(item) for name, item in value.items()}
    return feel_text(value)


class Session:
    """The state of one decision being made; never shared."""

    def __init__(self, host: Host | None) -> None:
        self.host = host
        self.trace: dict[str, Any] = {}
        self._left = MAX_EVALUATIONS
        self._end = thread_time() + MAX_SECONDS
        self._depth = 0

    def charge(self, amount: int = 1) -> None:
        """Take from the budget.

        Raises:
            ExecutionFailed: it is used up.
        """
        before = self._left
        self._left -= amount
        if self._left < 0 or (before // 256 != self._left // 256 and thread_time() > self._end):
            raise ExecutionFailed("a decision takes too long", kind="decision_budget", limit=MAX_EVALUATIONS)

    def enter(self, element_id: str) -> None:
        """A function of the model is called; ``leave`` must follow."""
        self._depth += 1
        if self._depth > MAX_CALLS:
            raise ExecutionFailed("functions call each other too deeply", kind="decision_depth", element_id=element_id)

    def leave(self) -> None:
        self._depth -= 1

    def evaluate(self, expression: Expression, names: Names, element_id: str) -> Any:
        """The expression's FEEL value; reasons of nulls go into the trace."""
        self.charge()
        try:
            value, reasons = expression.evaluate_explained(names, self.host)
        except FeelError as error:
            raise failed(error, element_id, expression.text) from error
        if reasons:
            self.note(reasons, element_id)
        return value

    def test(self, tests: UnaryTests, value: Any, names: Names, element_id: str) -> bool:
        """Whether the value passes; unknown does not."""
        self.charge()
        try:
            return tests.test(value, names, self.host) is True
        except FeelError as error:
            raise failed(error, element_id, tests.text) from error

    def run(self, names: Names) -> Run:
        """A run of FEEL, to call function values."""
        return Run(names, self.host, LIMITS)

    def note(self, reasons: list[Reason], element_id: str) -> None:
        """Keep why nulls came up, in words of both languages."""
        kept = self.trace.setdefault("reasons", [])
        for reason in reasons[: MAX_REASONS - len(kept)]:
            kept.append({"element": element_id, "code": reason.code, "zh": reason.text("zh"), "en": reason.text("en")})

    def undefined(self, error: Undefined, element_id: str) -> None:
        """The specification answers null here; keep the reason."""
        self.note([Reason(error.code, None, error.facts)], element_id)


def failed(error: FeelError, element_id: str, text: str) -> ExecutionFailed:
    """A FEEL error as the house's."""
    return ExecutionFailed(
        error.text("en"), kind="feel", element_id=element_id, expression=text, code=error.code, reason=error.text("zh")
    )


def coerced(value: Any, wanted: Constraint, session: Session, element_id: str) -> Any:
    """The value as the type, or null with a reason in the trace."""
    try:
        return wanted.coerce(value, session.host)
    except Undefined as error:
        session.undefined(error, element_id)
        return None
