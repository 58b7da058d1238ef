"""Who did what, when, from where. Append-only: triggers in both databases refuse UPDATE and DELETE."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import DDL, ForeignKey, Index, String, event, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.storage.base import Base, BigId, Code, Digest, Id, LongText, Name

CASELESS = text("case_id IS NULL")


class HistoryEvent(Base):
    """One deed. Written by ``history.record`` in the deed's own transaction; never changed, never removed. Rows are
    numbered in the order of time, so no index needs the time.

    Columns: id, at, kind (``task.completed``, ``case.opened`` …), case_id, instance_id, task_id, element_id,
    subject (what it was about, when no id fits), person_id (None: the machine), actor (user name or ``worker``),
    organisation_id, role, source (address, ``worker``, ``cli``), old, new, reason, details, row_hash (SHA-256 of
    the canonical row).
    """

    __tablename__ = "history_event"

    id: Mapped[Id]
    at: Mapped[datetime]
    kind: Mapped[Code] = mapped_column(index=True)
    case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("case.id"), index=True)
    instance_id: Mapped[int | None] = mapped_column(BigId)
    task_id: Mapped[int | None] = mapped_column(BigId)
    element_id: Mapped[Code] = mapped_column(default="")
    subject: Mapped[Name] = mapped_column(default="")
    person_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("person.id"))
    actor: Mapped[Code]
    organisation_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("organisation.id"))
    role: Mapped[Code] = mapped_column(default="")
    source: Mapped[str] = mapped_column(String(80))
    old: Mapped[dict[str, Any] | None]
    new: Mapped[dict[str, Any] | None]
    reason: Mapped[LongText] = mapped_column(default="")
    details: Mapped[dict[str, Any] | None]
    row_hash: Mapped[str] = mapped_column(Digest)

    __table_args__ = (
        Index("ix_history_event_instance_id", "instance_id", sqlite_where=CASELESS, postgresql_where=CASELESS),
    )


class HistorySeal(Base):
    """A history row's place in the chain, given by the sealer afterwards, so that business transactions need not queue.

    Columns: position (1, 2 … without gaps), event_id, chain_hash (SHA-256 of the previous chain hash and the row hash),
    sealed_at.
    """

    __tablename__ = "history_seal"

    position: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    event_id: Mapped[int] = mapped_column(BigId, ForeignKey("history_event.id"), unique=True)
    chain_hash: Mapped[str] = mapped_column(Digest)
    sealed_at: Mapped[datetime]


APPEND_ONLY = ("history_event", "history_seal", "deadline_entry")


def append_only_statements(dialect: str, tables: tuple[str, ...] = APPEND_ONLY) -> list[str]:
    """The statements that make ``tables`` refuse UPDATE and DELETE on this database."""
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {table}_refuses_{deed} BEFORE {deed.upper()} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            for table in tables
            for deed in ("update", "delete")
        ]
    function = (
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    return [function] + [
        f"CREATE TRIGGER {table}_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        for table in tables
    ]


def _add_triggers(target: Any, connection: Any, **_: Any) -> None:
    for statement in append_only_statements(connection.dialect.name):
        connection.execute(DDL(statement.replace("%", "%%")))


event.listen(Base.metadata, "after_create", _add_triggers)
