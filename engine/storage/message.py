"""Messages on their way to the one instance that waits, from outside and between instances."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.storage.base import Base, BigId, Code, Id, LongText, Name, choice


class MessageStatus(StrEnum):
    """Waiting (buffered until somebody waits or it expires), ambiguous (several waited), or done with."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    EXPIRED = "expired"
    AMBIGUOUS = "ambiguous"
    REFUSED = "refused"


class Message(Base):
    """One message. Written when published; kept, so that a duplicate is answered as before and an undelivered one
    re-sent.

    Columns: id, source (``api:<partner>``, ``instance``, ``desk`` …), message_id (the sender's own; unique per
    source), name, correlation_key (canonical text), payload, status, attempts, received_at, expires_at (end of its
    time to live), handled_at, instance_id (who got it), case_id (whose it is), sender_instance_id, response (what
    was answered), error.
    """

    __tablename__ = "message"

    id: Mapped[Id]
    source: Mapped[Code]
    message_id: Mapped[Code]
    name: Mapped[Name]
    correlation_key: Mapped[str] = mapped_column(default="")
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    status: Mapped[MessageStatus] = mapped_column(choice(MessageStatus), default=MessageStatus.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    received_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]
    instance_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("process_instance.id"), index=True)
    case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("case.id"), index=True)
    sender_instance_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("process_instance.id"))
    response: Mapped[dict[str, Any] | None]
    error: Mapped[LongText] = mapped_column(default="")

    __table_args__ = (UniqueConstraint("source", "message_id"), Index(None, "status", "name", "correlation_key"))
