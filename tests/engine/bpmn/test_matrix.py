"""Every BPMN element and event at every place either runs or is refused at publish; nothing in between.

The table in ``docs/engine.md`` is written from these rows: ``UPDATE_MATRIX=1`` brings it up to date.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.bpmn.execution import Execution
from engine.bpmn.lint import Resources, lint
from engine.bpmn.lint_words import catalogue
from engine.bpmn.parser import parse
from engine.bpmn.program import build_program
from engine.bpmn.reader import read_xml
from engine.bpmn.scripts import Decided, Environment

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[2] / "docs" / "engine.md"
BEGIN, FINISH = "<!-- matrix:begin -->", "<!-- matrix:end -->"
NINE = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
KNOWN = Resources(
    forms=frozenset({"form"}), decisions=frozenset({"choose"}), processes=frozenset(), roles=frozenset({"clerk"}),
    connectors=frozenset({"notify"}),
)  # fmt: skip
VARIABLES = {"yes": True, "go": False, "key": "k-1"}


def _neighbour(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"bpmn_{name}", HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


ROWS = _neighbour("matrix_rows").ROWS


def refusals(data: bytes) -> list[str]:
    """The codes of all errors before publishing, in order."""
    root, problems = read_xml(data, "case.bpmn")
    if root is not None:
        definitions = parse(root, "case.bpmn")
        problems = [*definitions.problems, *lint(definitions, KNOWN)]
    return list(dict.fromkeys(p.code for p in problems if p.severity == "error"))


class Walk:
    """Does everything that can be done, first what the row says, until the process ends; saved and loaded each time."""

    def __init__(self, row: Any) -> None:
        self.now = NINE
        self.program = build_program({"case.bpmn": row.data}, row.key)
        self.steps: list[Any] = []
        self.thrown: list[Any] = []
        self.execution = Execution.start(
            self.program,
            self.environment,
            VARIABLES,
            start_element=row.start,
            payload={"told": 1} if row.start else None,
        )
        self.keep()
        for element in row.actions:
            self.act(element)
        for _ in range(50):
            if self.facts.ended:
                break
            self.act(None)

    @property
    def environment(self) -> Environment:
        return Environment(now=self.now, decide=lambda decision_id, variables: Decided("yes"))

    def keep(self) -> None:
        self.facts = self.execution.facts()
        self.steps += self.facts.steps
        self.thrown += self.facts.thrown
        self.execution = Execution.load(self.program, self.environment, self.execution.dump())

    def act(self, wanted: str | None) -> None:
        facts = self.facts

        def chosen(entries: Iterable[Any]) -> Any:
            return next((e for e in entries if wanted in (None, e.element_id)), None)

        if task := chosen(facts.tasks):
            self.execution.complete_task(task.key, {})
        elif job := chosen(facts.jobs):
            self.execution.finish_job(job.key, {})
        elif wait := chosen(facts.waits):
            if wait.kind == "conditional":
                self.execution.set_variables({"go": True})
            else:
                self.execution.deliver(wait.key, {"told": 1})
        elif timer := chosen(facts.timers):
            self.now = max(self.now + timedelta(seconds=1), timer.due_at)
            self.execution.fire_timer(timer.key)
        else:
            raise AssertionError(
                f"nothing can be done for {wanted or 'the process'}: {facts.active}, thrown {facts.thrown}"
            )
        self.keep()


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_it_runs_or_is_refused(row):
    codes = refusals(row.data)
    if not row.runs:
        assert codes, "it is neither said to run nor refused"
        assert all(code in catalogue() for code in codes)
        return
    assert codes == []
    walk = Walk(row)
    assert walk.facts.ended
    entered = [step.element_id for step in walk.steps if step.kind == "entered"]
    assert set(row.passes) <= set(entered), f"only {entered} were passed"
    assert entered.count("x") >= row.times or "x" not in row.passes
    assert [thrown.kind for thrown in walk.thrown] == list(row.thrown)


def test_no_two_rows_are_the_same():
    assert len({str(row) for row in ROWS}) == len(ROWS)


def _verdict(row: Any) -> str:
    return "runs" if row.runs else f"`{refusals(row.data)[0]}`"


def _table() -> str:
    """The rows as tables: events by kind and place, markers by activity, the rest as a list each."""
    groups: dict[str, list[Any]] = {}
    for row in ROWS:
        groups.setdefault(row.group, []).append(row)
    places = {name: rows for name, rows in groups.items() if rows[0].title == "none"}
    parts = ["### Events by place", ""]
    parts += [f"| | {' | '.join(places)} |", f"|---|{'---|' * len(places)}"]
    for line in zip(*places.values(), strict=True):
        parts.append(f"| {line[0].title} | {' | '.join(_verdict(row) for row in line)} |")
    for name, rows in groups.items():
        if name not in places:
            parts += ["", f"### {name[0].upper()}{name[1:]}", "", "| what | |", "|---|---|"]
            parts += [f"| {row.title} | {_verdict(row)} |" for row in rows]
    refused = dict.fromkeys(refusals(row.data)[0] for row in ROWS if not row.runs)
    parts += ["", "### What the refusals say", "", "| code | |", "|---|---|"]
    parts += [f"| `{code}` | {catalogue()[code]['en']} |" for code in refused]
    return "\n".join(parts) + "\n"


def test_the_table_in_the_documentation_says_the_same():
    text = DOCUMENT.read_text(encoding="utf-8")
    assert BEGIN in text, "the place for the table is missing"
    before, _, rest = text.partition(BEGIN)
    held, _, after = rest.partition(FINISH)
    if os.environ.get("UPDATE_MATRIX"):
        DOCUMENT.write_text(f"{before}{BEGIN}\n{_table()}{FINISH}{after}", encoding="utf-8")
        return
    assert held.strip() == _table().strip(), "run UPDATE_MATRIX=1 pytest tests/engine/bpmn/test_matrix.py"
