"""The timeline of a case: people's deeds with the opinion each gave, the machine's steps folded between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from engine import forms
from engine.forms import FILE_TYPES
from engine.instances import form_schema
from engine.reference import data
from engine.storage import Case, Person, Task, TaskStatus
from engine.worklist import Closed, Line
from web import context
from web.widgets import plain_value
from web.wording import coded, named

QUIET = frozenset(
    {"instance.advanced", "timer.fired", "job.done", "task.opened", "message.delivered", "signal.delivered"}
)
"""Steps of the machine nobody asks about first."""
SAME_DEED = timedelta(minutes=10)
LONGEST = 300


@dataclass
class Told:
    """One entry: a deed with its words, or (``quiet``) several steps of the machine."""

    quiet: bool
    tone: str
    lines: list[Line]
    opinion: list[tuple[str, str]] = field(default_factory=list)
    by_machine: bool = False

    @property
    def decisions(self) -> list[tuple[str, str, str]]:
        """Why it went on as it did: name of the decision, the rows that fired with their remarks, the answer."""
        found = []
        for line in self.lines:
            for trace in (line.details or {}).get("decisions") or ():
                rows = "、".join(str(row) for row in trace.get("rows") or ())
                remarks = "；".join(dict.fromkeys(str(text) for text in trace.get("annotations") or () if text))
                why = f"{rows}（{remarks}）" if rows and remarks else rows or remarks
                found.append(
                    (str(trace.get("name") or trace.get("decision")), why[:LONGEST], _short(trace.get("value")))
                )
        return found


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        pairs = [(coded(name, "answers"), _named(each)) for name, each in value.items() if each is not None]
        return "，".join(f"{name}: {words}" for name, words in pairs)[:LONGEST]
    return _named(value)[:LONGEST]


def _named(value: Any) -> str:
    """A decision's answer: routes and duties by their names."""
    if isinstance(value, list):
        return "、".join(_named(each) for each in value)
    if not isinstance(value, str):
        return plain_value(value)
    duty = next((row for row in data("duties.yaml") if row["code"] == value), None)
    return named(duty) if duty else coded(value, "routes")


def told_lines(case: Case, lines: Sequence[Line], closed: Closed) -> list[Told]:
    """The timeline, newest first, without what is closed to the actor."""
    opinions = _opinions(case, closed)
    done = {(line.task_id, line.who): line.at for line in lines if line.kind == "task.completed"}
    made: list[Told] = []
    for line in reversed(lines):
        if line.kind == "task.claimed" and _is_beginning(line, done):
            continue
        machine = not line.role and line.who in ("worker", "web", "simulation", "demo")
        quiet = line.kind in QUIET or (line.kind == "case.changed" and machine and not _returned(line))
        if quiet and made and made[-1].quiet:
            made[-1].lines.append(line)
            continue
        opinion = opinions.get(line.task_id or 0, []) if line.kind == "task.completed" else []
        made.append(Told(quiet, _tone(line), [line], opinion, machine))
    return made


def _is_beginning(line: Line, done: Mapping[tuple[int | None, str], Any]) -> bool:
    """Claiming a task and doing it at once is one deed to a reader."""
    at = done.get((line.task_id, line.who))
    return at is not None and at - line.at < SAME_DEED


def _tone(line: Line) -> str:
    if line.kind in ("deadline.breached", "incident.opened", "case.suspended") or _returned(line):
        return "is-back"
    if line.kind in ("case.ended", "case.closed", "incident.resolved"):
        return "is-good"
    return "is-person" if line.role else ""


def _returned(line: Line) -> bool:
    return bool(line.new and (line.new.get("times_returned") or line.new.get("times_reworked")))


def _opinions(case: Case, closed: Closed) -> dict[int, list[tuple[str, str]]]:
    """What was entered at each completed task, in the words of its form; files are shown elsewhere."""
    rows = context.session().execute(
        select(Task.id, Task.result, Task.form_definition_id).where(
            Task.case_id == case.id, Task.status == TaskStatus.COMPLETED, Task.result.is_not(None)
        )
    )
    return {
        task_id: _said(form_schema(context.session(), form_id), result)
        for task_id, result, form_id in rows
        if form_id and task_id not in closed.tasks
    }


@dataclass(frozen=True)
class Said:
    """What somebody entered at an earlier step."""

    step: str
    who: str
    at: datetime
    words: list[tuple[str, str]]


def said_before(case: Case, closed: Closed, most: int = 3) -> list[Said]:
    """The newest opinions given on a case, newest first, without what is closed to the actor."""
    rows = context.session().execute(
        select(Task.id, Task.name, Task.completed_at, Task.result, Task.form_definition_id, Person.display_name)
        .outerjoin(Person, Person.id == Task.completed_by_id)
        .where(Task.case_id == case.id, Task.status == TaskStatus.COMPLETED, Task.result.is_not(None))
        .where(Task.form_definition_id.is_not(None), Task.id.not_in(closed.tasks))
        .order_by(Task.completed_at.desc(), Task.id.desc())
        .limit(most)
    )
    found = [
        Said(name, who or _("The machine"), at, _said(form_schema(context.session(), form_id), result))
        for _id, name, at, result, form_id, who in rows
    ]
    return [each for each in found if each.words]


def _said(schema: Mapping[str, Any], result: Mapping[str, Any]) -> list[tuple[str, str]]:
    labels = _choices(schema)
    found = []
    for each in forms.fields(schema):
        value = forms.value_at(result, each.path)
        if each.type in FILE_TYPES or each.type == "point" or value in (None, "", [], False):
            continue
        if each.type == "checkbox":
            text = _("yes")
        else:
            values = value if isinstance(value, list) else [value]
            text = "、".join(labels.get((each.path, str(one)), plain_value(one)) for one in values)
        found.append((each.label or each.key, text[:LONGEST]))
    return found


def _choices(schema: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    return {
        (str(component["key"]), str(option["value"])): str(option.get("label") or option["value"])
        for component in schema.get("components", ())
        if component.get("key")
        for option in component.get("values") or ()
        if isinstance(option, Mapping) and "value" in option
    }
