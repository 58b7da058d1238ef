"""A city changes its processes by files alone: another limit, one more step at the hand-off, an eighth service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from engine.scenarios import read_scenarios, run_scenario
from engine.settings import Settings

ROOT = Path(__file__).parents[2]
REPORT = {
    "title": "树池旁堆放垃圾",
    "description": "树池旁有七八袋垃圾。",
    "service_type": "市容环卫服务",
    "kind": "事件",
    "category": "市容环境",
    "sub_category": "暴露生活垃圾",
    "district": "福田区",
    "street": "莲花街道",
    "place": "景田北街",
    "channel": "巡查员上报",
    "urgency": "一般",
}


def shipped() -> dict[str, bytes]:
    return {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for folder in ("workflows", "forms")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in {".bpmn", ".dmn", ".form"}
    }


def tell(files: dict[str, bytes], **story: Any) -> str:
    """Run a story on these files; answers why it is red, or nothing."""
    content = yaml.safe_dump({"name": "the city tries it", **story}, allow_unicode=True).encode()
    (scenario,) = read_scenarios("trial.scenario.yaml", content)
    return run_scenario(scenario, files, Settings.from_environment()).failure


def edit(files: dict[str, bytes], path: str, *changes: tuple[str, str]) -> None:
    text = files[path].decode()
    for old, new in changes:
        assert old in text, f"{path}: {old}"
        text = text.replace(old, new)
    files[path] = text.encode()


def test_a_limit_is_changed_in_the_table() -> None:
    files = shipped()
    path = "workflows/filing/filing_limits.dmn"
    before, rule, after = files[path].decode().partition('id="filing_limits_E03"')
    files[path] = (before + rule + after.replace('"4 工作时"', '"2 工作时"', 1)).encode()
    steps = [{"complete": "accept_report", "form": {"filing_choice": "E03"}}]
    steps += [{"complete": "file_case", "form": {"filing_choice": "E03"}}]
    start = {"at": "2026-10-12T16:30+08:00", "report": REPORT}
    assert (
        tell(files, start=start, steps=steps, expect={"limit": "2 工作时", "deadline": "2026-10-13T08:30+08:00"}) == ""
    )


def test_the_hand_off_gets_a_legal_review_before_the_receipt() -> None:
    files = shipped()
    review = """<bpmn:userTask id="review_evidence" name="证据法制预审">
      <bpmn:extensionElements>
        <zeebe:userTask />
        <zeebe:assignmentDefinition candidateGroups="legal_reviewer" />
        <zeebe:formDefinition formId="legal_review" />
        <zeebe:properties>
          <zeebe:property name="limit" value="1 工作日" />
          <zeebe:property name="escalateTo" value="enforcement_head" />
          <zeebe:property name="stage" value="移送执法" />
          <zeebe:property name="responsible" value="= receiver" />
        </zeebe:properties>
      </bpmn:extensionElements>
      <bpmn:incoming>flow_review_clue_give_receipt</bpmn:incoming>
      <bpmn:outgoing>flow_reviewed</bpmn:outgoing>
    </bpmn:userTask>
    <bpmn:sequenceFlow id="flow_reviewed" sourceRef="review_evidence" targetRef="give_receipt" />
    """
    edit(
        files,
        "workflows/enforcement_case/enforcement_case.bpmn",
        ('sourceRef="review_clue" targetRef="give_receipt"', 'sourceRef="review_clue" targetRef="review_evidence"'),
        (
            "<bpmn:incoming>flow_review_clue_give_receipt</bpmn:incoming>",
            "<bpmn:incoming>flow_reviewed</bpmn:incoming>",
        ),
        ('<bpmn:sequenceFlow id="flow_start_review_clue"', review + '<bpmn:sequenceFlow id="flow_start_review_clue"'),
    )
    report = {**REPORT, "sub_category": "积存垃圾渣土", "title": "偷倒装修垃圾"}
    steps = [
        {"complete": "accept_report", "form": {"filing_choice": "E05"}},
        {"complete": "file_case", "form": {"filing_choice": "E05", "party_known": True}},
        {"complete": "dispatch", "form": {"route": "ENFORCEMENT_HANDOFF", "cordon_first": False}},
        {"complete": "prepare_clue"},
        {"complete": "review_clue", "expect": {"tasks": ["review_evidence"], "groups": ["legal_reviewer"]}},
        {"complete": "review_evidence", "as": "legal_reviewer", "expect": {"tasks": ["verify_clue"]}},
        {"run": 60},
    ]
    assert tell(files, start={"report": report}, steps=steps, expect={"status": "closed"}) == ""


def test_an_eighth_service_is_a_file_more() -> None:
    files = shipped()
    eighth = files["workflows/civilised_city/civilised_city.bpmn"].decode()
    eighth = eighth.replace("civilised_city", "night_economy").replace("文明城市建设服务", "夜间经济服务")
    files["workflows/night_economy/night_economy.bpmn"] = eighth.encode()
    files["forms/report_night_economy.form"] = files["forms/report_civilised_city.form"].replace(
        b"civilised_city", b"night_economy"
    )
    start = {"process": "night_economy", "report": REPORT}
    assert (
        tell(files, start=start, steps=[{"run": 40}], expect={"status": "closed", "passed": ["handling", "closing"]})
        == ""
    )
