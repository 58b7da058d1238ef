"""Scenario files are read strictly: what is not understood is named, never passed over."""

import pytest

from engine.errors import InvalidInput
from engine.scenarios import read_scenarios

GOOD = """
name: 反馈不合格返工
start: {at: 2026-10-12T16:30+08:00, report: {title: 垃圾, service_type: 市容环卫服务}}
steps:
  - complete: accept_report
    as: clerk
    form: {decision: accept}
    expect: {tasks: [file_case]}
  - advance: PT4H
  - to: 2026-10-13T09:00+08:00
  - message: enforcement_receipt
    payload: {accepted: true}
expect: {status: closed}
---
name: 第二个
start: {process: sanitation}
"""


def problem(text: str) -> tuple[str, str]:
    with pytest.raises(InvalidInput) as caught:
        read_scenarios("workflows/x/x.scenario.yaml", text.encode())
    (found,) = caught.value.problems
    return found.path.removeprefix("workflows/x/x.scenario.yaml: "), found.code


def test_a_file_may_hold_several_scenarios_and_times_stay_text() -> None:
    first, second = read_scenarios("x", GOOD.encode())
    assert (first.name, second.name) == ("反馈不合格返工", "第二个")
    assert first.start["at"] == "2026-10-12T16:30+08:00"
    assert [step.kind for step in first.steps] == ["complete", "advance", "to", "message"]
    assert first.steps[0].options == {"as": "clerk", "form": {"decision": "accept"}}
    assert first.steps[0].expect == {"tasks": ["file_case"]}


@pytest.mark.parametrize(
    ("text", "place", "code"),
    [
        ("name: [", "", "scenario_not_yaml"),
        ("name: x\nstart: {}\nstpes: []", "1.stpes", "unknown_key"),
        ("start: {}", "1.name", "required"),
        ("name: x\nstart: {}\nsteps: [{wait: PT1H}]", "1.steps.1", "scenario_step"),
        ("name: x\nstart: {}\nsteps: [{advance: PT1H, signal: a}]", "1.steps.1", "scenario_step"),
        ("name: x\nstart: {}\nsteps: [{advance: PT1H, as: clerk}]", "1.steps.1.as", "unknown_key"),
        ("name: x\nstart: {earlier: [1]}", "1.start.earlier", "wrong_type"),
        ("name: x\nstart: {}\nexpect: {sage: 立案}", "1.expect.sage", "unknown_key"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, place: str, code: str) -> None:
    found = problem(text)
    assert found[1] == code
    assert place in found[0]
