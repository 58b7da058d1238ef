"""``notify``: tells roles, people or the reporter. In-app notices are there at once; mail and webhooks are owed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from engine import responsibility
from engine.connectors.context import Context
from engine.connectors.telling import tell
from engine.errors import NotFound
from engine.storage import CaseReporter, Person, Role

CHANNELS = frozenset({"app", "mail", "sms", "webhook", "reporter"})


def run(context: Context) -> dict[str, Any]:
    """Write the notices; told once, however often this runs. Answers how many.

    Raises:
        ExecutionFailed: an unknown channel, role or person (kind ``bad_input``).
    """
    channel = context.text("channel", "app")
    if channel not in CHANNELS:
        raise context.bad("channel", channel)
    title, body = context.text("title", required=True)[:200], context.text("body")
    if channel == "reporter":
        return {"notified": _reporter(context, title, body)}
    rows = [{"address": context.text("address")}] if channel in {"webhook", "sms"} else _receivers(context)
    for row in rows:
        tell(
            context.session,
            context.settings,
            channel=channel,
            title=title,
            body=body,
            case_id=context.case.id if context.case is not None else None,
            delivery_id=context.job.delivery_id,
            **row,
        )
    return {"notified": len(rows)}


def _receivers(context: Context) -> list[dict[str, Any]]:
    """People by user name, roles within an organisation; a role without one means who answers for the case."""
    wanted = context.names("to")
    if not wanted:
        raise context.bad("to", "missing")
    roles = set(context.session.scalars(select(Role.code).where(Role.code.in_(wanted))))
    people = {
        username: (identity, email)
        for username, identity, email in context.session.execute(
            select(Person.username, Person.id, Person.email).where(Person.username.in_(wanted), Person.active)
        )
    }
    unknown = [name for name in wanted if name not in roles and name not in people]
    if unknown:
        raise context.bad("to", f"nobody is called {', '.join(unknown)}")
    organisation_id = _organisation(context)
    return [
        {"role": name, "organisation_id": organisation_id}
        if name in roles
        else {"person_id": people[name][0], "address": people[name][1]}
        for name in wanted
    ]


def _organisation(context: Context) -> int | None:
    wanted = context.text("organisation")
    if not wanted or context.case is None:
        return None
    try:
        return responsibility.resolve(context.session, wanted, context.case).id
    except NotFound as error:
        raise context.bad("organisation", str(error)) from error


def _reporter(context: Context, title: str, body: str) -> int:
    """The reporter is told when they asked for it: staff in the application, others by the outbox to their phone."""
    case = context.require_case()
    reporter = context.session.get(CaseReporter, case.id)
    if reporter is None or reporter.forgotten_at is not None or not (reporter.wants_reply or reporter.person_id):
        return 0
    receiver: dict[str, Any] = {"person_id": reporter.person_id} if reporter.person_id else {"address": reporter.phone}
    tell(
        context.session,
        context.settings,
        channel="app" if reporter.person_id else "sms",
        title=title,
        body=body,
        case_id=case.id,
        delivery_id=context.job.delivery_id,
        **receiver,
    )
    return 1
