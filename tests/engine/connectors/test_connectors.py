"""What processes ask of the house: each connector once as it should go, and once as it should not."""

from __future__ import annotations

import re
import socket
import threading
from dataclasses import replace
from importlib import import_module

import pytest
from sqlalchemy import select

from engine import clock, connectors, deadlines, evidence, tasks
from engine.connectors import outbound
from engine.connectors.pdf import pdf
from engine.connectors.telling import tell
from engine.errors import ExecutionFailed
from engine.intake import open_case
from engine.owed import run_due
from engine.settings import Settings
from engine.storage import (
    Case,
    CaseLink,
    CaseStatus,
    Deadline,
    DeadlineStatus,
    Evidence,
    Incident,
    Job,
    Message,
    Notification,
    Organisation,
    ProcessInstance,
    Task,
    TaskStatus,
)


@pytest.fixture
def run(session, database, people, draw, publish, report):
    """Open a case whose process does these service tasks and then waits; answers the case."""

    def opened(*services, at="2026-11-18T09:00", **changes) -> Case:
        drawing = draw("sanitation", kind="service", serviceType="sanitation")
        for number, (type_, inputs) in enumerate(services):
            drawing.service(f"s{number}", type_, inputs, result=f"r{number}")
        publish(drawing.user("wait", "clerk"), draw("other", kind="service").user("work", "clerk"))
        with clock.at(at):
            case = open_case(session, people.clerk, {**report, **changes})
            session.commit()
            while run_due(database, Settings.from_environment(), worker="w"):
                pass
        session.expire_all()
        return case

    return opened


def results(session, case) -> dict:
    incident = session.scalars(select(Incident.message)).all()
    assert not incident, incident
    return session.scalars(select(Task.variables).where(Task.case_id == case.id, Task.status == TaskStatus.OPEN)).one()


def test_the_catalogue_and_the_modules_are_the_same():
    for type_, entry in connectors.catalogue().items():
        module = connectors.find(type_)
        wanted = ("prepare", "call") if entry.get("outside") else ("run",)
        assert all(callable(getattr(module, name)) for name in wanted)
        assert entry["name"] and entry["name_en"] and entry["description"] and entry["description_en"]
        for part in (*entry["inputs"], *entry["outputs"]):
            assert part["name"] and part["label"] and part["label_en"]
            assert part["kind"] in {"text", "number", "boolean", "list", "context", "choice"}
    with pytest.raises(ExecutionFailed):
        connectors.find("os")


def test_update_case_changes_what_later_steps_see(session, run):
    case = run(
        ("update-case", {"route": "IN_HOUSE_FIX", "facts": '={"far": 1.5}', "responsible": "crew_sanitation"}),
        ("update-case", {"close_condition": '=case.route + "/" + string(case.facts.far)'}),
    )
    assert case.route == "IN_HOUSE_FIX" and case.close_condition == "IN_HOUSE_FIX/1.5"
    assert session.get_one(Organisation, case.responsible_organisation_id).duty == "crew_sanitation"


def test_update_case_ends_a_case_while_its_process_goes_on(session, people, run):
    first = run()
    case = run(("update-case", {"duplicate_of": f'="{first.number}"', "status": "duplicate", "close_reason": "同一处"}))
    assert case.status is CaseStatus.DUPLICATE and case.duplicate_of_id == first.id
    task = session.scalars(select(Task).where(Task.case_id == case.id, Task.status == TaskStatus.OPEN)).one()
    tasks.complete(session, people.clerk, task.id, {})
    assert (
        session.scalars(select(ProcessInstance.status).where(ProcessInstance.case_id == case.id)).one() == "completed"
    )
    assert case.status is CaseStatus.DUPLICATE


def test_a_change_the_case_no_longer_takes_needs_a_person(session, run):
    case = run(
        ("update-case", {"status": "rejected", "close_reason": "不归城管"}),
        ("update-case", {"responsible": "crew_sanitation"}),
    )
    incident = session.scalars(select(Incident)).one()
    assert (incident.case_id, incident.code, incident.element_id) == (case.id, "bad_input", "s1")
    assert session.scalars(select(Job.status).where(Job.element_id == "s1")).one() == "failed"


def test_the_clock_of_a_case_runs_stands_still_and_gets_more_time(session, run):
    case = run(
        ("clock", {"action": "start", "limit": "4 工作时", "warn": "50"}),
        ("clock", {"action": "extend", "limit": "2 工作时", "reason": "停电"}),
        ("clock", {"action": "pause", "reason": "移送"}),
        ("clock", {"action": "pause"}),
        ("clock", {"action": "resume"}),
        ("clock", {"action": "stop", "clock": "unknown"}),
    )
    deadline = session.scalars(select(Deadline).where(Deadline.case_id == case.id, Deadline.name == "case")).one()
    assert deadline.status is DeadlineStatus.RUNNING
    assert clock.city_time(deadline.due_at).isoformat() == "2026-11-18T17:00:00+08:00"
    assert results(session, case)["r0"]["due_at"].startswith("2026-11-18T15:00:00")


def test_a_clock_two_hold_runs_again_when_both_have_let_go(session, run):
    holds = [("pause", "weather TF"), ("pause", "weather FX"), ("resume", "weather TF"), ("resume", "enforcement")]
    start = ("clock", {"action": "start", "limit": "4 工作时"})
    case = run(start, *(("clock", {"action": action, "hold": hold}) for action, hold in holds))
    deadline = session.scalars(select(Deadline).where(Deadline.case_id == case.id, Deadline.name == "case")).one()
    assert deadline.status is DeadlineStatus.PAUSED
    assert deadlines.holds(session, deadline) == {"weather FX"}


@pytest.mark.parametrize("held_first", [True, False])
def test_work_outside_is_not_late_while_the_weather_holds_the_case(session, people, draw, publish, report, held_first):
    publish(
        draw("sanitation", kind="service", serviceType="sanitation")
        .user("accept", "clerk")
        .user("work", "clerk", limit="4 工作时", pausesWith="case")
    )

    def done(name):
        tasks.complete(session, people.clerk, session.scalars(select(Task.id).where(Task.element_id == name)).one(), {})

    with clock.at("2026-11-18T09:00"):
        case = open_case(session, people.clerk, report)
        own = deadlines.start(
            session, people.clerk, name="case", limit="2 工作日", started_at=clock.now(), case_id=case.id
        )
        if held_first:
            deadlines.pause(session, people.clerk, own, "台风", hold="weather")
        done("accept")
        if not held_first:
            deadlines.pause(session, people.clerk, own, "台风", hold="weather")
        session.commit()
    work = session.scalars(select(Task).where(Task.element_id == "work")).one()
    assert work.due_at is None
    with clock.at("2026-11-20T09:00"):
        deadlines.resume(session, people.clerk, own, hold="weather")
        session.commit()
        assert clock.city_time(work.due_at).isoformat() == "2026-11-20T15:00:00+08:00"
        done("work")
        session.commit()
    assert session.scalars(select(Deadline.status).where(Deadline.task_id == work.id)).one() is DeadlineStatus.STOPPED


def test_a_number_no_case_has_is_an_error_the_drawing_may_catch(session, run):
    run(("update-case", {"duplicate_of": "FT-1", "reason": "并案"}))
    assert session.scalars(select(Incident.code)).one() == "unknown_case"


def test_notices_reach_roles_people_and_the_reporter_once(session, run):
    case = run(
        ("notify", {"to": "duty_chief, clerk", "title": "超时", "organisation": "intake"}),
        ("notify", {"channel": "mail", "to": "chief", "title": "邮件"}),
        ("notify", {"channel": "reporter", "title": "已办结"}),
        reporter={"name": "张三", "phone": "13800000000", "wants_reply": True},
    )
    told = session.scalars(select(Notification).order_by(Notification.id)).all()
    assert [(n.channel, n.role, n.address) for n in told] == [
        ("app", "duty_chief", ""), ("app", "clerk", ""), ("mail", None, ""), ("sms", None, "13800000000"),
    ]  # fmt: skip
    assert results(session, case)["r0"] == {"notified": 2}


def test_a_receiver_is_told_once_of_a_delivery(session, people):
    receivers = [
        {"role": "duty_chief"}, {"role": "clerk"}, {"person_id": people.clerk.person_id}, {"address": "13800000000"},
    ]  # fmt: skip
    for receiver in receivers * 2:
        tell(session, Settings(), title="超时", delivery_id="deadline:1:breach", **receiver)
    told = session.scalars(select(Notification).order_by(Notification.id)).all()
    assert [(n.role, n.person_id, n.address) for n in told] == [
        (r.get("role"), r.get("person_id"), r.get("address", "")) for r in receivers
    ]


def test_a_wrong_input_is_an_incident_at_once(session, run):
    case = run(("notify", {"to": "nobody_like_that", "title": "x"}))
    incident = session.scalars(select(Incident)).one()
    assert (incident.case_id, incident.code, incident.element_id) == (case.id, "bad_input", "s0")
    assert session.scalars(select(Job.attempts).where(Job.kind == "connector")).one() == 1


@pytest.mark.parametrize(
    ("type_", "inputs", "code"),
    [
        ("find-duplicates", {"metres": "nearby"}, "bad_input"),
        ("find-duplicates", {"hours": "=-1"}, "bad_input"),
        ("find-duplicates", {"hours": "1e300"}, "bad_input"),
        ("open-case", {"title": "x", "place": '={"longitude": "far", "latitude": 1}'}, "invalid_input"),
        ("clock", {"action": "start", "limit": "4 工作时", "warn": "soon"}, "bad_input"),
        ("http", {"url": "https://example.com/", "timeout": "long"}, "bad_input"),
        ("http", {"url": "https://example.com:x/"}, "not_allowed_address"),
    ],
)
def test_an_input_that_is_no_number_needs_a_person_at_once(session, run, type_, inputs, code):
    run((type_, inputs))
    assert session.scalars(select(Incident.code)).one() == code
    assert session.scalars(select(Job.attempts).where(Job.kind == "connector")).one() == 1


def test_duplicates_at_no_distance_are_at_the_very_place(session, run):
    here = {"longitude": 114.0545, "latitude": 22.5561}
    first = run(**here)
    near = run(("find-duplicates", {"metres": "=0"}), at="2026-11-18T10:00", **{**here, "longitude": 114.05455})
    assert results(session, near)["r0"]["first"] is None
    same = run(("find-duplicates", {"metres": "=0"}), at="2026-11-18T10:00", **here)
    assert results(session, same)["r0"]["first"] == first.number


def test_a_document_is_a_pdf_among_the_evidence(session, run, tmp_path):
    case = run(
        (
            "document",
            {
                "title": '="线索移送函 " + case.number',
                "template": "# 移送\n案件 {{case.number}}，地点：{{case.place.text}}。\n- 事由：{{why}}",
                "values": '={"why": "偷倒渣土"}',
            },
        )
    )
    kept = session.scalars(select(Evidence)).one()
    data = evidence.file_of(kept, Settings.from_environment()).read_bytes()
    assert kept.case_id == case.id and kept.content_type == "application/pdf" and data.startswith(b"%PDF-1.7")
    assert results(session, case)["r0"]["sha256"] == kept.sha256
    assert "移送函" in kept.file_name


@pytest.mark.parametrize(("locale", "written"), [("zh", "函 是 水、电.pdf"), ("en", "函 yes water, power.pdf")])
def test_a_document_writes_values_in_the_language_of_the_house(session, run, monkeypatch, locale, written):
    monkeypatch.setenv("CITYLOOP_LOCALE", locale)
    things = '["水", "电"]' if locale == "zh" else '["water", "power"]'
    values = f"={{urgent: true, things: {things}}}"
    run(("document", {"title": "函 {{urgent}} {{things}}", "template": "x", "values": values}))
    assert session.scalars(select(Evidence.file_name)).one() == written


def test_a_template_that_names_what_is_not_there_says_so(session, run):
    run(("document", {"title": "函", "template": "{{case.colour}}"}))
    assert "case.colour" in session.scalars(select(Incident.message)).one()


def test_a_child_case_is_opened_at_the_same_place_and_tells_its_end(session, database, people, draw, publish, report):
    publish(
        draw("sanitation", kind="service", serviceType="sanitation")
        .service("child", "open-case", {"title": "修补路面", "service_type": "street_furniture"}, result="child")
        .message("done", "child_case_closed", "=child.number")
        .user("wait", "clerk"),
        draw("furniture", kind="service", serviceType="street_furniture").user("work", "clerk"),
    )
    case = open_case(session, people.clerk, report)
    session.commit()
    while run_due(database, Settings.from_environment(), worker="w"):
        pass
    session.expire_all()
    assert session.scalars(select(Incident.message)).all() == []
    child = session.scalars(select(Case).where(Case.parent_id == case.id)).one()
    assert (child.street, child.service_type, child.category) == (case.street, "street_furniture", "")
    task = session.scalars(select(Task).where(Task.case_id == child.id)).one()
    tasks.complete(session, people.clerk, task.id, {})
    session.commit()
    while run_due(database, Settings.from_environment(), worker="w"):
        pass
    session.expire_all()
    assert results(session, case)["number"] == child.number


def test_a_related_case_is_linked(session, run):
    case = run(("open-case", {"title": "另一件", "relation": "related", "process": "other"}))
    link = session.scalars(select(CaseLink)).one()
    other = session.get_one(Case, link.other_case_id)
    assert link.case_id == case.id and (other.title, other.sub_category) == ("另一件", case.sub_category)


def test_the_transfer_package_has_a_number_and_lists_evidence_with_hashes(session, people, run, tmp_path):
    with clock.at("2026-11-18T08:59"):
        kept = evidence.store(session, people.clerk, b"%PDF-1.4 x", file_name="a.pdf", slot="near")
        session.commit()
    case = run(
        ("handoff", {"to": "street_enforcement", "message": "clue_transferred", "reason": "阻塞消防通道"}),
        evidence=[kept.public_id],
    )
    sent = session.scalars(select(Message)).one()
    assert sent.name == "clue_transferred" and sent.case_id == case.id and sent.correlation_key == f"{case.number}-Y01"
    assert sent.payload["evidence"][0]["sha256"] == kept.sha256
    assert sent.payload["receiver"] == "ft.lianhua.street_enforcement"
    assert results(session, case)["r0"]["number"] == f"{case.number}-Y01"


def test_duplicates_are_near_recent_open_and_of_the_same_class(session, run):
    here = {"longitude": 114.0545, "latitude": 22.5561}
    first = run(**here)
    run(**here, sub_category="积存垃圾渣土")
    run(longitude=114.0645, latitude=22.5561)
    case = run(("find-duplicates", {}), at="2026-11-18T10:00", longitude=114.05465, latitude=22.5561, place="别处")
    found = results(session, case)["r0"]
    assert found["first"] == first.number and [d["number"] for d in found["duplicates"]] == [first.number]
    assert found["duplicates"][0]["metres"] < 50
    late = run(("find-duplicates", {"hours": "=1"}), at="2026-11-20T09:00", **here)
    assert results(session, late)["r0"] == {"duplicates": [], "first": None}


def test_duplicates_are_found_by_what_the_place_says(session, run):
    first = run(place="景田北街人行道树池旁")
    case = run(
        ("find-duplicates", {}),
        at="2026-11-18T10:00",
        place=f"景田北街（距{first.number}约18米）",
    )
    assert results(session, case)["r0"]["first"] == first.number
    far = run(("find-duplicates", {}), at="2026-11-18T10:00", place=f"红荔西路（距{first.number}约180米）")
    assert results(session, far)["r0"]["first"] is None


def test_forbidden_and_overreaching_words_are_found_through_punctuation(session, run):
    case = run(
        (
            "check-language",
            {
                "text": "这事不归我们管，我们 要 罚款你！",
                "phrases": '=[{"phrase": "不归我们管", "instead": "我们为您转办"}, "没办法"]',
                "overreach": "罚款, 扣押",
            },
        )
    )
    found = results(session, case)["r0"]
    assert found["clean"] is False
    assert [(f["phrase"], f["kind"], f["instead"]) for f in found["findings"]] == [
        ("不归我们管", "forbidden", "我们为您转办"), ("罚款", "overreach", ""),
    ]  # fmt: skip


# -- the way out -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hosts", "url"),
    [
        ("", "https://example.com/"),
        ("example.com", "https://example.org/"),
        ("localhost", "http://localhost:1/"),
        ("example.com", "ftp://example.com/"),
        ("example.com", "http://user@example.com/"),
        ("169.254.169.254", "http://169.254.169.254/latest"),
        ("::ffff:127.0.0.1", "http://[::ffff:127.0.0.1]/"),
        ("::127.0.0.1", "http://[::127.0.0.1]/"),
        ("64:ff9b::7f00:1", "http://[64:ff9b::7f00:1]/"),
        ("2002:7f00:1::", "http://[2002:7f00:1::]/"),
        ("224.0.0.1", "http://224.0.0.1/"),
    ],
)
def test_only_named_hosts_and_no_private_addresses_are_called(hosts, url):
    with pytest.raises(ExecutionFailed) as refused:
        outbound.request(Settings(outbound_hosts=hosts), "GET", url)
    assert refused.value.kind == "not_allowed_address"


@pytest.fixture
def partner():
    """A system outside, on this machine."""
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Handler(BaseHTTPRequestHandler):
        seen: list[tuple[str, dict, bytes]] = []
        status = 200

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.seen.append((self.path, dict(self.headers), body))
            self.send_response(self.status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b'{"id": 7}')

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://localhost:{server.server_port}", Handler
    server.shutdown()
    server.server_close()
    thread.join()
    Handler.seen.clear()


def test_an_http_call_carries_the_secret_and_the_delivery_id(partner, monkeypatch):
    address, handler = partner
    monkeypatch.setenv("CITYLOOP_SECRET_PARTNER", "s3cret")
    module = import_module("engine.connectors.http")
    settings = Settings(outbound_hosts="private:localhost")
    prepared = {
        "method": "POST",
        "url": f"{address}/cases?x=1",
        "headers": {},
        "body": b"{}",
        "secret": "partner",
        "timeout": 5,
    }
    assert module.call(settings, "d-1", prepared) == {"status": 200, "body": {"id": 7}}
    path, headers, _ = handler.seen[0]
    assert path == "/cases?x=1" and headers["Idempotency-Key"] == "d-1" and headers["Authorization"] == "Bearer s3cret"
    handler.status = 404
    with pytest.raises(ExecutionFailed) as refused:
        module.call(settings, "d-1", prepared)
    assert refused.value.kind == "bpmn_error" and refused.value.facts["error_code"] == "http_404"
    handler.status = 503
    with pytest.raises(ExecutionFailed) as refused:
        module.call(settings, "d-1", prepared)
    assert refused.value.kind == "connector_failed"
    handler.status = 200
    assert module.call(replace(settings, sandbox=True), "d-1", prepared)["sandbox"] is True
    monkeypatch.setenv("CITYLOOP_SECRET_KEY", "what cookies are signed with")
    for nobodys in ("unknown", "key"):
        with pytest.raises(ExecutionFailed) as refused:
            module.call(settings, "d-1", {**prepared, "secret": nobodys})
        assert refused.value.kind == "secret_missing"


def test_an_answer_that_drips_is_cut_off():
    """Each byte comes in time, the whole never would."""
    enough = threading.Event()

    def drip(listening):
        connection, _ = listening.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
            while not enough.wait(0.1):
                try:
                    connection.sendall(b"x")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        partner = threading.Thread(target=drip, args=(listening,))
        partner.start()
        address = f"http://localhost:{listening.getsockname()[1]}/"
        with pytest.raises(ExecutionFailed) as cut:
            outbound.request(Settings(outbound_hosts="private:localhost"), "GET", address, timeout=0.5)
        enough.set()
        partner.join()
    assert cut.value.kind == "connector_failed"


def test_every_object_of_a_document_lies_where_its_table_says(tmp_path):
    data = pdf("线索移送函", "# 事由\n" + "案情。" * 3000)
    start = int(re.search(rb"startxref\n(\d+)", data)[1])
    assert data[start:].startswith(b"xref")
    places = [int(place) for place in re.findall(rb"(\d{10}) 00000 n", data)]
    assert all(data[place:].startswith(b"%d 0 obj" % number) for number, place in enumerate(places, 1))
    pages = re.findall(rb"(\d+) 0 R", re.search(rb"/Kids \[(.*?)\]", data)[1])
    assert len(pages) > 1 and all(b"%d 0 obj\n<< /Type /Page " % int(page) in data for page in pages)
