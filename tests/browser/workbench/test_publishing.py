"""Publishing with more than one person: over a broken rule, at a date, out of use and back, without a file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from playwright.sync_api import Page, expect
from sqlalchemy import select

from engine import clock, drafts
from engine.settings import Settings
from engine.storage import Database, DefinitionState, Draft, DraftState, HistoryEvent, ProcessDefinition

CHECK = "workflows/check/check.bpmn"


def states(database: Database, key: str) -> dict[int, DefinitionState]:
    with database.reading() as session:
        rows = select(ProcessDefinition.version, ProcessDefinition.state).where(ProcessDefinition.key == key)
        return dict(session.execute(rows).all())


def change_check(designer: Any, field: str, value: str) -> Page:
    """Open the check's diagram in the table view and set something of its task."""
    page: Page = designer.change("check")
    page.locator(f'[data-path="{CHECK}"]').click()
    designer.table()
    designer.set("check_result", field, value)
    designer.saved()
    return page


def test_two_reviewers_together_let_a_broken_rule_through_and_it_stays_marked(
    bench: Callable[..., Any], database: Database
) -> None:
    designer = bench("designer")
    page = change_check(designer, "cl-escalateTo", "")
    address = designer.to_review()
    asking = page.get_by_role("button", name="提交审核")
    expect(asking).to_be_disabled()
    for username, still in (("reviewer", True), ("reviewer2", False)):
        there = bench(username).page
        there.goto(address)
        there.fill("#override", f"{username}：试点一周")
        there.get_by_role("button", name="加上我的名字").click()
        expect(there.locator("#override")).to_have_count(0)
        page.reload()
        expect(asking).to_be_disabled() if still else expect(asking).to_be_enabled()
    designer.ask_for_review("试点不升级")
    there.goto(address)
    there.locator('form[action$="/approve"] button.btn-success').click()
    expect(there.locator(".badge", has_text="已发布").first).to_be_visible()
    assert states(database, "check") == {1: DefinitionState.PUBLISHED, 2: DefinitionState.PUBLISHED}
    there.goto(address.split("/drafts")[0] + "/bundles/check")
    expect(there.locator("#versions tr", has_text="越过规则发布")).to_contain_text("试点不升级")
    with database.reading() as session:
        names = session.scalars(select(HistoryEvent.reason).where(HistoryEvent.kind == "draft.policy_overridden")).all()
    assert names == ["reviewer：试点一周", "reviewer2：试点一周"]


def test_a_date_checks_everything_again_and_tells_people_when_it_fails(
    bench: Callable[..., Any], database: Database, settings: Settings
) -> None:
    designer = bench("designer")
    change_check(designer, "cl-limit", "2 工作时")
    address = designer.to_review()
    designer.ask_for_review("下周起两个工作时")
    reviewer = bench("reviewer").page
    reviewer.goto(address)
    soon = clock.city_time(clock.now() + timedelta(days=7))
    reviewer.fill("#publish_at", soon.strftime("%Y-%m-%dT%H:%M"))
    reviewer.locator('form[action$="/approve"] button.btn-success').click()
    expect(reviewer.locator(".badge", has_text="已通过").first).to_be_visible()
    assert states(database, "check") == {1: DefinitionState.PUBLISHED}
    with database.transaction() as session:
        draft = session.scalars(select(Draft)).one()
        draft.base = {**draft.base, CHECK: "published again by somebody in between"}
    with clock.at(soon + timedelta(minutes=1)):
        assert drafts.publish_due(database, settings) == 0
    for person in (designer.page, reviewer):
        person.goto(address.split("/workbench")[0] + "/notices")
        expect(person.locator("main")).to_contain_text("未能按时发布：核查")
    reviewer.goto(address)
    expect(reviewer.locator(".badge", has_text="编辑中").first).to_be_visible()
    expect(reviewer.locator("main")).to_contain_text("未能按时发布")
    with database.reading() as session:
        assert session.scalars(select(Draft.state)).one() is DraftState.EDITING


def test_a_process_is_retired_and_brought_back_with_reasons(bench: Callable[..., Any], database: Database) -> None:
    reviewer = bench("reviewer")
    page = reviewer.go("/workbench/bundles/civility_campaign")
    row = page.locator("#versions tr", has_text="civility_campaign").first
    row.locator("summary", has_text="停用").click()
    row.locator('input[name="reason"]').fill("今年不再开展")
    row.get_by_role("button", name="停用").click()
    expect(row).to_contain_text("恢复到此版本")
    assert states(database, "civility_campaign") == {1: DefinitionState.RETIRED}
    row.locator("summary", has_text="恢复到此版本").click()
    row.locator('input[name="reason"]').fill("又要开展了")
    row.get_by_role("button", name="恢复到此版本").click()
    expect(row).to_contain_text("现行")
    assert states(database, "civility_campaign") == {1: DefinitionState.PUBLISHED}
    page = reviewer.go("/workbench/bundles/check")
    page.locator("#versions summary", has_text="停用").first.click()
    page.locator('#versions input[name="reason"]').first.fill("不要了")
    page.locator("#versions form button", has_text="停用").first.click()
    expect(page.locator("main")).to_contain_text("还在使用")
    assert states(database, "check") == {1: DefinitionState.PUBLISHED}


def test_a_file_taken_out_of_a_draft_is_seen_in_the_review_and_goes_out_of_use(
    bench: Callable[..., Any], database: Database
) -> None:
    designer = bench("designer")
    page = designer.change("civility_campaign")
    path = "workflows/civility_campaign/civility_campaign.bpmn"
    for file in (path, *(p for p in page.evaluate(FILES) if p.endswith((".scenario.yaml", ".dmn")))):
        page.locator(f'[data-path="{file}"]').click()
        expect(page.locator(f'[data-path="{file}"].active')).to_be_visible()
        page.locator('[data-deed="take-out"]').click()
        page.locator('dialog.cl-dialog button[value="ok"]').click()
        expect(page.locator(f'[data-path="{file}"].cl-taken-out')).to_be_visible()
    page.locator(f'[data-path="{path}"]').click()
    page.locator('dialog.cl-dialog button[value="ok"]').click()
    expect(page.locator(f'[data-path="{path}"]:not(.cl-taken-out)')).to_be_visible()
    page.locator('[data-deed="take-out"]').click()
    page.locator('dialog.cl-dialog button[value="ok"]').click()
    expect(page.locator(f'[data-path="{path}"].cl-taken-out')).to_be_visible()
    address = designer.to_review()
    expect(page.locator("main")).to_contain_text("删除：流程“文明创建检查与专项整治”")
    designer.ask_for_review("专项整治不再单独成流程")
    bench("reviewer").approve(address)
    assert states(database, "civility_campaign") == {1: DefinitionState.RETIRED}


FILES = "() => window.cityloopWorkbench.workbench.files.map((file) => file.path)"
