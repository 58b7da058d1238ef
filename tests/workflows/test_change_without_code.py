"""What a designer changes without a programmer: edited copies of shipped files, published and run to their end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from engine import cases, clock
from engine.deployments import load_folder
from engine.permissions import actor_for
from engine.scenarios import ENDING, Sandbox
from engine.settings import Settings
from engine.simulation.outcome import outcome_of
from engine.storage import Case, Organisation, Person, Task
from engine.worklist import walked_elements

SHIPPED = {path: content for path, content in load_folder().items() if not path.endswith(ENDING)}
WEDNESDAY = "2026-11-18T09:00+08:00"
RUBBISH = {
    "title": "暴露生活垃圾",
    "description": "路边堆放生活垃圾，请处理。",
    "service_type": "市容环卫服务",
    "kind": "事件",
    "category": "市容环境",
    "sub_category": "暴露生活垃圾",
    "district": "福田区",
    "street": "莲花街道",
    "community": "景田社区",
    "place": "景田北街",
    "channel": "12345热线",
    "urgency": "一般",
}


@pytest.fixture
def publish(tmp_path: Path) -> Any:
    """A context with a sandbox in which the shipped files and these changes are published."""

    @contextmanager
    def published(changed: Mapping[str, bytes]) -> Iterator[Sandbox]:
        now = clock.parse(WEDNESDAY)
        sandbox = Sandbox.create(Settings.from_environment(), tmp_path, {**SHIPPED, **changed}, now)
        try:
            yield sandbox
        finally:
            sandbox.close()

    return published


def edited(path: str, *changes: tuple[str, str]) -> bytes:
    """A shipped file in which each text is replaced by another; a text that is not there is a mistake of the test."""
    text = SHIPPED[path].decode("utf-8")
    for old, new in changes:
        assert old in text, f"{path} has no {old}"
        text = text.replace(old, new)
    return text.encode("utf-8")


def outcome(sandbox: Sandbox) -> Any:
    assert sandbox.case_id is not None
    with sandbox.database.reading() as session:
        return outcome_of(session, sandbox.case_id)


def walked(sandbox: Sandbox) -> set[str]:
    with sandbox.database.reading() as session:
        return set(walked_elements(session, case_id=sandbox.case_id))


def test_an_eighth_service_is_two_files(publish: Any) -> None:
    bpmn = "workflows/sanitation/sanitation.bpmn"
    changed = {
        "workflows/night_market/night_market.bpmn": edited(
            bpmn,
            ('"sanitation"', '"night_market"'),
            ("_sanitation", "_night_market"),
            ("市容环卫服务", "夜间集市服务"),
        ),
        "forms/report_night_market.form": edited(
            "forms/report_sanitation.form", ("report_sanitation", "report_night_market"), ("市容环卫", "夜间集市")
        ),
    }
    with publish(changed) as sandbox:
        sandbox.open_case({**RUBBISH, "service_type": "夜间集市服务"})
        sandbox.run_on(80)
        with sandbox.database.reading() as session:
            case = session.get_one(Case, sandbox.case_id)
            assert (case.service_type, case.status) == ("night_market", "closed")
            assert session.scalars(select(Task.process_key).where(Task.case_id == case.id)).first() is not None
        assert outcome(sandbox).decision_row == "E03"


def test_an_extra_legal_review_before_the_hand_off_is_one_file(publish: Any) -> None:
    path = "workflows/enforcement_handoff/enforcement_handoff.bpmn"
    review = """
    <bpmn:userTask id="check_law" name="审核线索合法性">
      <bpmn:documentation>移送之前由法制审核员先看证据取得是否合法。</bpmn:documentation>
      <bpmn:extensionElements>
        <zeebe:userTask />
        <zeebe:assignmentDefinition candidateGroups="legal_reviewer" />
        <zeebe:formDefinition formId="legal_review" />
        <zeebe:properties>
          <zeebe:property name="limit" value="4 工作时" />
          <zeebe:property name="escalateTo" value="supervisor" />
          <zeebe:property name="stage" value="移送执法" />
        </zeebe:properties>
      </bpmn:extensionElements>
      <bpmn:incoming>flow_prepare_clue_send_clue</bpmn:incoming>
      <bpmn:outgoing>flow_check_law_send_clue</bpmn:outgoing>
    </bpmn:userTask>
    <bpmn:sequenceFlow id="flow_check_law_send_clue" sourceRef="check_law" targetRef="send_clue" />
    """
    flow = '<bpmn:sequenceFlow id="flow_prepare_clue_send_clue" sourceRef="prepare_clue" targetRef="'
    changed = edited(
        path,
        ("<bpmn:incoming>flow_prepare_clue_send_clue<", "<bpmn:incoming>flow_check_law_send_clue<"),
        (f'{flow}send_clue" />', f'{review}{flow}check_law" />'),
        (
            "<bpmn:flowNodeRef>prepare_clue<",
            "<bpmn:flowNodeRef>check_law</bpmn:flowNodeRef><bpmn:flowNodeRef>prepare_clue<",
        ),
    )
    with publish({path: changed}) as sandbox:
        sandbox.open_case({**RUBBISH, "title": "积存垃圾渣土", "sub_category": "积存垃圾渣土"})
        sandbox.complete("accept_report", "", {"filing_choice": "E05"})
        sandbox.complete("file_case", "", {"filing_choice": "E05", "party_known": True})
        sandbox.complete("dispatch", "", {"route": "ENFORCEMENT_HANDOFF", "cordon_first": False})
        sandbox.complete("prepare_clue", "", {})
        with sandbox.database.reading() as session:
            waiting = session.scalars(select(Task.element_id).where(Task.status == "open")).all()
        assert waiting == ["check_law"], "nothing is handed over before the review"
        sandbox.complete("check_law", "legal_reviewer", {})
        sandbox.run_on(80)
        assert outcome(sandbox).status == "closed" and {"check_law", "send_clue"} <= walked(sandbox)


def test_another_limit_is_one_cell_of_a_table(publish: Any) -> None:
    path = "workflows/filing/filing_limits.dmn"
    table = SHIPPED[path].decode("utf-8")
    start = table.index('<rule id="filing_limits_', table.index('<decision id="filing_limits"'))
    rule = next(part for part in table[start:].split("</rule>") if '"E03"' in part)
    changed = edited(path, (rule, rule.replace("4 工作时", "2 工作时")))
    with publish({path: changed}) as sandbox:
        sandbox.open_case(RUBBISH)
        sandbox.complete("accept_report", "", None)
        sandbox.complete("file_case", "", {"filing_choice": "E03"})
        found = outcome(sandbox)
        assert found.limit == "2 工作时"
        assert clock.city_time(found.due_at).isoformat(timespec="minutes") == "2026-11-18T11:00+08:00"
        sandbox.run_on(80)
        assert outcome(sandbox).status == "closed"


def test_a_new_contingency_is_one_file(publish: Any) -> None:
    changed = edited(
        "workflows/tree_fall_response/tree_fall_response.bpmn",
        ('id="tree_fall_response"', 'id="glass_fall_response"'),
        ('processRef="tree_fall_response"', 'processRef="glass_fall_response"'),
        ("树木倒伏", "玻璃幕墙坠落"),
    )
    with publish({"workflows/glass_fall_response/glass_fall_response.bpmn": changed}) as sandbox:
        report = {
            **RUBBISH,
            "title": "玻璃幕墙坠落",
            "service_type": "应急管理辅助服务",
            "category": "突发事件",
            "sub_category": "高空坠物",
            "urgency": "特急",
        }
        sandbox.start("glass_fall_response", {}, report)
        sandbox.run_on(80)
        assert outcome(sandbox).status == "closed" and "cordon" in walked(sandbox)


def test_a_new_button_on_a_case_is_one_file_and_its_form(publish: Any) -> None:
    changed = {
        "workflows/second_look/second_look.bpmn": edited(
            "workflows/supervision/supervision.bpmn",
            ('id="supervision"', 'id="second_look"'),
            ('processRef="supervision"', 'processRef="second_look"'),
            ('name="督办"', 'name="回头看"'),
            ("supervisor, duty_chief, street_office, bureau", "clerk"),
        )
    }
    with publish(changed) as sandbox:
        sandbox.open_case(RUBBISH)
        with sandbox.database.reading() as session:
            clerk = actor_for(
                session, session.scalars(select(Person.id).where(Person.username == "clerk")).one(), "test"
            )
            case = session.get_one(Case, sandbox.case_id)
            offered = {definition.name for definition in cases.actions_for(session, clerk, case)}
            assert "回头看" in offered and "督办" not in offered
            party = session.get_one(Organisation, case.responsible_organisation_id)
        fields = {"supervision_trigger": "key", "supervision_instruction": "看看是不是真的清了"}
        sandbox.action("second_look", "clerk", fields)
        sandbox.complete("report_back", "", {})
        sandbox.complete("review", "supervisor", {})
        with sandbox.database.reading() as session:
            case = session.get_one(Case, sandbox.case_id)
            assert case.facts["supervision_level"] == 2 and case.responsible_organisation_id == party.id
