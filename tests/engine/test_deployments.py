"""Publishing: whole or not at all, every problem at once, versions only for what changed, nothing fires twice."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from engine import clock, deployments, tasks
from engine.deployments import deploy
from engine.errors import DeploymentRejected, NotAllowed, NotFound
from engine.instances import start
from engine.owed import run_due
from engine.permissions import Actor
from engine.settings import Settings
from engine.storage import (
    DefinitionState,
    Deployment,
    DeploymentFile,
    FormDefinition,
    ProcessDefinition,
    ProcessInstance,
    StartTrigger,
    Task,
)

MACHINE = Actor.system("test")


def versions(session, key="sanitation"):
    return [
        (row.version, row.state.value)
        for row in session.scalars(
            select(ProcessDefinition).where(ProcessDefinition.key == key).order_by(ProcessDefinition.version)
        )
    ]


def service(draw, *steps):
    drawing = draw("sanitation", kind="service", serviceType="sanitation")
    for step in steps:
        drawing.user(step, "clerk")
    return drawing


def test_only_what_changed_gets_a_new_version(session, city, draw, publish):
    first = publish(service(draw, "accept"))
    assert versions(session) == [(1, "published")]
    assert publish(service(draw, "accept"), name="again") is None, "nothing changed"
    assert [row.name for row in session.scalars(select(Deployment))] == ["test"]
    second = publish(service(draw, "accept", "close"))
    assert second.id != first.id and versions(session) == [(1, "published"), (2, "published")]
    assert session.scalar(select(func.count()).select_from(FormDefinition)) == 1
    assert session.scalars(select(DeploymentFile.path).where(DeploymentFile.deployment_id == second.id)).all()


def test_a_scenario_alone_is_something_new(session, city, draw, publish):
    path = "workflows__sanitation__sanitation.scenario.yaml"
    publish(service(draw, "accept"))
    assert publish(service(draw, "accept"), **{path: b"name: one"}) is not None
    assert publish(service(draw, "accept"), **{path: b"name: one"}) is None
    assert publish(service(draw, "accept"), **{path: deployments.NO_MORE}) is not None
    assert publish(service(draw, "accept"), **{path: deployments.NO_MORE}) is None
    assert versions(session) == [(1, "published")]


def test_running_instances_keep_their_version(session, city, draw, publish):
    publish(service(draw, "accept", "close"))
    running = start(session, MACHINE, "sanitation")
    publish(service(draw, "accept", "other"))
    tasks.complete(session, MACHINE, session.scalars(select(Task.id)).one(), {})
    fresh = start(session, MACHINE, "sanitation")
    assert running.process_definition_id != fresh.process_definition_id
    elements = session.scalars(select(Task.element_id).where(Task.instance_id == running.id).order_by(Task.id)).all()
    assert elements == ["accept", "close"]


def test_every_problem_of_a_bundle_is_told_at_once_and_nothing_is_stored(session, city, draw):
    files = {
        "workflows/a/a.bpmn": draw("a").user("t", "no_such_role", form="no_such_form").xml(),
        "workflows/b/b.bpmn": b"<no xml",
        "workflows/c/c.dmn": b"<?xml version='1.0'?><x/>",
        "forms/broken.form": b"{",
        "forms/nameless.form": b"{}",
        "readme.txt": b"",
        "workflows/d/d.bpmn": draw("d").service("s", "no-such-connector").xml(),
    }
    with pytest.raises(DeploymentRejected) as refused:
        deploy(session, MACHINE, files, name="bad", source="test")
    found = {(problem.file, problem.code) for problem in refused.value.problems}
    assert {
        ("workflows/a/a.bpmn", "unknown_role"),
        ("workflows/a/a.bpmn", "unknown_form"),
        ("forms/broken.form", "not_json"),
        ("forms/nameless.form", "form_without_id"),
        ("readme.txt", "unknown_file_kind"),
        ("workflows/d/d.bpmn", "unknown_connector"),
    } <= found
    assert {file for file, _ in found} >= {"workflows/b/b.bpmn", "workflows/c/c.dmn"}
    session.rollback()
    assert session.scalars(select(Deployment)).all() == []


def test_a_diagram_that_never_waits_is_refused_by_the_trial(session, city, draw):
    endless = (
        draw("endless").xml().replace(b'<bpmn:endEvent id="end"><bpmn:incoming>f0</bpmn:incoming></bpmn:endEvent>', b"")
    )
    endless = endless.replace(
        b'<bpmn:sequenceFlow id="f0" sourceRef="start" targetRef="end"/>',
        b'<bpmn:sequenceFlow id="f0" sourceRef="start" targetRef="j"/><bpmn:exclusiveGateway id="j">'
        b"<bpmn:incoming>f0</bpmn:incoming><bpmn:incoming>g2</bpmn:incoming><bpmn:outgoing>g1</bpmn:outgoing>"
        b'</bpmn:exclusiveGateway><bpmn:scriptTask id="s"><bpmn:extensionElements><zeebe:script expression="=1" '
        b'resultVariable="x"/></bpmn:extensionElements><bpmn:incoming>g1</bpmn:incoming><bpmn:outgoing>g4</bpmn:outgoing>'
        b'</bpmn:scriptTask><bpmn:exclusiveGateway id="k" default="g2"><bpmn:incoming>g4</bpmn:incoming>'
        b"<bpmn:outgoing>g2</bpmn:outgoing><bpmn:outgoing>g5</bpmn:outgoing></bpmn:exclusiveGateway>"
        b'<bpmn:endEvent id="end"><bpmn:incoming>g5</bpmn:incoming></bpmn:endEvent>'
        b'<bpmn:sequenceFlow id="g1" sourceRef="j" targetRef="s"/>'
        b'<bpmn:sequenceFlow id="g4" sourceRef="s" targetRef="k"/>'
        b'<bpmn:sequenceFlow id="g2" sourceRef="k" targetRef="j"/><bpmn:sequenceFlow id="g5" sourceRef="k" '
        b'targetRef="end"><bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">=x = 2</bpmn:conditionExpression>'
        b"</bpmn:sequenceFlow>",
    )
    with pytest.raises(DeploymentRejected) as refused:
        deploy(session, MACHINE, {"workflows/endless/endless.bpmn": endless}, name="endless", source="test")
    assert [problem.code for problem in refused.value.problems] == ["trial_budget"]


def test_going_back_to_an_earlier_version_and_out_of_use(session, people, draw, publish):
    for steps in (["a"], ["a", "b"], ["a", "b", "c"]):
        publish(service(draw, *steps))
    deployments.republish(session, people.reviewer, "process", "sanitation", 2, reason="第三版有误")
    assert versions(session) == [(1, "published"), (2, "published"), (3, "retired")]
    fresh = start(session, MACHINE, "sanitation")
    assert session.get_one(ProcessDefinition, fresh.process_definition_id).version == 2
    deployments.retire(session, people.reviewer, "process", "sanitation")
    with pytest.raises(NotFound):
        start(session, MACHINE, "sanitation")
    with pytest.raises(NotAllowed):
        deployments.retire(session, people.designer, "process", "sanitation")


def test_a_draft_becomes_a_version_when_it_is_published(session, people, draw):
    files = {"workflows/sanitation/sanitation.bpmn": service(draw).xml()}
    with pytest.raises(NotAllowed):
        deploy(session, people.designer, files, name="x", source="test")
    draft = deploy(session, people.designer, files, name="x", source="test", publish=False)
    assert versions(session) == [(1, "draft")]
    with pytest.raises(NotFound):
        start(session, MACHINE, "sanitation")
    deployments.publish(session, people.reviewer, draft.id)
    assert versions(session) == [(1, "published")] and draft.state is DefinitionState.PUBLISHED
    start(session, MACHINE, "sanitation")


def test_the_shipped_folder_is_read_by_its_paths(tmp_path):
    (tmp_path / "workflows" / "a").mkdir(parents=True)
    (tmp_path / "forms").mkdir()
    (tmp_path / "workflows" / "a" / "a.bpmn").write_bytes(b"1")
    (tmp_path / "workflows" / "a" / "a.scenario.yaml").write_bytes(b"2")
    (tmp_path / "workflows" / "a" / "notes.txt").write_bytes(b"3")
    (tmp_path / "forms" / "f.form").write_bytes(b"4")
    found = deployments.load_folder(tmp_path)
    assert sorted(found) == ["forms/f.form", "workflows/a/a.bpmn", "workflows/a/a.scenario.yaml"]


# -- start events ------------------------------------------------------------------------------------------------------

TIMER = (
    '<bpmn:timerEventDefinition id="td"><bpmn:{kind} xsi:type="bpmn:tFormalExpression">{value}</bpmn:{kind}>'
    "</bpmn:timerEventDefinition>"
)


def started(session) -> int:
    return session.scalar(select(func.count()).select_from(ProcessInstance)) or 0


def look(database, at) -> None:
    with clock.at(at):
        while run_due(database, Settings(), worker="w"):
            pass


def test_a_cycle_starts_on_schedule_and_a_new_version_goes_on_with_it(session, database, city, draw, publish):
    daily = TIMER.format(kind="timeCycle", value="R/2026-11-18T08:00:00+08:00/P1D")
    with clock.at("2026-11-17T09:00"):
        publish(draw("report").user("write", "clerk").xml(daily))
    look(database, "2026-11-18T07:59")
    assert started(session) == 0
    session.commit()
    look(database, "2026-11-18T08:00")
    look(database, "2026-11-18T08:01")
    assert started(session) == 1
    with clock.at("2026-11-18T09:00"):
        publish(draw("report").user("write", "clerk").user("check", "clerk").xml(daily))
    look(database, "2026-11-18T09:01")
    assert started(session) == 1, "the new version does not fire what has fired"
    session.commit()
    look(database, "2026-11-21T12:00")
    assert started(session) == 2, "one to catch up, then on schedule"
    (active,) = session.scalars(select(StartTrigger).where(StartTrigger.active)).all()
    assert clock.city_time(active.due_at).isoformat() == "2026-11-22T08:00:00+08:00" and active.fired == 2


def test_a_date_fires_once_and_one_that_lies_behind_not_at_all(session, database, city, draw, publish):
    once = TIMER.format(kind="timeDate", value="2026-11-18T08:00:00+08:00")
    with clock.at("2026-11-17T09:00"):
        publish(draw("once").user("write", "clerk").xml(once))
    look(database, "2026-11-18T08:00")
    look(database, "2026-11-19T08:00")
    assert started(session) == 1
    with clock.at("2026-11-19T09:00"):
        publish(draw("once").user("write", "clerk").user("again", "clerk").xml(once))
        publish(draw("late").user("write", "clerk").xml(once))
    look(database, "2026-11-20T08:00")
    assert started(session) == 1


def test_a_retired_process_starts_no_more(session, database, people, draw, publish):
    daily = TIMER.format(kind="timeCycle", value="R/2026-11-18T08:00:00+08:00/P1D")
    with clock.at("2026-11-17T09:00"):
        publish(draw("report").user("write", "clerk").xml(daily))
    deployments.retire(session, people.reviewer, "process", "report")
    session.commit()
    look(database, "2026-11-19T08:00")
    assert started(session) == 0
