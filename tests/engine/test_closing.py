"""The last look at a case: what it was filed with stands in the form, and what is written there is kept."""

from __future__ import annotations

from sqlalchemy import select

from engine import forms, tasks
from engine.instances import form_schema, start
from engine.intake import open_case
from engine.permissions import Actor
from engine.settings import shipped
from engine.storage import Task, TaskStatus


def test_the_condition_of_the_filing_stands_in_the_closing_form_and_may_be_added_to(
    session, people, draw, publish, report
):
    read = {
        f"forms/{name}.form": shipped("forms").joinpath(f"{name}.form").read_bytes()
        for name in ("close_case", "satisfaction")
    }
    phrases = "workflows/language_check/language_check.dmn"
    read[phrases] = shipped("workflows").joinpath("language_check", "language_check.dmn").read_bytes()
    drawings = [shipped("workflows").joinpath(key, f"{key}.bpmn").read_bytes() for key in ("closing", "language_check")]
    publish(*drawings, draw("sanitation", kind="service", serviceType="sanitation").user("wait"), **read)
    case = open_case(session, people.clerk, report)
    run = start(session, people.clerk, "closing", case=case, variables={"filing": {"close_condition": "垃圾清空"}})
    waiting = select(Task).where(Task.instance_id == run.id, Task.status == TaskStatus.OPEN)
    task = session.scalars(waiting).one()
    nodes = forms.present(form_schema(session, task.form_definition_id), variables=task.variables)
    assert {node.name: node.value for node in nodes}["close_condition"] == "垃圾清空"
    answer = {"condition_met": "true", "close_condition": "垃圾清空，地面冲洗", "reply_text": "您反映的问题已处理。"}
    tasks.complete(session, Actor.system("test"), task.id, answer)
    assert task.result["close_condition"] == "垃圾清空，地面冲洗"
