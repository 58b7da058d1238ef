"""The one family of errors. Raised where the fact is known, worded at the door.

Each error has a stable ``code`` (a message catalogue key) and its facts as attributes in ``facts``; the English text
is for logs and tests, people read the translation of ``code`` filled with ``facts``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar


class CityLoopError(Exception):
    """Something a person or a caller has to be told. ``facts`` fill the translated message."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500

    def __init__(self, reason: str, /, **facts: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.facts: dict[str, Any] = facts

    def __str__(self) -> str:
        details = ", ".join(f"{name}={value!r}" for name, value in self.facts.items())
        return f"{self.reason} ({details})" if details else self.reason


class NotFound(CityLoopError):
    """The thing does not exist, or the actor may not know that it does."""

    code, status = "not_found", 404


class NotAllowed(CityLoopError):
    """The actor may not do this deed on this subject."""

    code, status = "not_allowed", 403


@dataclass(frozen=True)
class FieldProblem:
    """One thing wrong with one field: ``path`` like ``photos.0``, ``code`` a catalogue key, ``facts`` fill it."""

    path: str
    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)


class InvalidInput(CityLoopError):
    """What was given cannot be taken; ``problems`` says why, per field. Nothing was stored."""

    code, status = "invalid_input", 422

    def __init__(self, reason: str, /, problems: Sequence[FieldProblem] = (), **facts: Any) -> None:
        super().__init__(reason, **facts)
        self.problems = tuple(problems)


class Conflict(CityLoopError):
    """Somebody else was first, or the thing is not in the state the deed needs.

    ``kind`` is one of: completed, withdrawn, claimed, suspended, ended, stale, nobody_waits, several_wait, duplicate.
    """

    code, status = "conflict", 409

    def __init__(self, reason: str, /, kind: str, **facts: Any) -> None:
        super().__init__(reason, kind=kind, **facts)
        self.kind = kind


@dataclass(frozen=True)
class Problem:
    """One reason why a file cannot be deployed, worded through ``code`` and ``facts``.

    ``severity`` is ``error`` (blocks) or ``warning`` (shown).
    """

    code: str
    file: str = ""
    element_id: str = ""
    element_name: str = ""
    line: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    severity: str = "error"


class DeploymentRejected(CityLoopError):
    """The bundle cannot run; ``problems`` lists every reason at once."""

    code, status = "deployment_rejected", 422

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(f"{len(problems)} problem(s): " + "; ".join(_brief(p) for p in problems[:5]))
        self.problems = tuple(problems)


def _brief(problem: Problem) -> str:
    return f"{problem.file}#{problem.element_id}: {problem.code} {dict(problem.facts)}"


class ExecutionFailed(CityLoopError):
    """A running process hit something it cannot do: a bad expression, too many steps, a missing decision row."""

    code, status = "execution_failed", 500

    def __init__(self, reason: str, /, kind: str, element_id: str = "", expression: str = "", **facts: Any) -> None:
        super().__init__(reason, kind=kind, element_id=element_id, expression=expression, **facts)
        self.kind = kind
        self.element_id = element_id
        self.expression = expression
