"""A simulated stretch of time: reports come in, people work, timers fire, jobs run, each at its moment, in order."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import clock, evidence, intake, jobs, tasks
from engine.case_context import case_context
from engine.domain_functions import LIBRARY, host_for
from engine.errors import CityLoopError, ExecutionFailed, InvalidInput
from engine.owed import run_due
from engine.permissions import Actor
from engine.reference import data
from engine.settings import Settings
from engine.simulation.answers import Answerer
from engine.simulation.people import SOURCE, People
from engine.simulation.samples import Sample
from engine.storage import (
    ENDED,
    Case,
    Database,
    FormDefinition,
    Incident,
    IncidentStatus,
    Task,
    TaskStatus,
)

UNHURRIED = timedelta(minutes=18)
LONGEST = timedelta(days=800)
MOST_TASKS = 200
NOTHING_EXPECTED = Sample("child", 0, clock.parse("2026-01-01T00:00Z"), {})
"""What a simulated person knows of a case that a process opened: no more than its form shows."""


@dataclass
class CaseRun:
    """What became of one sample. ``failure`` says why it stopped before its end."""

    sample: Sample
    case_id: int | None = None
    number: str = ""
    failure: str = ""
    not_deployed: bool = False
    done: int = 0
    answers: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


class NextLook:
    """When to look next for owed work.

    What is due at the moment of a look but not done (a clock is late only after its end, a job is leased) is looked for
    again a second later, then at growing distances, so that time never stands still.
    """

    def __init__(self) -> None:
        self.last: datetime | None = None
        self._wait = timedelta(seconds=1)

    def looked(self, moment: datetime) -> None:
        """A look was taken at ``moment``."""
        self.last = moment

    def after(self, owed: datetime | None) -> datetime | None:
        """The moment of the next look when something is due at ``owed``."""
        if owed is None or self.last is None or owed > self.last:
            self._wait = timedelta(seconds=1)
            return owed
        moment = self.last + self._wait
        self._wait *= 2
        return moment


class Timeline:
    """Runs samples against a database whose processes, people and places are loaded."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self.settings = settings
        self._events: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = count()
        self._runs: list[CaseRun] = []
        self._by_case: dict[int, CaseRun] = {}
        self._scheduled: set[int] = set()
        self.desk_wait = timedelta()
        self._owed = NextLook()

    def run(self, samples: Iterable[Sample]) -> Iterator[CaseRun]:
        """Open every sample at its time and work on all of them; yields each as soon as it is at its end."""
        self._plan(samples)
        if not self._events:
            return
        end = max(moment for moment, _, _ in self._events) + LONGEST
        waiting = list(self._runs)
        while waiting and (moment := self._next_moment()) is not None and moment <= end:
            with clock.at(moment):
                self._step(moment)
                ended = [run for run in waiting if self._is_at_its_end(run)]
            for run in ended:
                waiting.remove(run)
                yield run
        for run in waiting:
            run.failure = run.failure or "nothing moves any more before the case is closed"
            yield run

    def rehearse(self, samples: Iterable[Sample], until: datetime) -> list[CaseRun]:
        """Open samples and work on them up to ``until``, at an unhurried pace; what is open then stays open."""
        self.desk_wait = UNHURRIED
        self._plan(samples)
        while (moment := self._next_moment()) is not None and moment <= until:
            with clock.at(moment):
                self._step(moment)
        return self._runs

    def _plan(self, samples: Iterable[Sample]) -> None:
        for sample in samples:
            run = CaseRun(sample)
            self._runs.append(run)
            self._at(sample.reported_at, partial(self._open, run))

    def _at(self, moment: datetime, deed: Callable[[], None]) -> None:
        heapq.heappush(self._events, (moment, next(self._order), deed))

    def _next_moment(self) -> datetime | None:
        with self.database.reading() as session:
            owed = self._owed.after(jobs.next_owed(session))
        planned = self._events[0][0] if self._events else None
        return min((moment for moment in (planned, owed) if moment is not None), default=None)

    def _step(self, moment: datetime) -> None:
        self._owed.looked(moment)
        while self._events and self._events[0][0] <= moment:
            heapq.heappop(self._events)[2]()
        while run_due(self.database, self.settings, worker=SOURCE).total():
            pass
        self._plan_open_tasks()

    # -- deeds -------------------------------------------------------------------------------------------------------

    def _open(self, run: CaseRun) -> None:
        original = run.sample.context.get("open_case")
        earlier = next((r for r in self._runs if r.sample.id == original and r.number), None)
        if earlier is not None:
            context = {**run.sample.context, "open_case": earlier.number}
            run.sample = replace(run.sample, report={**run.sample.report, "context": context})
        report = {**run.sample.report, "reported_at": run.sample.reported_at.isoformat()}
        try:
            with self.database.transaction() as session:
                case = open_report(session, report)
                run.case_id, run.number = case.id, case.number
                self._by_case[case.id] = run
        except CityLoopError as error:
            run.failure = describe(error)
            run.not_deployed = error.facts.get("kind") == "process_missing"

    def _plan_open_tasks(self) -> None:
        with self.database.reading() as session:
            self._adopt_children(session)
            found = session.execute(
                select(Task.id, Task.stage, Task.due_at, Task.case_id).where(
                    Task.status == TaskStatus.OPEN, Task.case_id.in_(list(self._by_case))
                )
            ).all()
        at_a_desk = {stage for row in data("public_stages.yaml") if row.get("desk") for stage in row["stages"]}
        now = clock.now()
        for task_id, stage, due_at, case_id in found:
            if task_id in self._scheduled or case_id is None:
                continue
            self._scheduled.add(task_id)
            # What is decided at a desk is done at once; work outside takes half of the time left.
            wait = self.desk_wait
            if stage not in at_a_desk and due_at is not None and due_at > now:
                wait = (due_at - now) / 2
            self._at(now + wait, partial(self._work, self._by_case[case_id], task_id))

    def _adopt_children(self, session: Session) -> None:
        """Cases that a sample's process opened are worked on with it."""
        children = session.execute(
            select(Case.id, Case.parent_id).where(
                Case.parent_id.in_(list(self._by_case)), Case.id.not_in(list(self._by_case))
            )
        )
        for case_id, parent_id in children:
            if parent_id is None:
                continue
            self._by_case[case_id] = self._by_case[parent_id]

    def _work(self, run: CaseRun, task_id: int) -> None:
        if run.done >= MOST_TASKS:
            run.failure = f"more than {MOST_TASKS} tasks: the process goes round in circles"
        if run.failure:
            return
        try:
            with self.database.transaction() as session:
                task = session.get_one(Task, task_id)
                if task.status is not TaskStatus.OPEN:
                    return
                actor = People(session).someone_for(task)
                if actor is None:
                    raise ExecutionFailed("nobody may do this task", kind="nobody", element_id=task.element_id)
                if task.assignee_id is None:
                    tasks.claim(session, actor, task_id)
                sample = run.sample if task.case_id == run.case_id else NOTHING_EXPECTED
                fields = answer_form(session, actor, task, sample, self.settings)
                tasks.complete(session, actor, task_id, fields)
                run.done += 1
                run.answers.append((task.element_id, fields))
        except CityLoopError as error:
            run.failure = f"task {task_id}: {describe(error)}"

    def _is_at_its_end(self, run: CaseRun) -> bool:
        if run.failure:
            return True
        if run.case_id is None:
            return False
        with self.database.reading() as session:
            status = session.scalar(select(Case.status).where(Case.id == run.case_id))
            incident = session.execute(
                select(Incident.element_id, Incident.message)
                .where(Incident.case_id == run.case_id, Incident.status == IncidentStatus.OPEN)
                .limit(1)
            ).first()
        if incident is not None:
            run.failure = f"incident at {incident.element_id}: {incident.message}"
        return incident is not None or status in ENDED


def answer_form(
    session: Session,
    actor: Actor,
    task: Task,
    sample: Sample,
    settings: Settings,
    given: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The fields a simulated person enters into the form of ``task``; ``given`` ones are entered as they are."""
    if task.form_definition_id is None:
        return dict(given or {})
    form = session.get_one(FormDefinition, task.form_definition_id)
    times = session.scalar(
        select(func.count()).where(
            Task.case_id == task.case_id, Task.element_id == task.element_id, Task.status == TaskStatus.COMPLETED
        )
    )
    case = session.get(Case, task.case_id) if task.case_id else None
    facts = {
        "case": case_context(session, case) if case is not None else {},
        "expected": dict(sample.expected),
        "context": dict(sample.context),
        "tests": list(sample.tests),
        "task": {"element_id": task.element_id, "name": task.name, "times": times or 0},
    }
    store = _file_store(session, actor, settings)
    answerer = Answerer(task.variables, facts, store, LIBRARY, host_for(session))
    return answerer.fill(form.schema, given or {})


def open_report(session: Session, report: Mapping[str, Any], **options: Any) -> Case:
    """Open a case as the intake does; a place outside the city is confirmed as such, as a clerk on the phone would."""
    actor = Actor.system(SOURCE)
    try:
        return intake.open_case(session, actor, report, **options)
    except InvalidInput as error:
        if {problem.code for problem in error.problems} != {"outside_city"}:
            raise
        return intake.open_case(session, actor, {**report, "outside_city": True}, **options)


def _file_store(session: Session, actor: Actor, settings: Settings) -> Callable[[str, bytes], str]:
    def store(slot: str, data: bytes) -> str:
        kept = evidence.store(
            session, actor, data, file_name=f"{slot}.png", slot=slot, source=SOURCE, settings=settings
        )
        return kept.public_id

    return store


def describe(error: CityLoopError) -> str:
    """One line for the reader of the run."""
    problems = getattr(error, "problems", ())
    details = "; ".join(f"{getattr(p, 'path', '')} {p.code} {dict(p.facts)}" for p in problems)
    return f"{error}{': ' if details else ''}{details}"
