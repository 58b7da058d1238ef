"""From an empty canvas to a closed case, without a line of code."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect
from sqlalchemy import select

from engine.storage import Case, CaseStatus, Database

DANGER = """(key) => {
  const modeler = window.cityloopWorkbench.workbench.current.editor.modeler, get = (name) => modeler.get(name);
  const root = get('canvas').getRootElement();
  const frame = get('modeling').createShape(get('elementFactory').createShape({ type: 'bpmn:SubProcess',
    isExpanded: true, triggeredByEvent: true }), { x: 500, y: 600 }, root);
  get('modeling').updateProperties(frame, { name: '险情随时打断' });
  const start = get('modeling').createShape(get('elementFactory').createShape({ type: 'bpmn:StartEvent',
    eventDefinitionType: 'bpmn:MessageEventDefinition' }), { x: frame.x + 60, y: frame.y + 80 }, frame);
  const call = get('autoPlace').append(start, get('elementFactory').createShape({ type: 'bpmn:CallActivity' }));
  const end = get('autoPlace').append(call, get('elementFactory').createShape({ type: 'bpmn:EndEvent' }));
  return [start.id, call.id, end.id];
}"""


def new_form(page: Any, name: str) -> None:
    """Make a form with one line of text by the buttons of the editor."""
    page.locator('[data-deed="new-file"]').click()
    page.locator('dialog.cl-dialog button[value="form"]').click()
    page.locator("dialog.cl-dialog input").fill(name)
    page.locator('dialog.cl-dialog button[value="ok"]').click()
    expect(page.locator(f'[data-path="forms/{name}.form"].active')).to_be_visible()
    page.locator('.cl-editor:not([hidden]) .fjs-palette-field[data-field-type="textarea"]').press("Enter")
    expect(page.locator(".cl-editor:not([hidden]) .fjs-element[data-id]").nth(1)).to_be_visible()


def test_a_new_service_is_drawn_published_and_brings_a_case_to_its_end(
    bench: Callable[..., Any], database: Database
) -> None:
    designer = bench("designer")
    page = designer.begin("lamp_repair", "路灯报修")
    new_form(page, "lamp_accept")
    new_form(page, "lamp_check")
    page.locator('[data-path$=".bpmn"]').click()
    expect(page.locator('[data-path$=".bpmn"].active')).to_be_visible()
    start, call, _ = page.evaluate(DANGER, "lamp_repair")
    designer.table()
    page.locator('[data-element="lamp_repair"] button[aria-label="新建: 服务类型"]').click()
    page.locator("dialog.cl-dialog input").fill("lamp_repair")
    page.locator('dialog.cl-dialog button[value="ok"]').click()

    accept = designer.append("start_lamp_repair", "人工任务")
    check = designer.append(accept, "人工任务")
    end = designer.append(check, "结束事件")
    for element, settings in {
        accept: {"name": "受理并修复", "cl-group": "crew", "cl-form": "lamp_accept", "cl-limit": "4 工作时",
                 "cl-escalateTo": "duty_chief", "cl-responsible": "crew_sanitation", "cl-stage": "处置"},
        check: {"name": "核查", "cl-group": "street_office", "cl-form": "lamp_check", "cl-limit": "2 工作时",
                "cl-escalateTo": "duty_chief", "cl-independentOf": accept, "cl-stage": "核查"},
        end: {"name": "结案"},
        start: {"name": "险情报告"},
        call: {"name": "险情处置", "cl-called": "danger_response"},
    }.items():  # fmt: skip
        for field, value in settings.items():
            designer.set(element, field, value)
    page.locator(f'[data-element="{start}"]').scroll_into_view_if_needed()
    page.evaluate(
        """(id) => { const { editor } = window.cityloopWorkbench.workbench.current, modeler = editor.modeler;
        modeler.get('selection').select(modeler.get('elementRegistry').get(id)); }""",
        start,
    )
    designer.table()
    page.locator('[data-group-id="group-cl-message"] .cl-panel-button', has_text="新建").click()
    page.locator("dialog.cl-dialog input").fill("danger_reported")
    page.locator('dialog.cl-dialog button[value="ok"]').click()
    designer.table()
    designer.set(start, "cl-correlation", "=case.number")
    designer.saved()
    designer.is_sound()

    address = designer.to_review()
    designer.ask_for_review("新增路灯报修")
    bench("reviewer").approve(address)

    clerk = bench("clerk").go("/report")
    clerk.select_option("#f-service_type", label="路灯报修")
    clerk.fill("#f-title", "路灯不亮")
    clerk.select_option("#f-street", label="莲花街道")
    clerk.fill("#f-place", "红荔路 12 号")
    clerk.get_by_role("button", name="登记案件").click()
    expect(clerk.locator("h1")).to_have_text("路灯不亮")
    case = clerk.url
    work(bench("crew"), "路灯不亮", "换了灯泡")
    work(bench("street"), "路灯不亮", "已亮")
    clerk.goto(case)
    expect(clerk.locator(".case-head .pill-closed")).to_have_text("已结案")
    with database.reading() as session:
        assert session.scalars(select(Case.status)).all() == [CaseStatus.CLOSED]
    assert designer.complaints == []


def work(person: Any, title: str, words: str) -> None:
    """Find the task in the groups' list of the desk, do it there, and come back to the desk."""
    page = person.go("/desk?view=groups")
    page.get_by_role("link", name=title).first.click()
    page.locator("main textarea").first.fill(words)
    task = page.url
    page.get_by_role("button", name="完成").click()
    page.wait_for_url(lambda address: address != task)


def test_a_click_on_a_problem_goes_to_its_element(bench: Callable[..., Any]) -> None:
    designer = bench("designer")
    page = designer.change("check")
    page.locator('[data-path="workflows/check/check.bpmn"]').click()
    designer.table()
    designer.set("check_result", "cl-limit", "")
    designer.table()
    designer.is_sound(False)
    page.locator('.cl-problem[data-code="policy_broken"]').first.click()
    expect(page.locator('[data-element-id="check_result"].selected')).to_be_attached()
    expect(page.locator(".bio-properties-panel-header-label")).to_have_text("核查")


def test_the_menus_offer_what_runs_and_find_it_in_chinese(bench: Callable[..., Any]) -> None:
    designer = bench("designer")
    page = designer.begin("menus", "菜单", "service")
    expect(page.locator(".cl-problems-head")).to_have_attribute("data-errors", re.compile("[1-9]"))
    inside = page.locator(".djs-palette .entry").last
    expect(inside).to_be_in_viewport(ratio=1)
    expect(page.locator(".cl-canvas .djs-palette.two-column")).to_be_visible()
    page.locator('[data-element-id="start_menus"] .djs-hit').first.click()
    page.locator('.djs-context-pad .entry[data-action="append"]').click()
    menu = page.locator(".djs-popup")
    for name in ("包容网关", "发送任务", "接收任务", "手工任务"):
        expect(menu.locator(".entry", has_text=name)).to_have_count(1)
    expect(menu.locator(".entry", has_text="复杂网关")).to_have_count(0)
    page.keyboard.insert_text("人工")  # as an input method hands it over: without a key
    expect(menu.locator(".entry")).to_have_count(1)
    expect(menu).to_contain_text("1 项")
    expect(menu).not_to_contain_text("result")
    expect(menu.locator(".entry.selected")).to_contain_text("人工任务")
    page.keyboard.press("Enter")
    expect(page.locator(".bio-properties-panel-header-type")).to_have_text("人工任务")
    assert page.evaluate("() => [...window.cityloopWorkbench.missing]") == []
    assert designer.complaints == []


def test_coverage_marks_what_can_be_passed_and_nothing_else(bench: Callable[..., Any]) -> None:
    page = bench("designer").change("check")
    page.locator('[data-deed="coverage"]').click()
    expect(page.locator('[data-deed="coverage"][aria-pressed="true"]')).to_be_visible()
    expect(page.locator(".djs-element.cl-covered[data-element-id='record_exemption']")).to_be_attached()
    kinds = "each => each.map((one) => one.dataset.elementId).map((id) => window.cityloopWorkbench.workbench.current"
    marked = page.locator(".djs-element.cl-covered, .djs-element.cl-uncovered").evaluate_all(
        f"{kinds}.editor.modeler.get('elementRegistry').get(id).type)"
    )
    assert marked and not {"bpmn:Participant", "bpmn:Lane", "bpmn:SequenceFlow"} & set(marked)
