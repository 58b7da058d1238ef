"""``handoff``: the transfer package for enforcement and its way there, and the answer's way back, as messages.

A package has a number of its own (the case's, then a serial), says what is handed over and why, and lists the evidence
with hashes, so that the receiver can prove what was received.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, insert, select

from engine import clock, evidence, history, responsibility
from engine.case_context import case_context
from engine.connectors.context import Context
from engine.errors import NotFound
from engine.instances.jobs import JOBS, owe
from engine.instances.tasks import shown
from engine.storage import HistoryEvent

KIND = "handoff.sent"


def run(context: Context) -> dict[str, Any]:
    """Owe the message and answer the package's number, evidence and receiver.

    Raises:
        ExecutionFailed: nobody of that duty serves the place (kind ``bad_input``).
    """
    case = context.require_case()
    receiver = _receiver(context)
    number = context.text("number") or f"{case.number}-Y{_serial(context, case.id):02d}"
    manifest = shown({"list": evidence.manifest(context.session, case.id)})["list"]
    content = context.inputs.get("content") or {}
    if not isinstance(content, dict):
        raise context.bad("content", "no context")
    package = {
        **content,
        "number": number,
        "case_number": case.number,
        "reason": context.text("reason"),
        "sent_at": clock.city_time(clock.now()),
        "receiver": receiver,
        "evidence": manifest,
        "case_facts": _facts(case_context(context.session, case)),
    }
    inputs = {
        "correlation_key": context.text("correlation_key") or number,
        "variables": package,
        "case_id": case.id,
    }
    context.session.execute(
        insert(JOBS),
        owe(
            "message",
            context.text("message", required=True),
            case_id=case.id,
            instance_id=context.instance.id if context.instance is not None else None,
            element_id=context.job.element_id,
            inputs=inputs,
        ),
    )
    history.record(
        context.session,
        context.actor,
        case.id,
        KIND,
        element_id=context.job.element_id,
        subject=number,
        reason=context.text("reason"),
        details={"receiver": receiver, "files": [row["sha256"] for row in manifest]},
    )
    return {"number": number, "evidence": manifest, "receiver": receiver}


def _receiver(context: Context) -> str:
    wanted = context.text("to")
    if not wanted:
        return ""
    try:
        return responsibility.resolve(context.session, wanted, context.require_case()).code
    except NotFound as error:
        raise context.bad("to", str(error)) from error


def _serial(context: Context, case_id: int) -> int:
    """The case is locked, so two packages of one case cannot get the same number."""
    sent = context.session.scalar(
        select(func.count(func.distinct(HistoryEvent.subject))).where(
            HistoryEvent.case_id == case_id, HistoryEvent.kind == KIND
        )
    )
    return (sent or 0) + 1


def _facts(case: dict[str, Any]) -> dict[str, Any]:
    names = ("title", "description", "service_type", "kind", "category", "sub_category", "place", "reported_at")
    return {name: case[name] for name in names}
