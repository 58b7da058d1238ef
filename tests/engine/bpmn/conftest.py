"""Walks through small diagrams: every deed is followed by a dump and a load, so nothing lives in memory only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.bpmn.execution import Execution
from engine.bpmn.facts import Facts, Step, Thrown
from engine.bpmn.program import Program, build_program
from engine.bpmn.scripts import Environment

DIAGRAMS = Path(__file__).parent / "diagrams"
NINE = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # Monday 09:00 in the city


class Walk:
    """One instance, driven by element ids; saves and loads after every deed unless ``durable`` is off."""

    def __init__(
        self, program: Program, variables: Mapping[str, Any] | None = None, *, durable: bool = True,
        start_element: str | None = None, payload: Mapping[str, Any] | None = None,
        outside: Mapping[str, Any] | None = None, **environment: Any,
    ) -> None:  # fmt: skip
        self.program, self.durable = program, durable
        self.options: dict[str, Any] = {**environment, "variables": outside or {}}
        self.now = NINE
        self.steps: list[Step] = []
        self.thrown: list[Thrown] = []
        self.ends: list[str] = []
        self.state = b""
        self.execution = Execution.start(
            program, self.environment, variables, start_element=start_element, payload=payload
        )
        self.keep()

    @property
    def environment(self) -> Environment:
        return Environment(now=self.now, **self.options)

    def keep(self) -> None:
        self.facts: Facts = self.execution.facts()
        self.steps += self.facts.steps
        self.thrown += self.facts.thrown
        self.ends += self.facts.end_events
        self.state = self.execution.dump()
        if self.durable:
            self.execution = Execution.load(self.program, self.environment, self.state)
            again = self.execution.facts()
            assert (again.tasks, again.timers, again.waits, again.jobs, again.ended, again.active) == (
                self.facts.tasks, self.facts.timers, self.facts.waits, self.facts.jobs, self.facts.ended,
                self.facts.active,
            )  # fmt: skip
            assert self.execution.dump() == self.state
        else:
            self.execution._workflow.steps.clear()
            self.execution._workflow.thrown.clear()
            self.execution._workflow.end_events.clear()

    def complete(self, element_id: str, which: int = 0, /, **variables: Any) -> Walk:
        self.execution.complete_task(self.task(element_id, which).key, variables)
        self.keep()
        return self

    def finish(self, element_id: str, **result: Any) -> Walk:
        self.execution.finish_job(self.job(element_id).key, result)
        self.keep()
        return self

    def fail(self, element_id: str, code: str, **variables: Any) -> bool:
        caught = self.execution.fail_job(self.job(element_id).key, code, "", variables)
        self.keep()
        return caught

    def deliver(self, element_id: str, **payload: Any) -> Walk:
        self.execution.deliver(self.wait(element_id).key, payload)
        self.keep()
        return self

    def fire(self, element_id: str) -> Walk:
        """Let the clock go to the timer's time, then fire it."""
        timer = self.timer(element_id)
        self.now = max(self.now, timer.due_at)
        self.execution = Execution.load(self.program, self.environment, self.state)
        self.execution.fire_timer(timer.key)
        self.keep()
        return self

    def later(self, **span: float) -> Walk:
        self.now += timedelta(**span)
        self.execution = Execution.load(self.program, self.environment, self.state)
        return self

    def changed(self, **outside: Any) -> Walk:
        """The world outside changes (``case`` …)."""
        self.options["variables"] = outside
        self.execution = Execution.load(self.program, self.environment, self.state)
        self.execution.data_changed()
        self.keep()
        return self

    def task(self, element_id: str, which: int = 0) -> Any:
        return [t for t in self.facts.tasks if t.element_id == element_id][which]

    def job(self, element_id: str) -> Any:
        return next(j for j in self.facts.jobs if j.element_id == element_id)

    def wait(self, element_id: str) -> Any:
        return next(w for w in self.facts.waits if w.element_id == element_id)

    def timer(self, element_id: str) -> Any:
        return next(t for t in self.facts.timers if t.element_id == element_id)

    @property
    def open(self) -> list[str]:
        """What waits, by element id: tasks, jobs, awaited events and timers."""
        facts = self.facts
        return sorted(x.element_id for x in (*facts.tasks, *facts.jobs, *facts.waits, *facts.timers))

    @property
    def ended(self) -> bool:
        return self.facts.ended

    @property
    def variables(self) -> dict[str, Any]:
        return self.execution.variables

    def walked(self, kind: str = "completed") -> list[str]:
        return [s.element_id for s in self.steps if s.kind == kind and s.type != "process"]


def read_diagram(*names: str) -> dict[str, bytes]:
    return {f"{name}.bpmn": (DIAGRAMS / f"{name}.bpmn").read_bytes() for name in names}


@pytest.fixture(scope="session")
def program() -> Callable[..., Program]:
    """Build a diagram of the ``diagrams`` folder by name."""

    def build(*names: str, main: str = "main") -> Program:
        return build_program(read_diagram(*names), main)

    return build


@pytest.fixture(params=[True, False], ids=["saved", "in memory"])
def walk(program: Callable[..., Program], request: pytest.FixtureRequest) -> Callable[..., Walk]:
    """Start a diagram by name; runs once with a save and load after every deed and once in memory."""

    def start(name: str, variables: Mapping[str, Any] | None = None, **options: Any) -> Walk:
        return Walk(program(name), variables, durable=request.param, **options)

    return start
