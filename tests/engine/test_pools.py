# ruff: noqa: E501 - a drawing reads best with one element a line
"""Pools: one executable process among black boxes, or partners in one drawing that talk through messages."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from engine import clock
from engine.bpmn import compile_processes
from engine.cases.actions import startable
from engine.deployments import deploy, examine
from engine.intake import open_case
from engine.owed import run_due
from engine.permissions import Actor
from engine.settings import Settings
from engine.storage import DefinitionState, Incident, ProcessDefinition, ProcessInstance, Task

MACHINE = Actor.system("test")
FORM = '<zeebe:assignmentDefinition candidateGroups="clerk"/><zeebe:formDefinition formId="remark"/>'
DRAWING = f"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="http://cityloop">
<bpmn:message id="m_ask" name="survey_wanted"/>
<bpmn:message id="m_told" name="survey_done"><bpmn:extensionElements><zeebe:subscription correlationKey="= case.number"/></bpmn:extensionElements></bpmn:message>
<bpmn:collaboration id="c">
  <bpmn:participant id="p_house" name="受理" processRef="sanitation"/>
  <bpmn:participant id="p_survey" name="测量队" processRef="survey"/>
  <bpmn:participant id="p_citizen" name="市民"><bpmn:participantMultiplicity minimum="0" maximum="2"/></bpmn:participant>
  <bpmn:messageFlow id="mf1" sourceRef="ask" targetRef="s_start"/>
  <bpmn:messageFlow id="mf2" sourceRef="s_end" targetRef="wait"/>
  <bpmn:messageFlow id="mf3" sourceRef="p_citizen" targetRef="start"/>
</bpmn:collaboration>
<bpmn:process id="sanitation" name="环卫" isExecutable="true"><bpmn:extensionElements><zeebe:properties><zeebe:property name="kind" value="service"/><zeebe:property name="serviceType" value="sanitation"/></zeebe:properties></bpmn:extensionElements>
  <bpmn:startEvent id="start"/>
  <bpmn:intermediateThrowEvent id="ask"><bpmn:extensionElements><zeebe:ioMapping><zeebe:input source="= case.number" target="number"/></zeebe:ioMapping></bpmn:extensionElements><bpmn:messageEventDefinition messageRef="m_ask"/></bpmn:intermediateThrowEvent>
  <bpmn:intermediateCatchEvent id="wait"><bpmn:messageEventDefinition messageRef="m_told"/></bpmn:intermediateCatchEvent>
  <bpmn:userTask id="read"><bpmn:extensionElements>{FORM}</bpmn:extensionElements></bpmn:userTask><bpmn:endEvent id="end"/>
  <bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="ask"/><bpmn:sequenceFlow id="f2" sourceRef="ask" targetRef="wait"/>
  <bpmn:sequenceFlow id="f3" sourceRef="wait" targetRef="read"/><bpmn:sequenceFlow id="f4" sourceRef="read" targetRef="end"/>
</bpmn:process>
<bpmn:process id="survey" name="测量" isExecutable="true"><bpmn:extensionElements><zeebe:properties><zeebe:property name="kind" value="shared"/></zeebe:properties></bpmn:extensionElements>
  <bpmn:startEvent id="s_start"><bpmn:messageEventDefinition messageRef="m_ask"/></bpmn:startEvent>
  <bpmn:scriptTask id="measure"><bpmn:extensionElements><zeebe:script expression="= 12" resultVariable="metres"/></bpmn:extensionElements></bpmn:scriptTask>
  <bpmn:endEvent id="s_end"><bpmn:extensionElements><zeebe:ioMapping><zeebe:input source="= metres" target="metres"/></zeebe:ioMapping></bpmn:extensionElements><bpmn:messageEventDefinition messageRef="m_back"/></bpmn:endEvent>
  <bpmn:sequenceFlow id="g1" sourceRef="s_start" targetRef="measure"/><bpmn:sequenceFlow id="g2" sourceRef="measure" targetRef="s_end"/>
</bpmn:process>
<bpmn:message id="m_back" name="survey_done"><bpmn:extensionElements><zeebe:subscription correlationKey="= number"/></bpmn:extensionElements></bpmn:message>
</bpmn:definitions>""".encode()


@pytest.fixture
def files(remark):
    return {"forms/remark.form": remark, "workflows/sanitation/sanitation.bpmn": DRAWING}


def test_every_executable_pool_is_a_process_of_its_own(session, city, files):
    assert [problem.code for problem in examine(session, files) if problem.severity == "error"] == []
    deploy(session, MACHINE, files, name="pools", source="test")
    rows = session.scalars(select(ProcessDefinition).order_by(ProcessDefinition.key)).all()
    assert [(r.key, r.name, r.kind, r.state) for r in rows] == [
        ("sanitation", "环卫", "service", DefinitionState.PUBLISHED), ("survey", "测量", "shared", DefinitionState.PUBLISHED),
    ]  # fmt: skip


def test_a_partner_that_waits_for_a_message_is_offered_to_nobody(session, city, files, draw):
    plain = draw("look_around", kind="shared").user("look")
    deploy(session, MACHINE, {**files, "workflows/look/look.bpmn": plain.xml()}, name="pools", source="test")
    assert [row.key for row in startable(session, MACHINE)] == ["look_around"]


def test_partners_in_one_drawing_talk_through_messages(session, people, files, report, database):
    deploy(session, MACHINE, files, name="pools", source="test")
    with clock.at("2026-11-18T09:00"):
        case = open_case(session, people.clerk, report)
    session.commit()
    with clock.at("2026-11-18T09:01"):
        while run_due(database, Settings(), worker="test"):
            pass
    session.expire_all()
    assert session.scalars(select(Incident.message)).all() == []
    assert sorted(session.scalars(select(ProcessInstance.process_key))) == ["sanitation", "survey"]
    (task,) = session.scalars(select(Task).where(Task.case_id == case.id)).all()
    assert (task.element_id, task.variables["metres"]) == ("read", 12)


def test_a_black_box_is_drawn_only_and_a_pool_may_be_one():
    info, problems = compile_processes(
        {"a.bpmn": DRAWING.replace(b'id="survey" name="\xe6\xb5\x8b\xe9\x87\x8f" isExecutable="true"', b'id="survey"')}
    )
    assert set(info) == {"sanitation"}
    assert [p.code for p in problems if p.severity == "error"] == []
