"""FEEL for the runner: every text a designer writes is a literal or, after ``=``, FEEL. Nothing else is evaluated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple, NoReturn

from engine.bpmn.limits import DEFAULTS, Limits
from engine.errors import ExecutionFailed
from engine.feel import LIMITS, STANDARD, Expression, FeelError, Host, Library, compile_expression, from_feel, to_feel
from engine.feel import Limits as FeelLimits

_MISSING = object()


class Decided(NamedTuple):
    """A decision's value together with the trace that explains it (JSON-able)."""

    value: Any
    trace: Any = None


def _no_decisions(decision_id: str, variables: Mapping[str, Any]) -> NoReturn:
    raise ExecutionFailed("no decisions are at hand", kind="decision_missing", decision_id=decision_id)


@dataclass
class Environment:
    """What surrounds one step of a running process; made anew for every step by the caller.

    ``variables`` (case, emergency, …) are read-only and visible to every expression before the process's own;
    ``decide(decision_id, variables)`` answers a value or a ``Decided``. ``parts`` are members of ``variables`` whose
    readers are told apart: ``{"case": "related"}``.
    """

    now: datetime = field(default_factory=lambda: datetime(1970, 1, 1, tzinfo=UTC))
    library: Library = STANDARD
    host: Host | None = None
    decide: Callable[[str, Mapping[str, Any]], Any] = _no_decisions
    variables: Mapping[str, Any] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = DEFAULTS
    max_steps: int | None = None
    max_seconds: float | None = None

    def __post_init__(self) -> None:
        if self.host is None:
            self.host = Host(now=self.now)


class Scope(Mapping[str, Any]):
    """What an expression sees: the environment's names first, then the element's own, then outwards."""

    __slots__ = ("_converted", "_layers")

    def __init__(self, layers: list[Mapping[str, Any]]) -> None:
        self._layers = layers
        self._converted: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        value = self._converted.get(name, _MISSING)
        if value is not _MISSING:
            return value
        for layer in self._layers:
            if name in layer:
                value = self._converted[name] = to_feel(layer[name])
                return value
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return any(name in layer for layer in self._layers)

    def __iter__(self) -> Iterator[str]:
        seen: set[str] = set()
        for layer in self._layers:
            for name in layer:
                if name not in seen:
                    seen.add(name)
                    yield name

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def plain(self) -> dict[str, Any]:
        """All visible variables, unconverted; inner ones win."""
        merged: dict[str, Any] = {}
        for layer in reversed(self._layers):
            merged.update(layer)
        return merged


class Formula:
    """A designer's text: FEEL after a leading ``=``, else a literal."""

    __slots__ = ("_compiled", "_limits", "source", "text")

    def __init__(self, source: str, limits: FeelLimits = LIMITS) -> None:
        self.source = source
        stripped = source.strip()
        self.text: str | None = stripped[1:].strip() if stripped.startswith("=") else None
        self._limits = limits
        # One pair, replaced as a whole: threads share it.
        self._compiled: tuple[Library, Expression] | None = None

    @property
    def is_feel(self) -> bool:
        return self.text is not None

    def evaluate(self, scope: Mapping[str, Any], environment: Environment, element_id: str) -> Any:
        """The plain value in ``scope``.

        Raises:
            ExecutionFailed: the expression is broken, uses an unknown function, or goes over its budget.
        """
        if self.text is None:
            return self.source
        try:
            return from_feel(self._expression(environment.library).evaluate(scope, environment.host))
        except FeelError as error:
            raise ExecutionFailed(
                str(error), kind="expression", element_id=element_id, expression=self.source
            ) from error

    def reads(self, environment: Environment) -> list[str]:
        """Which of the environment's variables it asks for, with the part of one that its text names."""
        if self.text is None:
            return []
        names = self._expression(environment.library).names
        return [self._with_part(name, environment.parts) for name in environment.variables if name in names]

    def _with_part(self, name: str, parts: Mapping[str, str]) -> str:
        part = parts.get(name)
        return f"{name}.{part}" if part is not None and part in (self.text or "") else name

    def _expression(self, library: Library) -> Expression:
        compiled = self._compiled
        if compiled is None or compiled[0] is not library:
            assert self.text is not None
            compiled = (library, compile_expression(self.text, library=library, limits=self._limits))
            self._compiled = compiled
        return compiled[1]

    def _reasons(self, scope: Mapping[str, Any], environment: Environment) -> str:
        """Why the value is null, for people who look for the mistake."""
        if self.text is None:
            return ""
        _, reasons = self._expression(environment.library).evaluate_explained(scope, environment.host)
        return "; ".join(reason.text() for reason in reasons)[:500]

    def test(self, scope: Mapping[str, Any], environment: Environment, element_id: str) -> bool:
        """A condition's truth.

        Raises:
            ExecutionFailed: the value is neither true nor false (a missing variable must not silently be false).
        """
        value = self.evaluate(scope, environment, element_id)
        if value is True or value is False:
            return value
        raise ExecutionFailed(
            "the condition is neither true nor false",
            kind="condition_not_boolean",
            element_id=element_id,
            expression=self.source,
            value=repr(value)[:200],
            reasons=self._reasons(scope, environment),
        )


def formula(text: str | None) -> Formula | None:
    """A ``Formula`` for a text that says something, else None."""
    return Formula(text) if text is not None and text.strip() else None


def required(text: str, limits: FeelLimits = LIMITS) -> Formula:
    """A ``Formula`` of FEEL where the leading ``=`` may be missing (conditions, collections)."""
    stripped = text.strip()
    return Formula(stripped if stripped.startswith("=") else f"={stripped}", limits)


class FeelEngine:
    """Stands where SpiffWorkflow expects its Python engine, so that Python can never be reached."""

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise ExecutionFailed("only FEEL is evaluated here", kind="expression")

    evaluate = execute = call_service = validate = _refuse


FEEL_ENGINE = FeelEngine()
