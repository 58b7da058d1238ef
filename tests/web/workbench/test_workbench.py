"""The workbench's pages: who may come in, what they do, what they refuse."""

from __future__ import annotations

import io
import zipfile
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from engine.storage import (
    Draft,
    DraftFile,
    DraftState,
    HistoryEvent,
    InstanceStatus,
    Person,
    ProcessDefinition,
    ProcessInstance,
)

PATH = "workflows/sanitation/sanitation.bpmn"
GET = ("/workbench/", "/workbench/bundles/sanitation", "/workbench/policies")
FOR_DESIGNERS = (
    "/workbench/drafts/1",
    f"/workbench/drafts/1/file?path={PATH}",
    f"/workbench/drafts/1/revisions?path={PATH}",
)
STAFF = ("clerk", "crew", "officer", "security")


def begin(desk: Any) -> Any:
    designer = desk.browser("designer")
    designer.get("/workbench/")
    assert designer.post("/workbench/bundles/sanitation/draft").status_code == 302
    return designer


def call(browser: Any, address: str, **body: Any) -> Any:
    headers = {"X-CSRFToken": browser.token, "Accept": "application/json"}
    return browser.client.post(address, json=body, headers=headers)


def drawing(desk: Any) -> tuple[str, int]:
    with desk.database.reading() as session:
        row = session.scalars(select(DraftFile).where(DraftFile.path == PATH)).one()
        return (row.content or b"").decode(), row.revision


@pytest.mark.parametrize("username", ["designer", "reviewer", "operator", "admin", "auditor"])
def test_who_administers_processes_sees_them(desk: Any, username: str) -> None:
    begin(desk)
    browser = desk.browser(username)
    for path in (*GET, "/workbench/drafts/1/review"):
        assert browser.get(path).status_code == 200, path


@pytest.mark.parametrize("username", STAFF)
def test_others_do_not(desk: Any, username: str) -> None:
    begin(desk)
    browser = desk.browser(username)
    for path in (
        *GET,
        *FOR_DESIGNERS,
        "/workbench/drafts/1/review",
        "/workbench/drafts/1/try",
        "/workbench/instances/1",
    ):
        assert browser.get(path).status_code == 403, path
    for path in (
        "/workbench/new",
        "/workbench/drafts/1/approve",
        "/workbench/drafts/1/override",
        "/workbench/policies",
    ):
        assert browser.post(path).status_code == 403, path


def test_only_designers_edit_and_only_reviewers_approve(desk: Any) -> None:
    designer = begin(desk)
    reviewer = desk.browser("reviewer")
    for path in FOR_DESIGNERS:
        assert designer.get(path).status_code == 200 and reviewer.get(path).status_code == 403
    assert designer.post("/workbench/drafts/1/approve").status_code == 403
    assert call(reviewer, "/workbench/drafts/1/save", path=PATH, content="", revision=1).status_code == 403


def test_nobody_waits_for_the_database_while_a_reviews_scenarios_run(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    designer = begin(desk)
    text, revision = drawing(desk)
    named = text.replace("</bpmn:process>", "<!-- x --></bpmn:process>")
    call(designer, "/workbench/drafts/1/save", path=PATH, content=named, revision=revision)
    wrote = []

    def run_bundle(*_: Any) -> list[Any]:
        with desk.database.transaction() as session:  # on SQLite this would wait for a writer, and then fail
            session.execute(update(Person).values(locale=Person.locale))
        wrote.append(True)
        return []

    findings = import_module("engine.drafts.findings")
    monkeypatch.setattr(findings, "run_bundle", run_bundle)
    monkeypatch.setattr(findings, "_ran", {})  # what ran for this content on the other database is not remembered
    designer.post("/workbench/drafts/1/request", {"note": "x"})
    assert wrote == [True]


def test_the_editors_page_lets_no_foreign_script_or_style_in(desk: Any) -> None:
    answer = begin(desk).get("/workbench/drafts/1")
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy and "unsafe-eval" not in policy and "'nonce-" in policy
    assert "unsafe-inline" not in policy.replace("style-src-attr 'unsafe-inline'", "")


def test_a_file_is_saved_once_and_a_late_save_is_refused(desk: Any) -> None:
    designer = begin(desk)
    text, revision = drawing(desk)
    changed = text.replace("</bpmn:process>", "<!-- x --></bpmn:process>")
    answer = call(designer, "/workbench/drafts/1/save", path=PATH, content=changed, revision=revision)
    assert answer.json == {"revision": revision + 1}
    late = call(designer, "/workbench/drafts/1/save", path=PATH, content=text, revision=revision)
    assert late.status_code == 409 and drawing(desk)[0] == changed
    assert call(designer, "/workbench/drafts/1/restore", path=PATH, revision=revision).json == {
        "revision": revision + 2
    }
    assert drawing(desk)[0] == text
    for body in ({}, {"path": PATH}, {"path": "../etc/passwd", "content": "", "revision": 0}):
        assert call(designer, "/workbench/drafts/1/save", **body).status_code == 422


def test_the_check_tells_everything_in_the_readers_language(desk: Any) -> None:
    designer = begin(desk)
    text, revision = drawing(desk)
    broken = text.replace("candidateGroups=", "candidateUsers=", 1).replace('formId="accept"', 'formId="acept"')
    call(designer, "/workbench/drafts/1/save", path=PATH, content=broken, revision=revision)
    problems = call(designer, "/workbench/drafts/1/check").json["problems"]
    unknown = next(p for p in problems if p["code"] == "unknown_form")
    assert "acept" in unknown["text"] and "accept" in unknown["text"] and unknown["element_id"] and unknown["line"]
    page = designer.get("/workbench/drafts/1/review")
    assert "acept" in page.text and "disabled" in page.text


def test_a_form_is_previewed_as_the_clerk_sees_it(desk: Any) -> None:
    designer = begin(desk)
    field = {"type": "textfield", "key": "name", "label": "<b>名称</b>", "id": "n", "validate": {"required": True}}
    answer = call(designer, "/workbench/drafts/1/preview", schema={"type": "default", "components": [field]})
    assert "&lt;b&gt;名称&lt;/b&gt;" in answer.json["html"] and "必填" in answer.json["html"]


@pytest.mark.parametrize("kind", ["process", "decision", "form", "scenario"])
def test_new_files_begin_well_formed(desk: Any, kind: str) -> None:
    designer = begin(desk)
    answer = call(designer, "/workbench/drafts/1/create", kind=kind, name=f"new_{kind}")
    path = answer.json["file"]["path"]
    assert designer.get(f"/workbench/drafts/1/file?path={path}").json["content"]
    assert call(designer, "/workbench/drafts/1/create", kind=kind, name=f"new_{kind}").status_code == 409
    assert call(designer, "/workbench/drafts/1/create", kind=kind, name="Bad Name").status_code == 422


def test_an_exported_bundle_imports_elsewhere(desk: Any) -> None:
    designer = begin(desk)
    exported = designer.get("/workbench/drafts/1/export").data
    names = zipfile.ZipFile(io.BytesIO(exported)).namelist()
    assert PATH in names and "forms/accept.form" in names
    answer = designer.post(
        "/workbench/import", {"name": "elsewhere", "file": (io.BytesIO(exported), "sanitation.zip")},
        content_type="multipart/form-data",
    )  # fmt: skip
    assert answer.status_code == 302
    with desk.database.reading() as session:
        draft = session.scalars(select(Draft).where(Draft.bundle == "elsewhere")).one()
        paths = session.scalars(select(DraftFile.path).where(DraftFile.draft_id == draft.id)).all()
    assert "workflows/elsewhere/sanitation.bpmn" in paths


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "workflows/x/../../y.bpmn", "tool.exe"])
def test_a_zip_with_paths_that_climb_is_refused(desk: Any, name: str) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, "x")
    answer = desk.browser("designer").post(
        "/workbench/import", {"name": "evil", "file": (io.BytesIO(stream.getvalue()), "evil.zip")},
        content_type="multipart/form-data",
    )  # fmt: skip
    assert answer.status_code == 422


def test_a_trial_leaves_the_citys_cases_alone_and_becomes_a_scenario(desk: Any) -> None:
    designer = begin(desk)
    form = {
        "process": "sanitation", "title": "试一试", "item": "sanitation|事件|市容环境|暴露生活垃圾",
        "district": "福田区", "street": "莲花街道", "urgency": "一般", "channel": "巡查员上报",
        "at": "2026-11-18T09:00",
    }  # fmt: skip
    answer = designer.post("/workbench/drafts/1/try", form)
    assert answer.status_code == 302, answer.text
    page = designer.get(answer.location)
    assert "受理结果" in page.text
    assert desk.browser("designer2").get(answer.location).status_code == 404
    element = desk_task(page.text)
    done = designer.post(f"{answer.location}/complete", {"element_id": element, "as": "clerk", "decision": "accept"})
    assert done.status_code == 302
    designer.post(f"{answer.location}/advance", {"span": "PT1H"})
    kept = designer.post(f"{answer.location}/scenario", {"name": "试得的场景", "file_name": "tried"})
    assert kept.status_code == 302
    with desk.database.reading() as session:
        content = session.scalars(select(DraftFile.content).where(DraftFile.path.endswith("tried.scenario.yaml"))).one()
        assert session.scalars(select(ProcessInstance)).all() == []
    assert "试得的场景" in content.decode() and "advance: PT1H" in content.decode()


def desk_task(page: str) -> str:
    return page.split('name="element_id" value="', 1)[1].split('"', 1)[0]


def test_an_operator_sees_a_run_and_moves_it_with_a_reason(desk: Any) -> None:
    case_id = desk.open_case()
    with desk.database.reading() as session:
        instance = session.scalars(select(ProcessInstance).where(ProcessInstance.case_id == case_id)).one()
    operator = desk.browser("operator")
    page = operator.get(f"/workbench/instances/{instance.id}")
    assert page.status_code == 200 and "13812345678" not in page.text
    token = page.text.split('name="token" value="', 1)[1].split('"', 1)[0]
    where = f"/workbench/instances/{instance.id}/move"
    assert operator.post(where, {"token": token, "element_id": "check"}).status_code == 422
    assert operator.post(where, {"token": token, "element_id": "check", "reason": "已处理"}).status_code == 302
    assert desk.task(case_id).element_id == "check"


def test_an_operator_puts_data_right_and_ends_a_run_each_with_a_reason(desk: Any) -> None:
    case_id = desk.open_case()
    with desk.database.reading() as session:
        instance = session.scalars(select(ProcessInstance).where(ProcessInstance.case_id == case_id)).one()
    operator, designer = desk.browser("operator"), desk.browser("designer")
    where = f"/workbench/instances/{instance.id}"
    page = operator.get(where).text
    token = page.split('name="token" value="')[1].split('"')[0]
    right = {"token": token, "variables": '{decision: "accept", bags: 4}', "reason": "录入有误"}
    assert designer.post(f"{where}/data", right).status_code == 403
    for wrong in ({"reason": ""}, {"variables": ""}, {"variables": "{bags: "}):
        assert operator.post(f"{where}/data", {**right, **wrong}).status_code == 422
    assert operator.post(f"{where}/data", right).status_code == 302
    assert "<dd>4</dd>" in operator.get(where).text
    assert designer.post(f"{where}/cancel", {"reason": "重复"}).status_code == 403
    assert operator.post(f"{where}/cancel", {"reason": ""}).status_code == 422
    assert operator.post(f"{where}/cancel", {"reason": "重复启动"}).status_code == 302
    page = operator.get(where).text
    assert f"{where}/cancel" not in page and f"{where}/data" not in page
    with desk.database.reading() as session:
        assert session.get_one(ProcessInstance, instance.id).status is InstanceStatus.CANCELLED
        kinds = set(session.scalars(select(HistoryEvent.kind).where(HistoryEvent.instance_id == instance.id)))
        assert {"instance.data_corrected", "instance.cancelled"} <= kinds


def test_what_is_wrong_with_an_expression_is_told_in_the_readers_language(desk: Any) -> None:
    designer = desk.browser("designer")
    rule = {"code": "r1", "name": "规则", "applies": "element.", "holds": "true", "why": "要统一"}
    chinese = designer.post("/workbench/policies", rule)
    designer.post("/language", {"locale": "en", "next": "/desk"})
    english = designer.post("/workbench/policies", rule)
    assert chinese.status_code == english.status_code == 422
    told = english.text.split("This is no expression: ")[1].split("<")[0]
    assert told.isascii() and "表达式有误：" in chinese.text and told not in chinese.text


def test_a_draft_is_given_up_with_a_reason(desk: Any) -> None:
    designer = begin(desk)
    designer.post("/workbench/drafts/1/abandon", {"reason": "不改了"})
    with desk.database.reading() as session:
        assert session.get_one(Draft, 1).state is DraftState.ABANDONED


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"this is no xml", "XML"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><x/>', "DOCTYPE"),
        (b"<x/>", "BPMN"),
    ],
)
def test_an_import_that_is_no_diagram_says_why_and_where(desk: Any, content: bytes, said: str) -> None:
    designer = desk.browser("designer")
    designer.get("/workbench/")
    upload = {"file": (io.BytesIO(content), "x.bpmn"), "name": "fresh", "title": "新流程"}
    answer = designer.post("/workbench/import", upload, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert said in answer.text and "workflows/fresh/fresh.bpmn" in answer.text
    assert 'name="name" value="fresh"' in answer.text, "what was typed stands there still"


def test_what_is_only_a_draft_is_listed_by_what_its_process_is_called(desk: Any) -> None:
    designer = desk.browser("designer")
    designer.get("/workbench/")
    drawing = (Path(__file__).parents[2] / "browser" / "workbench" / "foreign" / "flowable.bpmn").read_bytes()
    upload = {"file": (io.BytesIO(drawing), "我的 流程 (1).bpmn"), "name": "from_elsewhere"}
    assert designer.post("/workbench/import", upload, content_type="multipart/form-data").status_code == 302
    assert ">道路修补</a>" in designer.get("/workbench/").text


def test_a_name_in_use_and_an_archive_with_two_of_one_name_are_told_apart(desk: Any) -> None:
    designer = desk.browser("designer")
    designer.get("/workbench/")
    taken = designer.post("/workbench/new", {"name": "sanitation", "title": "市容", "kind": "service"})
    assert taken.status_code == 422 and "已有名为“sanitation”的流程包" in taken.text
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a/same.bpmn", "<x/>")
        archive.writestr("b/same.bpmn", "<y/>")
    upload = {"file": (io.BytesIO(stream.getvalue()), "x.zip"), "name": "fresh", "title": "新"}
    answer = designer.post("/workbench/import", upload, content_type="multipart/form-data")
    assert answer.status_code == 422 and "两个文件" in answer.text


@pytest.mark.parametrize(
    ("page", "wanted"),
    [
        ("http://localhost/workbench/policies?kind=decision", "/workbench/policies?kind=decision"),
        ("http://evil.example/workbench/policies", "/workbench/"),
        ("http://localhost//evil.example/", "/workbench/"),
        ("", "/workbench/"),
    ],
)
def test_retiring_a_version_leads_back_within_the_house_only(desk: Any, page: str, wanted: str) -> None:
    with desk.database.reading() as session:
        definition = session.scalars(select(ProcessDefinition)).first()
    reviewer = desk.browser("reviewer")
    reviewer.get("/workbench/")
    where = f"/workbench/versions/process/{definition.id}/retire"
    answer = reviewer.post(where, {"reason": "暂不受理"}, headers={"Referer": page} if page else {})
    assert (answer.status_code, answer.location) == (302, wanted), answer.text
