"""From an empty canvas to a closed case, without a line of code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect
from sqlalchemy import select

from engine.intake import open_case
from engine.permissions import Actor, actor_for
from engine.storage import Case, CaseStatus, Database, Person, Task, TaskStatus

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


def actor(database: Database, username: str) -> Actor:
    with database.reading() as session:
        return actor_for(session, session.scalars(select(Person.id).where(Person.username == username)).one(), "test")


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
    designer.set("lamp_repair", "cl-serviceType", "street_furniture")

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

    page.locator(".cl-workbench-bar a", has_text="审核与发布").click()
    page.fill("#note", "新增路灯报修")
    page.get_by_role("button", name="提交审核").click()
    number = page.url.rstrip("/").split("/")[-2]
    reviewer = bench("reviewer")
    reviewer.go(f"/workbench/drafts/{number}/review").locator('form[action$="/approve"] button.btn-success').click()
    expect(reviewer.page.locator(".badge", has_text="已发布").first).to_be_visible()

    with database.transaction() as session:
        report = {
            "title": "路灯不亮", "service_type": "street_furniture", "district": "福田区", "street": "莲花街道",
            "place": "红荔路 12 号", "urgency": "一般", "channel": "巡查员上报",
        }  # fmt: skip
        case_id = open_case(session, actor(database, "clerk"), report, process_key="lamp_repair").id
    work(bench("crew"), database, case_id, "换了灯泡")
    work(bench("street"), database, case_id, "已亮")
    with database.reading() as session:
        assert session.get_one(Case, case_id).status is CaseStatus.CLOSED
    assert designer.complaints == []


def work(person: Any, database: Database, case_id: int, words: str) -> None:
    """Do the one open task of a case at the desk."""
    with database.reading() as session:
        wanted = select(Task.id).where(Task.case_id == case_id, Task.status == TaskStatus.OPEN)
        task_id = session.scalars(wanted).one()
    page = person.go(f"/tasks/{task_id}")
    page.locator("main textarea").first.fill(words)
    page.get_by_role("button", name="完成").click()
    page.wait_for_url(lambda address: f"/tasks/{task_id}" not in address)


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
