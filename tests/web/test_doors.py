"""Who comes in where: every route's declared need against everybody; tokens, sessions, waits, headers."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.routing import IntegerConverter

from engine import clock
from engine.demonstration import PASSWORD
from engine.permissions import can
from engine.settings import Settings
from engine.storage import HistoryEvent, LoginSession, Person
from web.doors import PUBLIC, SIGNED_IN, Door, check, needs_of

PEOPLE = ("clerk", "chief", "crew", "officer", "designer", "operator", "admin", "security", "auditor")
ARGUMENTS = {"person_id": 1, "organisation_id": 1, "deed": "void", "kind": "process"}
"""What addresses are filled with that neither 999 nor ``x`` fits."""


def routes(app: Flask) -> list[tuple[str, str, str]]:
    """Every address there is, with its endpoint and method."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        numbers = {name for name in rule.arguments if isinstance(rule._converters[name], IntegerConverter)}
        values = {name: ARGUMENTS.get(name, 999 if name in numbers else "x") for name in rule.arguments}
        with app.test_request_context():
            found.append((app.url_for(rule.endpoint, **values), rule.endpoint, min(rule.methods & {"GET", "POST"})))
    return found


def test_every_route_says_what_it_needs(app: Flask) -> None:
    needs = needs_of(app)
    public = {endpoint for endpoint, need in needs.items() if need == PUBLIC}
    assert {e for e in public if e.split(".")[0] in ("auth", "about")} == public
    assert needs["people.grant"] == "people.manage"


def test_a_route_that_says_nothing_stops_the_start(app: Flask) -> None:
    app.view_functions["forgotten"] = lambda: ""
    app.url_map.add(app.url_rule_class("/forgotten", endpoint="forgotten"))
    with pytest.raises(RuntimeError, match="/forgotten"):
        check(app)


def test_without_a_login_every_door_but_the_public_ones_leads_to_the_login(desk: Any) -> None:
    stranger = desk.browser()
    needs = needs_of(desk.app)
    for address, endpoint, method in routes(desk.app):
        if needs[endpoint] == PUBLIC:
            continue
        if method == "GET":
            answer = stranger.get(address)
            assert answer.status_code == 302 and answer.location.startswith("/login"), (endpoint, answer.status_code)
        else:
            answer = stranger.post(address)
            assert answer.status_code == 401 and 'action="/login"' in answer.text, (endpoint, answer.status_code)


def test_a_declared_deed_is_asked_of_everybody(desk: Any) -> None:
    needs = {e: n for e, n in needs_of(desk.app).items() if n not in (PUBLIC, SIGNED_IN)}
    for username in PEOPLE:
        browser, actor = desk.browser(username), desk.actor(username)
        for address, endpoint, method in routes(desk.app):
            if endpoint not in needs:
                continue
            answer = browser.get(address) if method == "GET" else browser.post(address)
            if can(actor, needs[endpoint]):
                assert answer.status_code != 403, (username, endpoint)
            else:
                assert answer.status_code == 403, (username, endpoint, answer.status_code)
            answer.close()


@pytest.mark.parametrize(
    ("username", "sees", "works"),
    [
        ("clerk", True, True),
        ("colleague", True, True),
        ("chief", True, False),
        ("clerk_sz", True, True),
        ("clerk_lh", False, False),
        ("officer", False, False),
        ("admin", False, False),
        ("auditor", True, False),
    ],
)
def test_a_case_and_its_task_are_for_those_whose_place_and_role_it_is(
    desk: Any, username: str, sees: bool, works: bool
) -> None:
    case_id = desk.open_case()
    task = desk.task(case_id)
    browser = desk.browser(username)
    assert browser.get(f"/cases/{case_id}").status_code == (200 if sees else 403)
    assert browser.get(f"/tasks/{task.id}").status_code == (200 if sees else 403)
    assert ("路边堆放" in browser.get("/cases").text) is sees
    assert ("路边堆放" in browser.get("/desk?view=all").text) is sees
    answer = browser.post(f"/tasks/{task.id}/claim")
    assert answer.status_code == (302 if works else 403)


def test_what_does_not_exist_and_what_is_no_number_is_not_found(desk: Any) -> None:
    clerk = desk.browser("clerk")
    for address in ("/cases/999", "/tasks/999", "/cases/abc", "/files/nothing", "/nowhere", "/cases/1/actions/none"):
        assert clerk.get(address).status_code == 404, address


def test_an_address_that_only_takes_forms_says_so_when_it_is_opened(desk: Any) -> None:
    answer = desk.browser("clerk").get("/tasks/1/claim")
    assert answer.status_code == 405 and "不能这样打开" in answer.text and "未找到" not in answer.text


def test_a_deed_without_the_pages_token_is_refused_and_nothing_happens(desk: Any) -> None:
    case_id = desk.open_case()
    clerk = desk.browser("clerk")
    answer = clerk.client.post(f"/tasks/{desk.task(case_id).id}/claim")
    assert answer.status_code == 400 and "页面已过期" in answer.text
    assert clerk.client.post(f"/cases/{case_id}/notes", data={"text": "x", "csrf_token": "forged"}).status_code == 400
    assert desk.task(case_id).assignee_id is None


def test_pages_carry_strict_headers(desk: Any) -> None:
    clerk = desk.browser("clerk")
    for answer in (clerk.get("/desk"), clerk.get("/login"), clerk.get("/nowhere"), desk.browser().get("/healthz")):
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self';" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff" and answer.headers["Cache-Control"] == "no-store"
    assert "<script>" not in clerk.get("/desk").text and " style=" not in clerk.get("/desk").text
    assert " onclick=" not in clerk.get("/desk").text


def test_cookies_are_closed_to_scripts_and_with_https_to_plain_connections(database: Any, city: None) -> None:
    from web.app import create_app

    app = create_app(Settings(secret_key="x", secure_cookies=True), database)
    answer = app.test_client().get("/login", base_url="https://localhost")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-cityloop=") and "Secure" in cookie and "HttpOnly" in cookie and "Lax" in cookie
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_five_wrong_passwords_make_one_wait_a_little_and_longer_each_time(desk: Any) -> None:
    stranger = desk.browser()
    with clock.at("2026-03-02 09:00"):
        for _ in range(5):
            assert stranger.login("clerk", "wrong").status_code == 401
        assert stranger.login("clerk").status_code == 401
        assert desk.person("clerk").locked_until == clock.now() + timedelta(seconds=30)
    with clock.at("2026-03-02 09:01"):
        assert stranger.login("clerk", "wrong").status_code == 401
        assert desk.person("clerk").locked_until == clock.now() + timedelta(seconds=60)
    with clock.at("2026-03-02 09:03"):
        assert stranger.login("clerk").status_code == 302
        assert desk.person("clerk").failed_logins == 0
    with desk.database.reading() as session:
        assert session.scalar(select(func.count()).where(HistoryEvent.kind == "login.locked")) == 2


def test_whoever_guesses_cannot_keep_the_owner_out_of_a_known_browser(desk: Any) -> None:
    own = desk.browser("clerk")
    own.post("/logout")
    stranger = desk.browser()
    for _ in range(6):
        stranger.login("clerk", "guess")
    assert stranger.login("clerk").status_code == 401
    assert own.login("clerk").status_code == 302
    assert desk.browser().login("colleague").status_code == 302


def test_a_wrong_name_and_a_wrong_password_are_answered_alike(desk: Any) -> None:
    stranger = desk.browser()
    pages = [stranger.login(name, "wrong") for name in ("nobody", "clerk")]
    texts = [page.text.replace('value="nobody"', "").replace('value="clerk"', "") for page in pages]
    assert [page.status_code for page in pages] == [401, 401]
    assert "账号或密码不正确" in texts[0] and "账号或密码不正确" in texts[1]


def test_a_session_gets_a_new_token_at_login_and_ends_with_logout_everywhere(desk: Any) -> None:
    browser = desk.browser("clerk")
    first = browser.client.get_cookie("cityloop").value
    browser.post("/login", {"username": "clerk", "password": "cityloop-demo"})
    assert browser.client.get_cookie("cityloop").value != first
    stolen = desk.browser()
    stolen.client.set_cookie("cityloop", browser.client.get_cookie("cityloop").value)
    assert stolen.get("/desk").status_code == 200
    browser.get("/account")
    browser.post("/logout")
    assert stolen.get("/desk").status_code == 302


def test_an_idle_session_is_over_after_half_an_hour(desk: Any) -> None:
    with clock.at("2026-03-02 09:00"):
        browser = desk.browser("clerk")
    with clock.at("2026-03-02 09:29"):
        assert browser.get("/desk").status_code == 200
    with clock.at("2026-03-02 09:58"):
        assert browser.get("/desk").status_code == 200
    with clock.at("2026-03-02 10:29"):
        assert browser.get("/desk").status_code == 302


def test_sessions_are_revocable_by_oneself_and_by_the_security_administrator(desk: Any) -> None:
    office, phone = desk.browser("clerk"), desk.browser("clerk")
    office.post("/account/sessions/end")
    assert office.get("/desk").status_code == 200 and phone.get("/desk").status_code == 302
    security = desk.browser("security")
    security.post(f"/admin/people/{desk.person('clerk').id}/sessions/end")
    assert office.get("/desk").status_code == 302
    with desk.database.reading() as session:
        assert session.scalar(select(func.count()).where(LoginSession.ended_at.is_(None))) == 1


def test_somebody_shut_out_is_out_at_once(desk: Any) -> None:
    browser = desk.browser("clerk")
    security = desk.browser("security")
    key = desk.person("clerk").id
    security.post(f"/admin/people/{key}", {"display_name": "陈静"})
    assert browser.get("/desk").status_code == 302
    assert desk.browser().login("clerk").status_code == 401


def test_the_login_leads_back_but_never_elsewhere(desk: Any) -> None:
    stranger = desk.browser()
    assert stranger.get("/cases?q=1").location == "/login?next=/cases?q%3D1"
    for wanted, place in (
        ("/cases?q=1", "/cases?q=1"),
        ("//evil.example", "/desk"),
        ("https://evil.example", "/desk"),
        ("/\\evil.example", "/desk"),
        ("/\t/evil.example", "/desk"),
        ("/\t/[", "/desk"),
    ):
        browser = desk.browser()
        browser.get("/login")
        answer = browser.post("/login", {"username": "clerk", "password": "cityloop-demo", "next": wanted})
        assert answer.location == place


def test_a_password_is_changed_only_with_the_old_one_and_to_a_good_one(desk: Any) -> None:
    clerk = desk.browser("clerk")
    for old, new, again in (
        ("wrong", "correct horse 1", "correct horse 1"),
        ("cityloop-demo", "short", "short"),
        ("cityloop-demo", "clerk-clerk-clerk", "clerk-clerk-clerk"),
        ("cityloop-demo", "correct horse 1", "correct horse 2"),
    ):
        assert clerk.post("/account/password", {"old": old, "new": new, "again": again}).status_code == 422
    other = desk.browser("clerk")
    good = {"old": "cityloop-demo", "new": "correct horse 1", "again": "correct horse 1"}
    assert clerk.post("/account/password", good).status_code == 302
    assert clerk.get("/desk").status_code == 200 and other.get("/desk").status_code == 302
    assert desk.browser().login("clerk", "correct horse 1").status_code == 302


def test_too_many_logins_from_one_place_are_slowed_down(desk: Any) -> None:
    stranger = desk.browser()
    answers = [stranger.login("nobody", "x").status_code for n in range(25)]
    assert answers[0] == 401 and answers[-1] == 429
    assert desk.browser().login("clerk").status_code == 302


HOSTILE = (
    "<script>alert(1)</script>", "{{ 7*7 }}", "a\0b", "\ud7ff\uffff", "'; DROP TABLE task; --", "9" * 5000,
    "../../etc/passwd", "NaN", "=cmd|' /C calc'!A0", "x" * 30000,
)  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_values_are_refused_or_shown_as_text(desk: Any, value: str) -> None:
    case_id = desk.open_case()
    task = desk.task(case_id)
    clerk = desk.browser("clerk")
    sent = {"decision": value, "why": value, "bags": value, "_submission": value, "_act": "", "status": "closed"}
    answer = clerk.post(f"/tasks/{task.id}", sent)
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text and "49" not in answer.text.replace("{{ 7*7 }}", "")[:0]
    assert desk.task(case_id).id == task.id
    for path in (f"/tasks/{task.id}/draft", f"/tasks/{task.id}/form"):
        assert clerk.post(path, sent).status_code in (200, 422)
    report = dict.fromkeys(("service_type", "title", "place", "district", "point", "reported_at", "evidence"), value)
    assert clerk.post("/report", report).status_code in (302, 422)
    for query in ("/cases?q={}&page={}&status={}&from={}", "/desk?q={}&page={}&sort={}&view={}"):
        page = clerk.get(query.replace("{}", "%3Cscript%3E-1" if "script" in value else "999999999999999999999"))
        assert page.status_code == 200 and "<script>-1" not in page.text


def test_programs_get_problem_documents(desk: Any) -> None:
    clerk = desk.browser("clerk")
    answer = clerk.get("/cases/999", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
    assert answer.json["type"] == "urn:cityloop:not_found" and answer.json["title"] == "未找到"


def test_an_unexpected_failure_shows_a_reference_and_nothing_of_the_inside(
    desk: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clerk = desk.browser("clerk")
    monkeypatch.setattr("engine.worklist.cases", lambda *_, **__: 1 / 0)
    answer = clerk.get("/cases")
    assert answer.status_code == 500 and "ZeroDivision" not in answer.text
    reference = caplog.records[-1].getMessage().rsplit("[", 1)[1].rstrip("]")
    assert reference in answer.text


def test_the_language_is_ones_own(desk: Any) -> None:
    clerk = desk.browser("clerk")
    assert 'lang="zh-CN"' in clerk.get("/desk").text
    clerk.post("/language", {"locale": "en", "next": "/cases"})
    page = clerk.get("/desk").text
    assert 'lang="en"' in page and "My groups" in page
    assert "My groups" in desk.browser("clerk").get("/desk").text
    with desk.database.reading() as session:
        assert session.scalars(select(Person.locale).where(Person.username == "clerk")).one() == "en"


def test_a_door_without_a_need_cannot_be_written() -> None:
    door = Door("nowhere", __name__)
    with pytest.raises(TypeError):
        door.get_page("/x")  # type: ignore[call-arg]


def hidden(page: Any, prefix: str = "") -> dict[str, str]:
    """The hidden fields of a page's last form."""
    form = page.text.rsplit("<form", 1)[1]
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
    return {name: unescape(value) for name, value in found if name.startswith(prefix) and name != "csrf_token"}


def test_a_login_that_ran_out_while_typing_loses_nothing(desk: Any) -> None:
    report = {
        "service_type": "sanitation",
        "category": "市容环境",
        "title": "午饭前写了一半 <b>",
        "description": "第一行\r\n第二行",
        "district": "ft",
        "street": "ft.lianhua",
        "reporter.name": "王大妈",
    }
    with clock.at("2026-03-02 09:00"):
        clerk = desk.browser("clerk")
    with clock.at("2026-03-02 13:00"):
        out = clerk.post("/report", report, headers={"Referer": "http://localhost/report"})
        assert out.status_code == 401 and "您填写的内容都还在" in out.text
        carried = hidden(out)
        wrong = clerk.post("/login", {**carried, "username": "clerk", "password": "nonsense"})
        assert wrong.status_code == 401 and hidden(wrong) == carried
        back = clerk.post("/login", {**carried, "username": "clerk", "password": PASSWORD})
        assert back.status_code == 200 and hidden(back) == report and 'action="/report"' in back.text
        clerk.get("/account")
        opened = clerk.post("/report", hidden(back))
        assert opened.status_code == 302 and "午饭前写了一半 &lt;b&gt;" in clerk.get(opened.location).text


def test_a_page_older_than_the_login_offers_to_send_what_was_typed(desk: Any) -> None:
    case_id = desk.open_case()
    clerk = desk.browser("clerk")
    stale = {"csrf_token": "of the login before", "text": "现场已围护"}
    own = clerk.client.post(f"/cases/{case_id}/notes", data=stale, headers={"Origin": "http://localhost"})
    assert own.status_code == 400 and hidden(own) == {"text": "现场已围护"}
    assert clerk.post(f"/cases/{case_id}/notes", hidden(own)).status_code == 302
    foreign = clerk.client.post(f"/cases/{case_id}/notes", data=stale, headers={"Origin": "http://elsewhere"})
    assert foreign.status_code == 400 and "现场已围护" not in foreign.text
    password = {"csrf_token": "old", "old": "secret one", "new": "secret two", "again": "secret two"}
    kept = clerk.client.post("/account/password", data=password, headers={"Origin": "http://localhost"})
    assert kept.status_code == 400 and "secret" not in kept.text
