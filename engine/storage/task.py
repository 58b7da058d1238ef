"""Work waiting for a person, derived from the instance after each step."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.storage.base import Base, BigId, Code, Id, LongText, Name, choice

OPEN = text("status = 'open'")
NAMED = text("person_id IS NOT NULL")


class TaskStatus(StrEnum):
    """A task is open, then either completed by a person or withdrawn by the process. Suspension is the case's."""

    OPEN = "open"
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"


class Task(Base):
    """One piece of work. Written and closed by ``instances`` after a step; assignment and draft by ``tasks``. Never
    removed.

    Columns: id, key (the execution's stable uuid), case_id, instance_id, process_key, element_id, name,
    documentation, status, form_id, form_definition_id, assignee_id, owner_id (who delegated and gets it back),
    organisation_id (only people of this one; None: whoever serves the area), priority (higher first; default 50),
    due_at (of its deadline or dueDate), follow_up_at, stage, responsible (``responsible`` property), escalate_to
    (group), evidence (wanted slots), independent_of (element id), independent_of_person_ids, properties (all
    evaluated properties), variables (what the form sees), draft (typed but not sent, by the id of whom it is for:
    {"fields", "by", "at"}), result (what was submitted), created_at, claimed_at, completed_at, completed_by_id,
    submission (token of the submit that won: a double submit is answered as before), withdrawn_at, escalated_at,
    lock_version.
    """

    __tablename__ = "task"

    id: Mapped[Id]
    key: Mapped[Code]
    case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("case.id"))
    instance_id: Mapped[int] = mapped_column(BigId, ForeignKey("process_instance.id"))
    process_key: Mapped[Code]
    element_id: Mapped[Code]
    name: Mapped[Name]
    documentation: Mapped[LongText] = mapped_column(default="")
    status: Mapped[TaskStatus] = mapped_column(choice(TaskStatus), default=TaskStatus.OPEN)
    form_id: Mapped[Code] = mapped_column(default="")
    form_definition_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("form_definition.id"))
    assignee_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("person.id"))
    owner_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("person.id"))
    organisation_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("organisation.id"))
    priority: Mapped[int] = mapped_column(default=50)
    due_at: Mapped[datetime | None]
    follow_up_at: Mapped[datetime | None]
    stage: Mapped[Name] = mapped_column(default="")
    responsible: Mapped[Code] = mapped_column(default="")
    escalate_to: Mapped[Code] = mapped_column(default="")
    evidence: Mapped[list[str]] = mapped_column(default=list)
    independent_of: Mapped[Code] = mapped_column(default="")
    independent_of_person_ids: Mapped[list[int]] = mapped_column(default=list)
    properties: Mapped[dict[str, Any]] = mapped_column(default=dict)
    variables: Mapped[dict[str, Any]] = mapped_column(default=dict)
    draft: Mapped[dict[str, Any] | None]
    result: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    completed_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("person.id"))
    submission: Mapped[Code | None]
    withdrawn_at: Mapped[datetime | None]
    escalated_at: Mapped[datetime | None]
    lock_version: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        UniqueConstraint("instance_id", "key"),
        Index("ix_task_open_assignee", "assignee_id", "due_at", sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_task_open_due", "due_at", sqlite_where=OPEN, postgresql_where=OPEN),
        Index(None, "case_id", "element_id"),
    )


class TaskCandidate(Base):
    """A role or a person who may claim the task; exactly one of the two is set. Removed by the worker
    when the task is over. One always comes from the task, so only that and the few people named have an index.

    Columns: id, task_id, role, person_id.
    """

    __tablename__ = "task_candidate"

    id: Mapped[Id]
    task_id: Mapped[int] = mapped_column(BigId, ForeignKey("task.id", ondelete="CASCADE"), index=True)
    role: Mapped[Code | None]
    person_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("person.id"))

    __table_args__ = (
        CheckConstraint("(role IS NULL) <> (person_id IS NULL)", name="role_or_person"),
        # Most candidates are roles: every task opened would write an empty line into it.
        Index("ix_task_candidate_person_id", "person_id", sqlite_where=NAMED, postgresql_where=NAMED),
    )
