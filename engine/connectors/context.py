"""What a connector is given, and how it says that it failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from sqlalchemy.orm import Session

from engine.errors import ExecutionFailed
from engine.permissions import Actor
from engine.reference import data
from engine.settings import Settings
from engine.storage import Case, Job, ProcessInstance

RETRY = "connector_failed"
ERROR = "bpmn_error"
REFUSED = "refused"


@dataclass
class Context:
    """One call. ``session`` is None for connectors that speak to the outside; ``inputs`` are the drawing's."""

    session: Session
    actor: Actor
    settings: Settings
    job: Job
    inputs: Mapping[str, Any]
    case: Case | None
    instance: ProcessInstance | None

    def require_case(self) -> Case:
        """The case this is about.

        Raises:
            ExecutionFailed: the process runs without a case.
        """
        if self.case is None:
            raise ExecutionFailed("the process has no case", kind="no_case", element_id=self.job.element_id)
        return self.case

    def text(self, name: str, default: str = "", *, required: bool = False) -> str:
        """An input as text.

        Raises:
            ExecutionFailed: it is missing.
        """
        value = self.inputs.get(name)
        if value is None or value == "":
            if required:
                raise self.bad(name, "missing")
            return default
        return str(value)

    def number(self, name: str, default: float, *, most: float = inf) -> float:
        """An input as a number from 0 to ``most``, or ``default`` when there is none.

        Raises:
            ExecutionFailed: it is no such number.
        """
        value = self.inputs.get(name)
        if value is None or value == "":
            return default
        try:
            number = float(str(value))
        except ValueError as error:
            raise self.bad(name, "no number") from error
        if not 0 <= number <= most:
            raise self.bad(name, f"not from 0 to {most:g}")
        return number

    def names(self, name: str) -> list[str]:
        """An input as a list of texts: a list, or one text with commas."""
        value = self.inputs.get(name)
        parts = value if isinstance(value, list) else str(value or "").replace("，", ",").split(",")
        return [str(part).strip() for part in parts if str(part).strip()]

    def bad(self, name: str, why: str) -> ExecutionFailed:
        """The error of an input that cannot be taken."""
        return ExecutionFailed(
            "an input cannot be taken", kind="bad_input", element_id=self.job.element_id, input=name, why=why
        )


def defaults(type_: str) -> dict[str, Any]:
    """What the catalogue says a connector takes for an input that is not given."""
    return {
        row["name"]: row["default"]
        for row in data("connectors.yaml")["connectors"][type_]["inputs"]
        if "default" in row
    }


def failed(reason: str, /, **facts: Any) -> ExecutionFailed:
    """The outside did not do it; worth trying again."""
    return ExecutionFailed(reason, kind=RETRY, **facts)


def bpmn_error(code: str, message: str, /, **variables: Any) -> ExecutionFailed:
    """The outside said no, in a way the drawing may have a path for."""
    return ExecutionFailed(message, kind=ERROR, error_code=code, variables=variables)


def refusal(error: ExecutionFailed) -> dict[str, Any]:
    """The ``bpmn_error`` of a call outside as an answer that can be stored, so that nobody calls for it again."""
    code, variables = error.facts["error_code"], error.facts["variables"]
    return {REFUSED: {"code": code, "message": error.reason, "variables": variables}}


def refused(answer: Mapping[str, Any]) -> ExecutionFailed | None:
    """The ``bpmn_error`` that was stored as an answer, if it is one."""
    said = answer.get(REFUSED)
    return bpmn_error(said["code"], said["message"], **said["variables"]) if said else None
