"""Notices as rows, and the owed sending of those that leave the house."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from engine import clock
from engine.instances.jobs import JOBS, owe
from engine.settings import Settings
from engine.storage import Notification
from engine.storage.statements import insert_or_ignore


def tell(
    session: Session,
    settings: Settings,
    *,
    title: str,
    body: str = "",
    channel: str = "app",
    case_id: int | None = None,
    task_id: int | None = None,
    person_id: int | None = None,
    role: str | None = None,
    organisation_id: int | None = None,
    address: str = "",
    delivery_id: str | None = None,
) -> None:
    """Write one notice; the same ``delivery_id`` to the same receiver again changes nothing.

    One for outside is owed to the sender that is set up (mail: an SMTP host; webhook: an allowed host). Without one it
    stays in the outbox, where a gateway of the city may fetch it.
    """
    row: dict[str, Any] = {
        "case_id": case_id,
        "task_id": task_id,
        "person_id": person_id,
        "role": role,
        "organisation_id": organisation_id,
        "receiver": f"{person_id or ''}/{role or ''}/{organisation_id or ''}/{address}",
        "channel": channel,
        "address": address,
        "title": title[:200],
        "body": body,
        "delivery_id": delivery_id,
        "created_at": clock.now(),
    }
    fresh = insert_or_ignore(session, Notification, row)
    outside = (channel == "mail" and settings.smtp_host) or (channel == "webhook" and settings.outbound_hosts)
    if fresh and outside and address and not settings.sandbox:
        message = {"channel": channel, "address": address, "title": title, "body": body}
        session.execute(insert(JOBS), owe("send", channel, case_id=case_id, inputs=message, max_attempts=8))
