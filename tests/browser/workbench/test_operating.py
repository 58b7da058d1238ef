"""Operators correct running instances by hand, and take them over to another version."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from engine import clock
from engine.deployments import deploy
from engine.instances import start
from engine.owed import run_due
from engine.permissions import Actor
from engine.settings import Settings
from engine.storage import Database, ProcessDefinition, ProcessInstance, Task, TaskStatus, Timer

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" '
    'id="definitions" targetNamespace="http://cityloop">'
)
SAID = (
    '<bpmn:extensionElements><zeebe:assignmentDefinition candidateGroups="clerk"/><zeebe:formDefinition '
    'formId="check_result"/><zeebe:properties><zeebe:property name="limit" value="4 工作时"/><zeebe:property '
    'name="escalateTo" value="duty_chief"/></zeebe:properties></bpmn:extensionElements>'
)


def process(*steps: tuple[str, str]) -> bytes:
    """A chain of user tasks (id, name), the first of which gives up after a day by a timer on its border."""
    chain = ["begin", *(identity for identity, _ in steps), "done"]
    tasks = "".join(f'<bpmn:userTask id="{identity}" name="{name}">{SAID}</bpmn:userTask>' for identity, name in steps)
    flows = "".join(
        f'<bpmn:sequenceFlow id="f{number}" sourceRef="{a}" targetRef="{b}"/>'
        for number, (a, b) in enumerate(pairwise(chain))
    )
    shapes = "".join(
        f'<bpmndi:BPMNShape id="{name}_di" bpmnElement="{name}"><dc:Bounds x="{100 + 160 * place}" y="100" width="100" '
        f'height="80"/></bpmndi:BPMNShape>'
        for place, name in enumerate([*chain, "late"])
    )
    return (
        f'{HEAD}<bpmn:process id="visit" name="回访" isExecutable="true"><bpmn:extensionElements><zeebe:properties>'
        f'<zeebe:property name="kind" value="shared"/></zeebe:properties></bpmn:extensionElements>'
        f'<bpmn:startEvent id="begin"/>{tasks}<bpmn:endEvent id="done"/>{flows}'
        f'<bpmn:boundaryEvent id="late" name="一天没人接" attachedToRef="{steps[0][0]}">'
        f'<bpmn:timerEventDefinition id="t">'
        f'<bpmn:timeDuration xsi:type="bpmn:tFormalExpression">P1D</bpmn:timeDuration></bpmn:timerEventDefinition>'
        f'</bpmn:boundaryEvent><bpmn:sequenceFlow id="f_late" sourceRef="late" targetRef="{steps[-1][0]}"/>'
        f'</bpmn:process><bpmndi:BPMNDiagram id="d"><bpmndi:BPMNPlane id="p" bpmnElement="visit">{shapes}'
        f"</bpmndi:BPMNPlane></bpmndi:BPMNDiagram></bpmn:definitions>"
    ).encode()


OLD = process(("ring", "打电话"), ("note", "记录"))
NEW = process(("call", "打电话"), ("note", "记录"), ("file", "归档"))


@pytest.fixture
def visits(shipped: None, database: Database) -> Iterator[list[int]]:
    """Two visits run."""
    with database.transaction() as session:
        system = Actor.system("test")
        deploy(session, system, {"workflows/visit/visit.bpmn": OLD}, name="visit", source="test")
        ids = [start(session, system, "visit", business_key=str(number)).id for number in range(2)]
    yield ids


def standing(database: Database, instance_id: int) -> list[str]:
    with database.reading() as session:
        rows = select(Task.element_id).where(Task.instance_id == instance_id, Task.status == TaskStatus.OPEN)
        return list(session.scalars(rows.order_by(Task.id)))


def by_hand(page: Page, deed: str) -> None:
    """Do something with the first token, with a reason."""
    first = page.locator("details", has=page.locator('button[value="move"]')).first
    first.locator('input[id^="why-"]').fill("现场情况变了")
    with page.expect_navigation():
        first.get_by_role("button", name=deed, exact=True).click()


def test_an_operator_moves_skips_and_repeats_a_step(
    bench: Callable[..., Any], database: Database, visits: list[int]
) -> None:
    one, two = visits
    operator = bench("operator")
    page = operator.go(f"/workbench/instances/{one}")
    expect(page.locator("h1")).to_contain_text("回访")
    before = task_ids(database, one)
    by_hand(page, "重做")
    assert standing(database, one) == ["ring"] and task_ids(database, one) != before
    by_hand(page, "跳过")
    expect(page.locator("summary", has_text="记录").first).to_be_visible()
    assert standing(database, one) == ["note"]
    operator.go(f"/workbench/instances/{two}")
    page.locator('select[name="element_id"]').first.select_option("note")
    by_hand(page, "人工移动")
    assert standing(database, two) == ["note"]


def task_ids(database: Database, instance_id: int) -> list[int]:
    with database.reading() as session:
        return list(session.scalars(select(Task.id).where(Task.instance_id == instance_id, Task.status == "open")))


def test_an_operator_changes_a_timer_and_lets_it_fire(
    bench: Callable[..., Any], database: Database, visits: list[int]
) -> None:
    page = bench("operator").go(f"/workbench/instances/{visits[0]}")
    row = page.locator("li", has=page.locator('button[value="fire"]'))
    later = clock.city_time(clock.now() + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
    row.locator('input[name="at"]').fill(later)
    row.locator('input[name="reason"]').fill("住户出差")
    with page.expect_navigation():
        row.get_by_role("button", name="更改").click()
    with database.reading() as session:
        due = session.scalars(select(Timer.due_at).where(Timer.instance_id == visits[0])).one()
    assert clock.city_time(due).strftime("%Y-%m-%dT%H:%M") == later
    row.locator('input[name="reason"]').fill("不等了")
    row.get_by_role("button", name="立即触发").click()
    expect(page.locator("summary", has_text="记录").first).to_be_visible()
    assert standing(database, visits[0]) == ["note"]


def test_running_instances_go_over_to_another_version_are_paused_and_taken_back(
    bench: Callable[..., Any], database: Database, settings: Settings, visits: list[int]
) -> None:
    with database.transaction() as session:
        deploy(session, Actor.system("test"), {"workflows/visit/visit.bpmn": NEW}, name="visit", source="test")
    operator = bench("operator")
    page = operator.go("/workbench/")
    page.get_by_role("link", name="迁移运行中的实例").first.click()
    page.locator("tr", has_text="visit").get_by_role("link", name="制定方案").click()
    mapping = page.locator('select[name="map.ring"]')
    expect(mapping).to_have_value("call")
    mapping.select_option("")
    page.get_by_role("button", name="试算（不改动数据）").click()
    expect(page.locator("#groups tbody tr")).to_have_count(1)
    expect(page.locator("#groups")).to_contain_text("✕")
    page.locator('select[name="map.ring"]').select_option("call")
    page.get_by_role("button", name="试算（不改动数据）").click()
    expect(page.locator("#groups")).to_contain_text("可以迁移")
    page.fill("#reason", "新版要归档")
    page.get_by_role("button", name="开始迁移").click()
    expect(page.locator('dd[data-state="pending"]')).to_have_text("2")
    page.locator("summary", has_text="暂停").click()
    page.locator('form[action$="/pause"] input[name="reason"]').fill("先看看")
    page.locator('form[action$="/pause"] button').click()
    with page.expect_navigation():
        page.get_by_role("button", name="继续").click()
    run_due(database, settings)
    expect(page.locator('dd[data-state="done"]')).to_have_text("2")
    assert [standing(database, each) for each in visits] == [["call"], ["call"]]
    assert versions(database, visits) == {2}
    page.locator("summary", has_text="撤回迁移").click()
    page.locator('form[action$="/revert"] input[name="reason"]').fill("归档还没准备好")
    with page.expect_navigation():
        page.locator('form[action$="/revert"] button').click()
    run_due(database, settings)
    expect(page.locator('dd[data-state="reverted"]')).to_have_text("2")
    assert versions(database, visits) == {1}
    expect(page.locator("main")).to_contain_text("归档还没准备好")
    assert operator.complaints == []
    assert bench("designer").go("/workbench/migrations").locator("h1").inner_text() != "迁移运行中的实例"


def versions(database: Database, instance_ids: list[int]) -> set[int]:
    with database.reading() as session:
        rows = (
            select(ProcessDefinition.version)
            .join(ProcessInstance, ProcessInstance.process_definition_id == ProcessDefinition.id)
            .where(ProcessInstance.id.in_(instance_ids))
        )
        return set(session.scalars(rows))
