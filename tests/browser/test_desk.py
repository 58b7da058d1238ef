"""The desk in a real browser: by mouse, by keyboard, on a phone, without scripts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from sqlalchemy import update

from engine import clock
from engine.demonstration import PASSWORD
from engine.storage import (
    Case,
    CaseStatus,
    Incident,
    Job,
    JobStatus,
    LoginSession,
    Notification,
)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "现场照片.jpg"
    Image.new("RGB", (800, 600), (90, 130, 80)).save(path)
    return path


def settled(page: Page) -> None:
    """Wait until no fields are being asked for again: what is pointed at before may be replaced."""
    expect(page.locator("[data-fields][aria-busy]")).to_have_count(0)


def some_life(desk: Any) -> dict[str, int]:
    """Cases at different steps, a notice, an incident: something to see on every page."""
    first = desk.open_case(longitude=114.06, latitude=22.55)
    second = desk.open_case(title="果皮箱满溢")
    clerk = desk.browser("clerk")
    clerk.post(f"/tasks/{desk.task(second).id}", {"decision": "accept"})
    chief = desk.browser("chief")
    third = desk.open_case(title="井盖缺失，请尽快处理")
    chief.post(f"/cases/{third}/suspend", {"reason": "等待施工单位进场"})
    with desk.database.transaction() as session:
        now = clock.now()
        session.add(Notification(person_id=desk.person("clerk").id, case_id=first, title="预警", created_at=now))
        job = Job(delivery_id="x", type="http", status=JobStatus.FAILED, run_at=now, created_at=now, inputs={"a": 1})
        session.add(job)
        session.flush()
        incident = Incident(job_id=job.id, kind="job_failed", message="404", opened_at=now, last_at=now, trace="line 1")
        session.add(incident)
        session.flush()
        return {"first": first, "second": second, "third": third, "incident": incident.id}


@pytest.mark.parametrize("size", ["desktop", "phone"])
@pytest.mark.parametrize("locale", ["zh", "en"])
def test_every_page_of_the_desk_is_open_to_everybody(person: Any, desk: Any, locale: str, size: str) -> None:
    ids = some_life(desk)
    task = desk.task(ids["first"]).id
    pages = {
        "clerk": [
            "/desk?view=groups", "/desk?view=mine", f"/tasks/{task}", f"/tasks/{desk.task(ids['second']).id}",
            f"/tasks/{desk.task(ids['third']).id}", "/cases", "/cases?q=nothing", f"/cases/{ids['first']}",
            f"/cases/{ids['third']}", f"/cases/{ids['first']}/diagram", "/report", "/notices", "/account", "/help",
            "/nowhere", "/admin/people",
        ],
        "chief": [f"/tasks/{task}?hand=1", f"/cases/{ids['first']}"],
        "operator": ["/incidents", f"/incidents/{ids['incident']}"],
        "security": ["/admin/people", f"/admin/people/{desk.person('clerk').id}"],
        "admin": ["/admin/organisations?q=ft", "/admin/organisations/1", "/admin/organisations/new",
                  "/admin/calendar?year=2026&day=2026-02-17"],
        "auditor": ["/admin/records"],
    }  # fmt: skip
    found: list[str] = []
    stranger = person(size=size)
    stranger.go("/login")
    found += [f"/login {each}" for each in stranger.barriers()]
    for username, paths in pages.items():
        someone = person(username, size=size, locale=locale)
        for path in paths:
            page = someone.go(path)
            if path.endswith("/diagram"):
                expect(page.locator("[data-diagram][data-ready]")).to_have_count(1)
            found += [f"{path} {each}" for each in someone.barriers()]
            if someone.overflow() > 0:
                found.append(f"{path} is {someone.overflow()} px too wide")
        found += [f"{username} {each}" for each in someone.complaints]
    assert not found, "\n".join(found)


def test_a_case_is_brought_forward_by_keyboard_alone(person: Any, desk: Any) -> None:
    case_id = desk.open_case()
    desk.open_case(title="第二件")
    clerk = person("clerk")
    page = clerk.go("/desk?view=groups")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator("tr.is-cursor")).to_contain_text("路边堆放")
    page.keyboard.press("j")
    expect(page.locator("tr.is-cursor")).to_contain_text("第二件")
    page.keyboard.press("k")
    page.keyboard.press("x")
    expect(page.locator(".bulk")).to_be_visible()
    page.keyboard.press("x")
    page.keyboard.press("c")
    expect(page.locator(".alert-success")).to_contain_text("已认领 1 项待办")
    page.goto(f"{clerk.address}/desk?view=mine")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/tasks/\d+$"))
    page.locator("#f-decision-1").focus()
    page.keyboard.press("Space")
    page.locator("main .form-foot .btn-primary").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".alert-success")).to_contain_text("已办理")
    assert desk.task(case_id).element_id == "clean"
    assert clerk.complaints == []


def test_what_is_typed_is_kept_and_fields_follow_the_choice(person: Any, desk: Any) -> None:
    task = desk.task(desk.open_case())
    clerk = person("clerk")
    page = clerk.go(f"/tasks/{task.id}")
    expect(page.locator("#f-why")).to_have_count(0)
    page.get_by_label("不予受理").check()
    page.locator("#f-why").fill("不属于本区管辖范围")
    expect(page.locator("[data-saved]")).to_contain_text("自动保存")
    page.reload()
    expect(page.locator("#f-why")).to_have_value("不属于本区管辖范围")
    page.get_by_role("radio", name="受理", exact=True).check()
    expect(page.locator("#f-why")).to_have_count(0)
    colleague = person("colleague")
    expect(colleague.go(f"/tasks/{task.id}").locator(".alert-warning")).to_contain_text("陈静")
    assert clerk.complaints + colleague.complaints == []


def test_on_a_phone_photos_go_up_and_the_task_is_done(person: Any, desk: Any, photo: Path) -> None:
    case_id = desk.open_case()
    desk.browser("clerk").post(f"/tasks/{desk.task(case_id).id}", {"decision": "accept"})
    clerk = person("clerk", size="phone")
    page = clerk.go("/desk?view=groups")
    page.locator("a.title").first.tap()
    page.locator("#f-feedback").fill("已清走")
    page.locator("#f-photo_after").set_input_files(photo)
    expect(page.locator(".thumbs img")).to_have_count(1)
    expect(page.locator(".thumbs .name")).to_have_text("现场照片.jpg")
    page.locator(".form-foot .btn-primary").tap()
    expect(page.locator(".alert-success")).to_contain_text("已办理")
    assert desk.task(case_id).element_id == "check"
    assert clerk.complaints == []


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_why_a_file_is_not_taken_is_told_inside_its_place(person: Any, desk: Any, tmp_path: Path, size: str) -> None:
    (tmp_path / "假照片.jpg").write_text("no picture")
    page = person("clerk", size=size).go("/report")
    page.set_input_files("#f-evidence", tmp_path / "假照片.jpg")
    told = page.locator(".thumbs [role=alert]")
    expect(told).to_contain_text("假照片.jpg")
    place, field, words = (page.locator(each).bounding_box() for each in (".upload", "#f-evidence", ".thumbs .failed"))
    assert field["y"] + field["height"] <= words["y"]
    assert words["y"] + words["height"] <= place["y"] + place["height"]
    assert told.bounding_box()["height"] <= words["height"] + 1
    page.get_by_role("button", name="移除 假照片.jpg").click()
    expect(told).to_have_count(0)


def test_touch_targets_are_large_enough_on_a_phone(person: Any, desk: Any) -> None:
    task = desk.task(desk.open_case())
    clerk = person("clerk", size="phone")
    for path in ("/desk?view=groups", f"/tasks/{task.id}", "/report"):
        page = clerk.go(path)
        small = page.evaluate(
            """() => [...document.querySelectorAll(
                   'button, .btn, .tabbar a, .views a, .form-control, .form-select')]
                 .filter(e => e.offsetParent && e.type !== 'file' && !e.classList.contains('btn-sm'))
                 .filter(e => e.getBoundingClientRect().height < 43.5)
                 .map(e => e.outerHTML.slice(0, 120))"""
        )
        assert small == [], path


def test_everything_works_without_scripts(person: Any, desk: Any, photo: Path) -> None:
    clerk = person("clerk", scripts=False)
    page = clerk.go("/report")
    page.select_option("#f-service_type", "sanitation")
    page.get_by_role("button", name="按所选更新下级选项").click()
    page.select_option("#f-category", "市容环境")
    page.get_by_role("button", name="按所选更新下级选项").click()
    page.select_option("#f-sub_category", index=1)
    page.fill("#f-title", "没有脚本也能上报")
    page.select_option("#f-street", "ft.lianhua")
    page.set_input_files("#f-evidence", photo)
    page.get_by_role("button", name="登记案件").click()
    expect(page.locator("h1")).to_have_text("没有脚本也能上报")
    page.get_by_role("link", name="去办理").click()
    page.get_by_label("不予受理").check()
    page.get_by_role("button", name="更新表单").click()
    page.locator("#f-why").fill("短")
    page.get_by_role("button", name="办理完成").click()
    expect(page.locator("[data-errors]")).to_contain_text("1 处需要修改")
    page.locator("#f-why").fill("理由写得足够长了")
    page.get_by_role("button", name="办理完成").click()
    expect(page.locator(".alert-success")).to_contain_text("已办理")


def test_the_map_takes_a_place_and_the_choice_of_service_brings_its_categories(person: Any, desk: Any) -> None:
    clerk = person("clerk")
    page = clerk.go("/report")
    page.select_option("#f-service_type", "sanitation")
    expect(page.locator('#f-category option[value="市容环境"]')).to_have_count(1)
    page.select_option("#f-category", "市容环境")
    settled(page)
    expect(page.locator("#f-sub_category option")).not_to_have_count(1)
    place = page.locator("[data-map].leaflet-container")
    page.locator("[data-map]").scroll_into_view_if_needed()
    expect(place.locator("path.leaflet-interactive, path").first).to_be_attached()
    place.click(position={"x": 200, "y": 120})
    expect(page.locator("#f-point")).to_have_value(re.compile(r"^11\d\.\d+, 2\d\.\d+$"))
    assert clerk.complaints == []


def test_the_map_is_labelled_in_the_readers_language_and_follows_the_district(person: Any, desk: Any) -> None:
    clerk = person("clerk", locale="en")
    page = clerk.go("/report")
    page.locator("[data-map]").scroll_into_view_if_needed()
    place = page.get_by_role("group", name="Map: click the place")
    expect(place.get_by_text("Futian", exact=True)).to_be_in_viewport()
    expect(place.get_by_text("Shenshan", exact=True)).not_to_be_in_viewport()
    page.select_option("#f-district", "")
    settled(page)
    page.locator("[data-map]").scroll_into_view_if_needed()
    expect(place.get_by_text("Shenshan", exact=True)).to_be_in_viewport()
    assert clerk.complaints == []


def test_who_types_faster_than_the_server_answers_loses_nothing(person: Any, desk: Any, photo: Path) -> None:
    page = person("clerk").go("/report")
    held: list[Any] = []
    page.route("**/report/form", lambda route: held.append(route))
    page.select_option("#f-service_type", "sanitation")
    page.fill("#f-title", "写得快")
    page.select_option("#f-street", "ft.lianhua")
    page.fill("#f-place", "红荔路 12 号")
    page.set_input_files("#f-evidence", photo)
    expect(page.locator(".thumbs img")).to_be_visible()
    while len(held) < 2:
        page.wait_for_timeout(20)
    held[1].continue_()
    expect(page.locator("#f-category option")).not_to_have_count(1)
    expect(page.locator("#f-title")).to_have_value("写得快")
    expect(page.locator("#f-place")).to_have_value("红荔路 12 号")
    expect(page.locator(".thumbs img")).to_be_visible()
    expect(page.locator("#f-place")).to_be_focused()
    page.select_option("#f-category", "市容环境")
    while len(held) < 3:
        page.wait_for_timeout(20)
    page.get_by_role("button", name="登记案件").click()  # without waiting for the third answer
    expect(page.locator("h1")).to_have_text("写得快")


def test_a_diagram_shows_the_way_and_where_the_case_stands(person: Any, desk: Any) -> None:
    case_id = desk.open_case()
    desk.browser("clerk").post(f"/tasks/{desk.task(case_id).id}", {"decision": "accept"})
    clerk = person("clerk")
    page = clerk.go(f"/cases/{case_id}/diagram")
    expect(page.locator(".diagram-current")).to_have_attribute("data-element-id", "clean")
    expect(page.locator('.diagram-walked[data-element-id="accept"]')).to_have_count(1)
    page.locator("details summary", has_text="文字说明").click()
    expect(page.locator("[data-diagram-list]")).to_contain_text("处置")
    assert clerk.complaints == []


def test_on_a_phone_the_diagrams_buttons_stay_inside_and_off_the_drawing(person: Any, desk: Any) -> None:
    page = person("clerk", size="phone").go(f"/cases/{desk.open_case()}/diagram")
    expect(page.locator(".diagram[data-ready]")).to_have_count(1)
    frame, bar, canvas = (page.locator(f".diagram{part}").bounding_box() for part in ("", "-toolbar", "-canvas"))
    for button in page.locator(".diagram-toolbar button").all():
        box = button.bounding_box()
        assert frame["x"] <= box["x"] and box["x"] + box["width"] <= frame["x"] + frame["width"]
    assert bar["y"] + bar["height"] <= canvas["y"] + 1


def test_a_clerk_and_a_colleague_bring_a_case_to_its_end(person: Any, desk: Any) -> None:
    case_id = desk.open_case()
    for username, fields in (("clerk", {"decision": "accept"}), ("clerk", None), ("colleague", {})):
        if fields is None:
            helper = desk.browser("clerk")
            sent = helper.post("/files", {"file": _web_picture(), "slot": "after"}, content_type="multipart/form-data")
            fields = {"feedback": "好", "photo_after": sent.json["id"], "material.__n": "0"}
        desk.browser(username).post(f"/tasks/{desk.task(case_id).id}", fields)
    with desk.database.reading() as session:
        assert session.get_one(Case, case_id).status is CaseStatus.CLOSED
    page = person("clerk").go(f"/cases/{case_id}")
    expect(page.locator(".case-head .pill-closed")).to_have_text("已结案")
    expect(page.locator(".stages .done")).to_have_count(6)


def _web_picture() -> Any:
    import io

    stream = io.BytesIO()
    Image.new("RGB", (60, 40), (9, 9, 9)).save(stream, "JPEG")
    stream.seek(0)
    return stream, "after.jpg"


def test_a_login_that_ends_while_typing_leaves_the_form_and_the_form_is_sent_after_the_next(
    person: Any, desk: Any, photo: Path
) -> None:
    page = person("clerk").go("/report")
    page.select_option("#f-service_type", "sanitation")
    settled(page)
    page.fill("#f-title", "午饭前写了一半")
    page.select_option("#f-street", "ft.lianhua")
    settled(page)
    with desk.database.transaction() as session:
        session.execute(update(LoginSession).values(ended_at=clock.now()))
    page.select_option("#f-category", "市容环境")
    expect(page.locator("[data-saved]")).to_contain_text("登录已过期")
    expect(page.locator("#f-title")).to_have_value("午饭前写了一半")
    page.set_input_files("#f-evidence", photo)
    expect(page.locator(".thumbs [role=alert]")).to_contain_text("登录已过期")
    page.get_by_role("button", name="登记案件").click()
    page.fill("#username", "clerk")
    page.fill("#password", PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.get_by_role("button", name="现在提交").click()
    expect(page.locator("h1")).to_have_text("午饭前写了一半")
