"""Designers change what is there: a limit, the hand-off; a second person lets it through; one goes back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from engine.storage import DefinitionState, ProcessDefinition

FOREIGN = Path(__file__).parent / "foreign"


def test_a_changed_limit_goes_through_review_and_back_again(bench: Callable[..., Any], database: Any) -> None:
    designer = bench("designer")
    page = designer.change("check")
    page.locator('[data-path="workflows/check/check.bpmn"]').click()
    designer.table()
    designer.set("check_result", "cl-limit", "2 工作时")
    designer.saved()
    designer.is_sound()
    address = designer.to_review()
    expect(page.get_by_text("2 工作时").first).to_be_visible()
    expect(page.locator(".cl-diff-side .cl-diff-changed").first).to_be_attached()
    designer.ask_for_review("核查统一为两个工作时")

    reviewer = bench("reviewer")
    expect(reviewer.approve(address).get_by_text("核查统一为两个工作时").first).to_be_visible()
    with database.reading() as session:
        versions = select(ProcessDefinition).where(ProcessDefinition.key == "check").order_by(ProcessDefinition.version)
        assert [d.version for d in session.scalars(versions)] == [1, 2]

    there = reviewer.go("/workbench/bundles/check")
    there.locator("details", has_text="恢复到此版本").first.locator("summary").click()
    there.locator('form[action$="/go-back"] input[name="reason"]').fill("先用回原来的时限")
    with there.expect_navigation():
        there.locator('form[action$="/go-back"] button').click()
    with database.reading() as session:
        newest = session.scalars(versions.where(ProcessDefinition.state == DefinitionState.PUBLISHED)).all()[-1]
        assert newest.version == 1
    assert designer.complaints == [] and reviewer.complaints == []


def test_the_hand_off_is_changed_without_code(bench: Callable[..., Any]) -> None:
    designer = bench("designer")
    page = designer.change("enforcement_handoff")
    page.locator('[data-path="workflows/enforcement_handoff/enforcement_handoff.bpmn"]').click()
    designer.table()
    element = next(
        limit.get_attribute("data-field").removesuffix("/cl-limit")  # type: ignore[union-attr]
        for limit in page.locator('[data-field$="/cl-limit"]').all()
        if limit.input_value()
    )
    designer.set(str(element), "cl-escalateTo", "supervisor")
    designer.set(str(element), "cl-warn", "30, 60, 90")
    designer.saved()
    designer.is_sound()
    page.locator(".cl-workbench-bar a", has_text="审核与发布").click()
    expect(page.get_by_text("30, 60, 90").first).to_be_visible()
    assert designer.complaints == []


def test_two_people_at_one_file_lose_nothing(bench: Callable[..., Any]) -> None:
    first, second = bench("designer"), bench("designer2")
    mine, theirs = first.change("check"), second.change("check")
    for page in (mine, theirs):
        page.locator('[data-path="workflows/check/check.scenario.yaml"]').click()
    text = ".cl-scenario:visible"
    mine.locator(text).fill(f"# 甲的说明\n{mine.locator(text).input_value()}")
    first.saved()
    theirs.locator(text).fill(f"# 乙的说明\n{theirs.locator(text).input_value()}")
    expect(theirs.locator("dialog.cl-dialog")).to_be_visible()
    theirs.get_by_role("button", name="用对方的继续").click()
    expect(theirs.locator(text)).to_have_value(mine.locator(text).input_value())
    theirs.locator('[data-deed="versions"]').click()
    expect(theirs.locator("dialog.cl-dialog .cl-dialog-options button")).to_have_count(4)


def test_a_crash_loses_nothing(bench: Callable[..., Any]) -> None:
    designer = bench("designer")
    page = designer.change("check")
    page.locator('[data-path="workflows/check/check.scenario.yaml"]').click()
    page.route("**/save", lambda route: route.abort())
    text = ".cl-scenario:visible"
    page.locator(text).fill("# 断网时写的")
    expect(page.locator('[data-part="state"]')).to_have_attribute("data-state", "failed")
    page.unroute("**/save")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.locator("dialog.cl-dialog button", has_text="是").click()
    designer.ready()
    expect(page.locator(text)).to_have_value("# 断网时写的")
    designer.saved()


@pytest.mark.parametrize(("file", "names"), [("camunda7", ["现场勘查", "修剪"]), ("flowable", ["查看", "通知"])])
def test_diagrams_drawn_elsewhere_are_taken_over_with_a_report(
    bench: Callable[..., Any], file: str, names: list[str]
) -> None:
    designer = bench("designer")
    page = designer.go("/workbench/")
    page.fill("#import-name", f"from_{file}")
    page.set_input_files("#import-file", FOREIGN / f"{file}.bpmn")
    page.locator('form[action$="/import"] button').click()
    expect(page.locator("#report li").first).to_be_visible()
    expect(page.locator("#report")).to_contain_text("candidateGroups")
    page.get_by_role("link", name="编辑").click()
    designer.ready()
    for name in names:
        expect(page.locator(".djs-container")).to_contain_text(name)
    assert designer.complaints == []
