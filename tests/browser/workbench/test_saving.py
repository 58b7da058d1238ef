"""Nothing typed is lost or written over: not when the login ends, the line is down or the browser breaks off."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select, update

from engine import clock
from engine.demonstration import PASSWORD
from engine.storage import Database, DraftFile, LoginSession

SCENARIO = "workflows/check/check.scenario.yaml"


def scenario(page: Page) -> Locator:
    """The check's scenarios, opened."""
    page.locator(f'[data-path="{SCENARIO}"]').click()
    text = page.locator(".cl-scenario:visible")
    expect(text).to_have_value(re.compile("."))
    return text


def becomes(page: Page, state: str) -> None:
    expect(page.locator('[data-part="state"]')).to_have_attribute("data-state", state)


def stored(database: Database) -> str:
    with database.reading() as session:
        content = session.scalars(select(DraftFile.content).where(DraftFile.path == SCENARIO)).one()
    return (content or b"").decode()


def test_who_is_logged_out_logs_in_beside_and_goes_on(bench: Callable[..., Any], database: Database) -> None:
    designer = bench("designer")
    page = designer.change("check")
    text = scenario(page)
    with database.transaction() as session:
        session.execute(update(LoginSession).values(ended_at=clock.now()))
    text.fill("# 登录结束后写的")
    becomes(page, "failed")
    expect(page.locator('[data-part="state"]')).to_contain_text("登录已结束")
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert "登录结束后写的" not in stored(database)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="在新标签页重新登录").click()
    beside = opened.value
    beside.fill("#username", "designer")
    beside.fill("#password", PASSWORD)
    beside.locator("main button.btn-primary").click()
    beside.wait_for_url("**/desk**")
    beside.close()
    page.bring_to_front()
    text.fill("# 登录结束后写的，接着写")
    designer.saved()
    assert stored(database) == "# 登录结束后写的，接着写"
    assert designer.complaints == []


def test_a_line_that_is_down_interrupts_nobody_and_is_made_up_for(
    bench: Callable[..., Any], database: Database
) -> None:
    designer = bench("designer")
    page = designer.change("check")
    text = scenario(page)
    page.context.set_offline(True)
    text.fill("# 断网时写的")
    becomes(page, "failed")
    expect(page.locator('[data-part="state"]')).to_contain_text("连不上服务器")
    expect(page.locator(".cl-problems-head")).to_contain_text("未能检查")
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.context.set_offline(False)
    designer.saved()
    assert stored(database) == "# 断网时写的"
    assert designer.complaints == []


def test_what_a_crash_left_is_not_written_over_a_later_save(bench: Callable[..., Any], database: Database) -> None:
    first, second = bench("designer"), bench("designer2")
    page = first.change("check")
    text = scenario(page)
    page.route("**/save", lambda route: route.abort())
    text.fill("# 甲断网时写的")
    becomes(page, "failed")
    scenario(second.change("check")).fill("# 乙后来保存的")
    second.saved()
    page.unroute("**/save")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.locator("dialog.cl-dialog button", has_text="是").click()
    expect(page.get_by_role("button", name="用对方的继续")).to_be_visible()
    assert stored(database) == "# 乙后来保存的"
    page.get_by_role("button", name="用我的继续").click()
    first.saved()
    assert stored(database) == "# 甲断网时写的"


def test_a_draft_sent_to_review_meanwhile_says_so(bench: Callable[..., Any]) -> None:
    first, second = bench("designer"), bench("designer2")
    page = second.change("check")
    there = scenario(page)
    there.fill(f"# 说明\n{there.input_value()}")
    second.saved()
    text = scenario(first.change("check"))
    second.to_review()
    second.ask_for_review("请审核")
    text.fill("# 晚了一步")
    expect(first.page.locator('[data-part="state"]')).to_contain_text("已不在编辑状态")
    expect(first.page.locator("dialog[open]")).to_have_count(0)
