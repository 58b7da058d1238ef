"""What operators and administrators do in the browser."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from sqlalchemy import func, select

from engine import clock
from engine.owed import run_due
from engine.settings import Settings
from engine.storage import (
    CalendarDay,
    HistoryEvent,
    Incident,
    IncidentStatus,
    Job,
    JobStatus,
    Notification,
    OfficeWindow,
    Organisation,
    Person,
    RoleGrant,
)


def test_the_security_administrator_brings_somebody_in_and_gives_a_role(desk: Any) -> None:
    security = desk.browser("security")
    bad = security.post("/admin/people", {"username": "Bad Name", "display_name": " "})
    assert bad.status_code == 422 and "此项为必填项" in bad.text
    answer = security.post("/admin/people", {"username": "wangwu", "display_name": "王五"})
    page = security.get(answer.location)
    password = re.search(r"初始密码为 (\S+?)，", page.text)
    assert password is not None
    key = int(answer.location.rsplit("/", 1)[1])
    security.post(f"/admin/people/{key}/roles", {"role": "clerk", "organisation": "ft.intake"})
    wangwu = desk.browser()
    assert wangwu.login("wangwu", password[1]).status_code == 302
    assert "全部可见" in wangwu.get("/desk").text
    with desk.database.reading() as session:
        grant = session.scalars(select(RoleGrant).where(RoleGrant.person_id == key)).one()
    security.post(f"/admin/people/{key}/roles/{grant.id}/revoke")
    assert wangwu.get("/report").status_code == 403


def test_nobody_gives_themselves_roles_or_holds_two_administrations(desk: Any) -> None:
    security = desk.browser("security")
    own, auditor = desk.person("security").id, desk.person("auditor").id
    security.post(f"/admin/people/{own}/roles", {"role": "clerk", "organisation": "ft.intake"})
    assert "不能对本人操作" in security.get(f"/admin/people/{own}").text
    security.post(f"/admin/people/{auditor}/roles", {"role": "administrator", "organisation": "sz.platform"})
    assert "必须由不同的人担任" in security.get(f"/admin/people/{auditor}").text
    with desk.database.reading() as session:
        held = set(session.scalars(select(RoleGrant.role).where(RoleGrant.person_id.in_([own, auditor]))))
    assert held == {"security_admin", "auditor"}


def test_the_administrator_adds_an_organisation_and_changes_it(desk: Any) -> None:
    admin = desk.browser("admin")
    fields = {
        "code": "ft.garden",
        "name": "福田园林队",
        "kind": "crew",
        "duty": "",
        "areas": "ft, nowhere",
        "active": "1",
    }
    answer = admin.post("/admin/organisations/new", fields)
    assert answer.status_code == 422 and "nowhere" in answer.text and 'value="福田园林队"' in answer.text
    answer = admin.post("/admin/organisations/new", {**fields, "areas": "ft"})
    assert (
        admin.post(answer.location, {**fields, "name": "园林一队", "areas": "ft", "code": "other"}).status_code == 302
    )
    with desk.database.reading() as session:
        row = session.scalars(select(Organisation).where(Organisation.code == "ft.garden")).one()
        assert row.name == "园林一队"
    assert "园林一队" in admin.get("/admin/organisations?q=ft.garden").text


def test_a_day_and_the_office_hours_are_changed_and_the_record_says_by_whom(desk: Any) -> None:
    admin = desk.browser("admin")
    page = admin.get("/admin/calendar?year=2026&day=2026-02-17")
    assert page.status_code == 200 and "春节" in page.text and "2026-02-17" in page.text
    admin.post("/admin/calendar/day", {"day": "2026-03-20", "how": "off", "name": "停电", "source": "通知 1 号"})
    hours = {"valid_from": "2026-04-01", "opens": ["09:00", "13:00"], "closes": ["12:00", "17:00"]}
    admin.post("/admin/calendar/windows", hours)
    wrong = admin.post("/admin/calendar/windows", {"valid_from": "2026-04-02", "opens": "12:00", "closes": "09:00"})
    assert wrong.status_code == 422 and "先后有误" in wrong.text
    assert admin.post("/admin/calendar/day", {"day": "soon", "how": "off"}).status_code == 422
    with desk.database.reading() as session:
        assert session.scalars(select(CalendarDay.working).where(CalendarDay.name == "停电")).one() is False
        opened = session.scalars(select(OfficeWindow.opens).where(OfficeWindow.valid_from == date(2026, 4, 1)))
        assert session.scalar(select(func.count()).where(HistoryEvent.kind == "calendar.changed")) == 2
        assert sorted(opened) == [540, 780]


def failed_job(desk: Any) -> int:
    with desk.database.transaction() as session:
        now = clock.now()
        job = Job(
            delivery_id="d1", type="http", kind="connector", status=JobStatus.FAILED, run_at=now, created_at=now,
            inputs={"url": "https://example.org/a", "count": 1}, attempts=3,
        )  # fmt: skip
        session.add(job)
        session.flush()
        incident = Incident(
            job_id=job.id, kind="job_failed", message="对方返回 404", opened_at=now, last_at=now, facts={"status": 404}
        )
        session.add(incident)
        session.flush()
        return incident.id


def test_an_operator_corrects_the_inputs_and_tries_again(desk: Any) -> None:
    key = failed_job(desk)
    operator = desk.browser("operator")
    assert "对方返回 404" in operator.get("/incidents").text
    page = operator.get(f"/incidents/{key}")
    assert "https://example.org/a" in page.text
    assert operator.post(f"/incidents/{key}/retry", {"inputs": "{broken"}).status_code == 422
    operator.post(f"/incidents/{key}/retry", {"inputs": '{"url": "https://example.org/b", "count": 1}'})
    with desk.database.reading() as session:
        job = session.scalars(select(Job)).one()
        assert job.status is JobStatus.OWED and job.inputs["url"] == "https://example.org/b"
    assert desk.browser("clerk").get(f"/incidents/{key}").status_code == 403


def test_what_the_engine_found_wrong_is_said_in_words(desk: Any) -> None:
    key = failed_job(desk)
    with desk.database.transaction() as session:
        session.get_one(Incident, key).facts = {"kind": "bad_input", "element_id": "tell"}
    operator = desk.browser("operator")
    for address in ("/incidents", f"/incidents/{key}"):
        assert "环节“tell”的一项输入不能使用。" in operator.get(address).text


def test_holidays_are_named_in_the_readers_language(desk: Any) -> None:
    admin = desk.browser("admin")
    assert "端午节" in admin.get("/admin/calendar?year=2026").text
    admin.post("/language", {"locale": "en"})
    page = admin.get("/admin/calendar?year=2026&day=2026-06-19").text
    assert "Dragon Boat Festival" in page and page.count("端午节") == 1, "the field keeps the stored name"


def test_an_incident_is_closed_only_with_a_reason(desk: Any) -> None:
    key = failed_job(desk)
    operator = desk.browser("operator")
    assert operator.post(f"/incidents/{key}/dismiss", {"reason": " "}).status_code == 422
    assert operator.post(f"/incidents/{key}/dismiss", {"reason": "对方已停用"}).status_code == 302
    assert operator.post(f"/incidents/{key}/dismiss", {"reason": "again"}).status_code == 409
    with desk.database.reading() as session:
        assert session.get_one(Incident, key).status is IncidentStatus.DISMISSED
    assert "对方已停用" in operator.get(f"/incidents/{key}").text


def test_the_auditor_finds_who_did_what_and_that_nothing_was_changed(desk: Any) -> None:
    desk.open_case()
    auditor = desk.browser("auditor")
    page = auditor.get("/admin/records?kind=case.opened&who=clerk")
    assert "案件登记" in page.text and "陈静" in page.text
    assert "全部记录与写入时一致" in auditor.post("/admin/records/verify").text
    export = auditor.get("/admin/records.csv")
    assert export.mimetype == "text/csv" and "案件登记" in export.text
    assert auditor.post("/admin/calendar/day", {"day": "2026-03-20", "how": "off"}).status_code == 403


def test_notices_reach_those_they_are_for_and_are_read_once(desk: Any) -> None:
    with desk.database.transaction() as session:
        person = session.scalars(select(Person.id).where(Person.username == "clerk")).one()
        session.add(Notification(person_id=person, title="时限预警", body="还剩 1 工作时", created_at=clock.now()))
        session.add(Notification(role="crew", title="给班组", created_at=clock.now()))
    clerk = desk.browser("clerk")
    page = clerk.get("/notices")
    assert "时限预警" in page.text and "给班组" not in page.text
    assert 'class="count">1' in clerk.get("/desk").text
    clerk.post("/notices/read")
    assert 'class="count">' not in clerk.get("/desk").text


def test_a_clock_that_is_over_is_told_to_those_above_at_the_place(desk: Any) -> None:
    with clock.at("2026-11-18T09:00"):
        desk.open_case()
    with clock.at("2026-11-18T17:00"):
        run_due(desk.database, Settings(), worker="w")
    seen = {
        name: "已超时" in desk.browser(name).get("/notices").text for name in ("chief", "clerk", "clerk_lh", "crew")
    }
    assert seen == {"chief": True, "clerk": True, "clerk_lh": False, "crew": False}


def test_what_is_told_to_an_organisation_is_told_to_its_people(desk: Any) -> None:
    with desk.database.transaction() as session:
        intake = session.scalars(select(Organisation.id).where(Organisation.code == "ft.intake")).one()
        session.add(Notification(organisation_id=intake, title="请看案件时限", created_at=clock.now()))
    assert "请看案件时限" in desk.browser("clerk").get("/notices").text
    assert "请看案件时限" not in desk.browser("clerk_lh").get("/notices").text


def test_clocks_are_explained_in_words_in_both_languages(desk: Any) -> None:
    with clock.at("2026-02-14 17:30"):
        case_id = desk.open_case()
        clerk = desk.browser("clerk")
        page = clerk.get(f"/cases/{case_id}").text
        assert "只计工作日的办公时间" in page and "不计入" in page and "节假日" in page
        clerk.post("/language", {"locale": "en"})
        page = clerk.get(f"/cases/{case_id}").text
        assert "Only office hours on working days count." in page and "Not counted:" in page


def test_an_address_that_is_too_long_is_refused_not_cut(desk: Any) -> None:
    security = desk.browser("security")
    sent = {"username": "newcomer", "display_name": "新人", "email": "a" * 200 + "@example.org"}
    assert security.post("/admin/people", sent).status_code == 422
    with desk.database.reading() as session:
        assert session.scalar(select(Person.id).where(Person.username == "newcomer")) is None


def test_the_duty_of_an_organisation_is_named_and_found_by_its_name(desk: Any) -> None:
    admin = desk.browser("admin")
    found = admin.get("/admin/organisations?q=督查室").text
    assert "sz.supervision" in found and ">督查室<" in found and ">supervision<" not in found
