"""Stock SpiffWorkflow as a straightforward developer keeps it in a database: what the durable steps are compared with.

One completion is one transaction of SQLAlchemy's ORM: the task's row is read, the instance's row is locked and read,
its state taken up with SpiffWorkflow's own serialiser, the task completed; then the state, the task done, the rows of
tasks that are new and a line of history are written with one flush, at the commit. It asks for no rights, cleans no
form, knows no case and no candidates.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.spiff.parser import SpiffBpmnParser
from SpiffWorkflow.spiff.serializer import DEFAULT_CONFIG
from SpiffWorkflow.util.task import TaskState
from sqlalchemy import JSON, DateTime, ForeignKey, String, Text, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from engine.storage import Database


class Base(DeclarativeBase):
    """Stock's own tables."""


class Instance(Base):
    """A running process with its state."""

    __tablename__ = "stock_instance"
    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Task(Base):
    """A person's task."""

    __tablename__ = "stock_task"
    id: Mapped[int] = mapped_column(primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("stock_instance.id"), index=True)
    key: Mapped[str] = mapped_column(String(36))
    element_id: Mapped[str] = mapped_column(String(100))
    status: Mapped[str] = mapped_column(String(20))
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    completed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    completed_by: Mapped[str | None] = mapped_column(String(50))
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class Line(Base):
    """A line of the history."""

    __tablename__ = "stock_history"
    id: Mapped[int] = mapped_column(primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("stock_instance.id"), index=True)
    task_id: Mapped[int | None] = mapped_column(ForeignKey("stock_task.id"))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    kind: Mapped[str] = mapped_column(String(50))
    actor: Mapped[str] = mapped_column(String(50))
    element_id: Mapped[str] = mapped_column(String(100))


class Stock:
    """One process on stock; ``answer`` says what a person enters the n-th time."""

    def __init__(self, xml: str, variables: Mapping[str, Any], answer: Callable[[int], dict[str, Any]]) -> None:
        parser = SpiffBpmnParser()
        parser.add_bpmn_io(io.BytesIO(xml.encode()), filename="bench.bpmn")
        self.spec, self.called = parser.get_spec("main"), parser.get_subprocess_specs("main")
        self.serializer = BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure(DEFAULT_CONFIG))
        self.variables, self.answer = variables, answer

    def begin(self, done: int = 0) -> BpmnWorkflow:
        """A running process in which so many tasks are done."""
        workflow = BpmnWorkflow(self.spec, self.called)
        workflow.task_tree.data.update(self.variables)
        workflow.do_engine_steps()
        for number in range(done):
            self.work(workflow, self.ready(workflow)[0], number)
        return workflow

    def ready(self, workflow: BpmnWorkflow) -> list[Any]:
        """The tasks that wait for a person."""
        found: list[Any] = workflow.get_tasks(state=TaskState.READY, manual=True)
        return found

    def work(self, workflow: BpmnWorkflow, task: Any, number: int) -> None:
        """Complete a task."""
        task.data.update(self.answer(number))
        task.run()
        workflow.do_engine_steps()

    # -- durable ---------------------------------------------------------------------------------------------------

    def create_all(self, database: Database) -> None:
        """Make the tables, unless they are there."""
        Base.metadata.create_all(database.engine)

    def store(self, database: Database, workflow: BpmnWorkflow) -> int:
        """Write a new instance and its open tasks down; answers its number."""
        with Session(database.engine) as session, session.begin():
            now = datetime.now(UTC)
            instance = Instance(status="active", state=self.serializer.serialize_json(workflow), updated_at=now)
            session.add(instance)
            session.flush()
            session.add_all([opened(instance, task, now) for task in self.ready(workflow)])
            return instance.id

    def next_task(self, database: Database, instance_id: int) -> int | None:
        """A task that is open."""
        with Session(database.reader) as session:
            waiting = select(Task.id).where(Task.instance_id == instance_id, Task.status == "open")
            return session.scalar(waiting.limit(1))

    def complete(self, database: Database, task_id: int, number: int) -> None:
        """The whole durable step."""
        with Session(database.engine) as session, session.begin():
            row = session.get_one(Task, task_id)
            instance = session.get_one(Instance, row.instance_id, with_for_update=True)
            workflow = self.serializer.deserialize_json(instance.state)
            before = {task.id for task in self.ready(workflow)}
            (task,) = [task for task in self.ready(workflow) if str(task.id) == row.key]
            self.work(workflow, task, number)
            now = datetime.now(UTC)
            row.status, row.completed_at, row.completed_by = "completed", now, "clerk"
            row.result = self.answer(number)
            session.add_all([opened(instance, task, now) for task in self.ready(workflow) if task.id not in before])
            instance.state, instance.updated_at = self.serializer.serialize_json(workflow), now
            if workflow.is_completed():
                instance.status = "completed"
            session.add(
                Line(
                    instance_id=instance.id,
                    task_id=row.id,
                    at=now,
                    kind="task.completed",
                    actor="clerk",
                    element_id=row.element_id,
                )
            )


def opened(instance: Instance, task: Any, now: datetime) -> Task:
    """The row of a new task."""
    return Task(
        instance_id=instance.id,
        key=str(task.id),
        element_id=task.task_spec.bpmn_id,
        status="open",
        opened_at=now,
    )
