"""What surrounds one step of a process: the clock, the functions of the house, the decisions, the limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from engine import clock
from engine.bpmn.scripts import Decided, Environment
from engine.case_context import CaseVariables
from engine.domain_functions import LIBRARY, host_for
from engine.instances.limits import limits
from engine.instances.programs import Bundle
from engine.storage import Case


def environment(session: Session, case: Case | None, bundle: Bundle, around: CaseVariables) -> Environment:
    """The environment of one step, made anew each time."""
    host = host_for(session, case)

    def decide(decision_id: str, variables: Mapping[str, Any]) -> Decided:
        decided = bundle.decisions.decide(decision_id, variables, host)
        return Decided(decided.value, decided.trace)

    return Environment(
        now=clock.now(),
        library=LIBRARY,
        host=host,
        decide=decide,
        variables=around,
        parts=CaseVariables.PARTS,
        limits=limits(),
    )
