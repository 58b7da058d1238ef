"""A place to try a process in: its own database, its own clock, simulated people, nothing leaving it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import broadcasts, cases, clock, instances, jobs, messages, tasks
from engine.bpmn.timers import BadTimer, parse_span
from engine.errors import FieldProblem, InvalidInput, NotAllowed, NotFound
from engine.owed import run_due
from engine.permissions import Actor
from engine.settings import Settings
from engine.simulation.people import SOURCE, People
from engine.simulation.samples import Sample
from engine.simulation.scratch import open_scratch
from engine.simulation.timeline import NextLook, answer_form, open_report
from engine.storage import Case, Database, EventSubscription, Job, JobStatus, ProcessInstance, Task, TaskStatus

MOST_TICKS = 500


class Sandbox:
    """One trial. Every deed runs at the sandbox's own time; ``now`` moves only by ``advance`` and ``advance_to``."""

    def __init__(self, database: Database, settings: Settings, folder: Path, now: datetime) -> None:
        self.database = database
        self.settings = settings
        self.folder = folder
        self.now = now
        self._owed = NextLook()
        self._owed.looked(now)
        self.case_id: int | None = None
        self.instance_id: int | None = None
        self.sample = Sample("trial", 0, now, {})

    @classmethod
    def create(cls, settings: Settings, folder: Path, files: Mapping[str, bytes], now: datetime) -> Sandbox:
        """A fresh sandbox in ``folder`` (which the caller removes) with these processes.

        Raises:
            DeploymentRejected: the files cannot run.
        """
        with clock.at(now):
            database, own = open_scratch(settings, folder, files)
        return cls(database, own, folder, now)

    @classmethod
    def reopen(cls, settings: Settings, folder: Path) -> Sandbox:
        """A sandbox that was put away with ``keep``.

        Raises:
            NotFound: there is none in ``folder``.
        """
        from dataclasses import replace

        try:
            kept = json.loads((folder / "sandbox.json").read_text("utf-8"))
        except FileNotFoundError as error:
            raise NotFound("no such sandbox") from error
        address = f"sqlite:///{folder / 'scratch.sqlite3'}"
        own = replace(settings, database_url=address, data_dir=folder, sandbox=True)
        sandbox = cls(Database(address, synchronous="OFF"), own, folder, clock.parse(kept["now"]))
        sandbox.case_id, sandbox.instance_id = kept["case_id"], kept["instance_id"]
        return sandbox

    def keep(self) -> None:
        """Put the sandbox away so that ``reopen`` finds it."""
        kept = {"now": self.now.isoformat(), "case_id": self.case_id, "instance_id": self.instance_id}
        (self.folder / "sandbox.json").write_text(json.dumps(kept), "utf-8")

    def close(self) -> None:
        """Give the database back."""
        self.database.close()

    # -- deeds -------------------------------------------------------------------------------------------------------

    def open_case(self, report: Mapping[str, Any]) -> None:
        """Report a matter through the intake; the service's process starts."""
        with clock.at(self.now), self.database.transaction() as session:
            case = open_report(session, {"reported_at": self.now.isoformat(), **report})
            self.case_id = case.id
            session.flush()
            self.instance_id = session.scalar(
                select(ProcessInstance.id)
                .where(ProcessInstance.case_id == case.id)
                .order_by(ProcessInstance.id)
                .limit(1)
            )
        self._settle()

    def start(self, process_key: str, variables: Mapping[str, Any], report: Mapping[str, Any] | None = None) -> None:
        """Start any process; with a ``report`` it runs on a case of its own, instead of the service's process."""
        with clock.at(self.now), self.database.transaction() as session:
            case = None
            if report is not None:
                case = open_report(session, {"reported_at": self.now.isoformat(), **report}, process_key=process_key,
                                   variables=variables)  # fmt: skip
                self.case_id = case.id
                session.flush()
                self.instance_id = session.scalar(
                    select(ProcessInstance.id).where(ProcessInstance.case_id == case.id).limit(1)
                )
            else:
                instance = instances.start(session, Actor.system(SOURCE), process_key, variables=variables)
                self.instance_id = instance.id
        self._settle()

    def complete(self, element_id: str, who: str, fields: Mapping[str, Any] | None) -> None:
        """Do the open task of ``element_id`` as somebody; fields not given are answered as the form simulates them.

        Raises:
            NotFound: no such task is open; NotAllowed: that person may not do it; whatever completing raises.
        """
        with clock.at(self.now), self.database.transaction() as session:
            task = self._open_task(session, element_id)
            actor = self._actor(session, task, who)
            if task.assignee_id is None:
                tasks.claim(session, actor, task.id)
            answers = answer_form(session, actor, task, self.sample, self.settings, given=fields or {})
            tasks.complete(session, actor, task.id, answers)
        self._settle()

    def _open_task(self, session: Session, element_id: str) -> Task:
        """The trial's own case comes first, then its children's and whatever was reported earlier."""
        statement = (
            select(Task)
            .where(Task.status == TaskStatus.OPEN, Task.element_id == element_id)
            .order_by((Task.case_id == self.case_id).is_not(True), Task.id)
        )
        task = session.scalars(statement.limit(1)).first()
        if task is None:
            found = session.scalars(select(Task.element_id).where(Task.status == TaskStatus.OPEN)).all()
            raise NotFound("no such task is open", element=element_id, open=sorted(found))
        return task

    def _actor(self, session: Session, task: Task, who: str) -> Actor:
        people = People(session)
        actor = people.named(who) or people.someone_for(task, role=who)
        if actor is None:
            raise NotAllowed(
                "nobody of that name or role may do this task", deed="task.work", subject=f"{task.element_id} {who}"
            )
        return actor

    def message(self, name: str, key: str | None, payload: Mapping[str, Any]) -> None:
        """A message from outside."""
        with clock.at(self.now), self.database.transaction() as session:
            identity = f"trial-{self.now.isoformat()}-{name}-{key}"
            if key is None:
                waiting = select(EventSubscription.correlation_key).where(EventSubscription.name == name).limit(1)
                key = session.scalar(waiting) or ""
            messages.publish(
                session, Actor.system(SOURCE), name=name, correlation_key=key, payload=dict(payload), source=SOURCE,
                message_id=identity,
            )  # fmt: skip
        self._settle()

    def signal(self, name: str, payload: Mapping[str, Any], areas: list[str]) -> None:
        """A signal to everybody in scope."""
        with clock.at(self.now), self.database.transaction() as session:
            broadcasts.send(session, Actor.system(SOURCE), name=name, payload=dict(payload), areas=areas)
        self._settle()

    def action(self, process_key: str, who: str, fields: Mapping[str, Any]) -> None:
        """Press the button of a case action."""
        with clock.at(self.now), self.database.transaction() as session:
            case = session.get_one(Case, self.case_id)
            actor = People(session).named(who) or People(session).holder(who, case.area_path)
            if actor is None:
                raise NotFound("no such person or role", who=who)
            cases.start_action(session, actor, case.id, process_key, dict(fields))
        self._settle()

    def fail(self, element_id: str, code: str, message: str) -> None:
        """Let the connector of ``element_id`` answer with an error (BPMN code), as its partner would."""
        with clock.at(self.now), self.database.transaction() as session:
            job = session.scalars(
                select(Job)
                .where(Job.element_id == element_id, Job.status.in_([JobStatus.OWED, JobStatus.FAILED]))
                .limit(1)
            ).first()
            if job is None:
                raise NotFound("no such job is owed", element=element_id)
            jobs.answer_with_error(session, job, code, message)
        self._settle()

    # -- time --------------------------------------------------------------------------------------------------------

    def advance(self, text: str) -> None:
        """Let an ISO 8601 duration pass, stopping at everything that falls due on the way.

        Raises:
            InvalidInput: no duration.
        """
        try:
            target = parse_span(text).after(self.now)
        except BadTimer as error:
            raise InvalidInput(
                "not a duration", [FieldProblem("advance", "not_a_duration", {"value": text})]
            ) from error
        self.advance_to(target)

    def advance_to(self, moment: datetime) -> None:
        """Let time pass up to ``moment``.

        Raises:
            InvalidInput: it lies behind.
        """
        if moment < self.now:
            raise InvalidInput("time only goes forward", [FieldProblem("to", "in_the_past")])
        while (due := self._next_owed()) is not None and due <= moment:
            self.now = due
            self._owed.looked(due)
            self._settle()
        self.now = moment
        self._settle()

    def _next_owed(self) -> datetime | None:
        with self.database.reading() as session:
            return self._owed.after(jobs.next_owed(session))

    def _settle(self) -> None:
        """Do what is due now, until nothing is."""
        with clock.at(self.now):
            for _ in range(MOST_TICKS):
                if not run_due(self.database, self.settings, worker=SOURCE).total():
                    return
        raise InvalidInput("the machine's work does not come to an end", [FieldProblem("", "endless_work")])

    def run_on(self, rounds: int) -> None:
        """Let simulated people do every open task, up to ``rounds`` of them."""
        for _ in range(rounds):
            with self.database.reading() as session:
                task = session.scalars(
                    select(Task).where(Task.status == TaskStatus.OPEN).order_by(Task.id).limit(1)
                ).first()
            if task is None:
                return
            with self.database.reading() as session:
                actor = People(session).someone_for(task)
            if actor is None:
                raise NotAllowed("nobody may do this task", deed="task.work", subject=task.element_id)
            self.complete(task.element_id, actor.username, None)
