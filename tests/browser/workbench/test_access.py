"""Nobody is kept out: the pages around the canvas keep WCAG 2.2 AA, and the table view needs no mouse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

AXE = Path(__file__).parents[3] / "web" / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
OTHERS = [".djs-container", ".djs-minimap", ".bio-properties-panel", ".bts-toggle-mode", ".bjs-powered-by"]
"""The drawing surface and the library's own panel; the table view says the same to everybody."""


def barriers(page: Any) -> list[str]:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        """(others) => axe.run({ exclude: others.map((each) => [each]) }, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a',
        'wcag21aa', 'wcag22aa'] }).then((result) => result.violations)""",
        OTHERS,
    )
    return [f"{each['id']}: {node['target']} {node['failureSummary']}" for each in found for node in each["nodes"]]


@pytest.mark.parametrize(
    "path", ["/workbench/", "/workbench/bundles/check", "/workbench/policies", "/workbench/parts",
             "/workbench/forms/check_result", "/workbench/decisions/noise_duty", "/workbench/drafts/1/review",
             "/workbench/drafts/1/try", "/workbench/drafts/1/decide"],
)  # fmt: skip
def test_pages_of_the_workbench_keep_the_rules_of_access(bench: Callable[..., Any], path: str) -> None:
    designer = bench("designer")
    designer.change("check")
    page = designer.go(path)
    assert barriers(page) == []


def test_the_editor_around_the_canvas_and_its_table_keep_the_rules_of_access(bench: Callable[..., Any]) -> None:
    designer = bench("designer")
    page = designer.change("check")
    assert barriers(page) == []
    designer.table()
    assert barriers(page) == []


def test_the_table_view_has_every_setting_the_panel_has(bench: Callable[..., Any]) -> None:
    page = bench("designer").begin("every_setting", "每项设置", "shared")
    assert page.evaluate((Path(__file__).parent / "settings.js").read_text(encoding="utf-8")) == {}


def test_mappings_repetition_lanes_and_kinds_are_set_in_the_table_view(bench: Callable[..., Any]) -> None:
    designer = bench("designer")
    page = designer.begin("by_table", "只用表格", "shared")
    designer.table()
    task = designer.append("start_by_table", "服务任务")
    row = page.locator(f'[data-element="{task}"]')
    row.get_by_role("button", name="添加: 输出").click()
    row.get_by_label("输出 1: 变量").fill("answer")
    row.get_by_label("输出 1: 值").fill("=body.answer")
    row.get_by_label("输出 1: 值").blur()
    designer.set(task, "repetition", "sequential")
    designer.set(task, "inputCollection", "=addresses")
    designer.set(task, "inputElement", "address")
    designer.set(task, "documentation", "逐个地址查询")
    designer.choose(task, "更换类型", "人工任务")
    designer.set(task, "cl-group", "clerk")
    page.locator('[data-element="by_table"]').get_by_role("button", name="放入泳池").click()
    pool = page.locator("tr", has=page.get_by_text("泳池", exact=True))
    pool.get_by_role("button", name="添加泳道").click()
    expect(page.locator("tr", has=page.get_by_text("泳道", exact=True))).to_have_count(2)
    designer.saved()
    xml = page.evaluate("async () => (await window.cityloopWorkbench.workbench.current.editor.save())")
    for said in (
        '<zeebe:output source="=body.answer" target="answer"',
        'inputCollection="=addresses" inputElement="address"',
        'isSequential="true"',
        "逐个地址查询",
        'candidateGroups="clerk"',
        "<bpmn:userTask ",
        "<bpmn:lane ",
    ):
        assert said in xml, said


def test_a_process_is_changed_by_keyboard_alone(bench: Callable[..., Any]) -> None:
    designer = bench("designer")
    page = designer.change("check")
    page.locator('[data-path="workflows/check/check.bpmn"]').press("Enter")
    page.locator('[data-deed="table"]').press("Enter")
    field = page.locator('[data-field="check_result/name"]')
    field.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("到场核查")
    page.keyboard.press("Tab")
    designer.saved()
    page.locator('[data-deed="table"]').press("Enter")
    expect(page.locator('[data-element-id="check_result"]')).to_contain_text("到场核查")
