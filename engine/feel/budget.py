"""What an expression may cost, and the account of one evaluation: steps, time, calls, and the reasons for its nulls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import thread_time
from typing import Any

from engine.feel.errors import BudgetExceeded, Undefined
from engine.feel.wording import words

MAX_REASONS = 20
_LOOK_EVERY = 250


@dataclass(frozen=True)
class Limits:
    """The budget of one expression; characters, counts and seconds of processor time.

    The exponent of numbers is bounded by the arithmetic itself (``values.NUMBERS``).
    """

    source: int = 2_000
    nesting: int = 40
    nodes: int = 1_500
    steps: int = 50_000
    seconds: float = 0.25
    string: int = 100_000
    items: int = 10_000
    result_nodes: int = 20_000
    result_depth: int = 20
    calls: int = 40
    pattern: int = 1_000
    pattern_work: int = 10_000_000


LIMITS = Limits()
SCRIPT_LIMITS = replace(LIMITS, source=20_000)


@dataclass(frozen=True)
class Host:
    """What functions that look outside may ask: the moment (aware) and whatever domain functions need.

    ``limits`` are the house's own bounds of an evaluation.
    """

    now: datetime
    data: Mapping[str, Any] = field(default_factory=dict)
    limits: Limits | None = None


@dataclass(frozen=True)
class Reason:
    """Why an evaluation gave null somewhere: ``code`` and its facts, and the place in the source."""

    code: str
    position: int | None
    facts: Mapping[str, Any]

    def text(self, language: str = "en") -> str:
        """The reason in ``zh`` or ``en``."""
        return words(self.code, self.facts, language)

    def __str__(self) -> str:
        return self.text()


class Run:
    """One evaluation: the outermost scope (``names``), the host, and what was used up so far.

    Made for every evaluation, so its counters begin as attributes of the class, and it does not refer to itself.
    """

    up: Any = None
    steps = 0
    calls = 0
    # The clock starts with the first look: reading it costs as much as a short expression.
    _look = _LOOK_EVERY
    _deadline = 0.0
    _reasons: list[Reason] | None = None

    def __init__(self, names: Mapping[str, Any], host: Host | None, limits: Limits) -> None:
        self.names = self.root = names
        self.host = host
        self.limits = limits if host is None or host.limits is None else host.limits

    @property
    def run(self) -> Run:
        """Itself, as the run of its scope."""
        return self

    @property
    def reasons(self) -> list[Reason]:
        """Why nulls came up, in their order."""
        return self._reasons or []

    def charge(self, amount: int) -> None:
        """Take so many steps from the budget.

        Raises:
            BudgetExceeded: there are none left, or the time is up.
        """
        self.steps += amount
        if self.steps >= self._look:
            self._check()

    def _check(self) -> None:
        if self.steps > self.limits.steps:
            raise BudgetExceeded("too_many_steps", limit=self.limits.steps)
        now = thread_time()
        if not self._deadline:
            self._deadline = now + self.limits.seconds
        elif now > self._deadline:
            raise BudgetExceeded("too_slow", limit=self.limits.seconds)
        self._look = min(self.steps + _LOOK_EVERY, self.limits.steps + 1)

    def look(self) -> None:
        """Look at the clock now: single steps may be long ones."""
        self._look = 0
        self.charge(1)

    def enter(self) -> None:
        """A function of the expression is called; ``leave`` must follow."""
        self.calls += 1
        if self.calls > self.limits.calls:
            raise BudgetExceeded("too_many_calls", limit=self.limits.calls)

    def leave(self) -> None:
        """The called function has answered."""
        self.calls -= 1

    def note(self, code: str, position: int | None = None, **facts: Any) -> None:
        """Null, for this reason; the first ``MAX_REASONS`` are kept."""
        if self._reasons is None:
            self._reasons = []
        if len(self._reasons) < MAX_REASONS:
            self._reasons.append(Reason(code, position, facts))

    def note_undefined(self, error: Undefined, position: int | None = None) -> None:
        """Null, because the specification leaves it undefined."""
        self.note(error.code, position, **error.facts)

    def string(self, length: int) -> None:
        """A string of that length is about to be made."""
        if length > self.limits.string:
            raise BudgetExceeded("string_too_long", limit=self.limits.string)
        if length > 1_000:
            self.charge(length // 100)

    def items(self, count: int) -> None:
        """A list of that many items is about to be made."""
        if count > self.limits.items:
            raise BudgetExceeded("list_too_long", limit=self.limits.items)
        self.charge(count // 4 + 1)


class Env:
    """A scope inside a run: its own ``names``, then those of ``up``, at the end the run's ``root``."""

    __slots__ = ("names", "root", "run", "up")

    def __init__(self, names: Mapping[str, Any], up: Any, run: Run) -> None:
        self.names = names
        self.up = up
        self.run = run
        self.root = up.root


Scope = Run | Env
