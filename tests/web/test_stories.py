"""Whole days at the desk, through the browser's eyes."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from engine import clock, tasks
from engine.storage import Case, CaseStatus, Evidence, HistoryEvent, Note, Organisation, Role, Task, TaskStatus
from engine.worklist import case_page
from web.pages.timeline import Told


def test_a_clerk_opens_a_case_and_people_bring_it_to_its_end(desk: Any, picture: Any) -> None:
    clerk = desk.browser("clerk")
    answer = clerk.post(
        "/report",
        {
            "service_type": "sanitation",
            "category": "市容环境",
            "title": "果皮箱满溢",
            "district": "ft",
            "street": "ft.lianhua",
            "place": "红荔路 12 号",
            "point": "114.06, 22.55",
            "evidence": picture("现场.jpg"),
        },
        content_type="multipart/form-data",
    )
    assert answer.status_code == 302
    page = clerk.get(answer.location)
    assert "果皮箱满溢" in page.text and "受理" in page.text and "莲花街道" in page.text
    case_id = int(answer.location.rsplit("/", 1)[1])
    accept = desk.task(case_id)
    assert accept.name in clerk.get("/desk?view=groups").text

    answer = clerk.post(f"/tasks/{accept.id}", {"decision": "accept", "bags": "3", "_submission": "a"})
    assert answer.status_code == 302
    clean = desk.task(case_id)
    assert clean.element_id == "clean"
    answer = clerk.post(
        f"/tasks/{clean.id}",
        {"feedback": "已清走", "photo_after": picture("之后.jpg", 30), "material.__n": "0", "_submission": "b"},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 302

    check = desk.task(case_id)
    assert "须由他人办理" in clerk.get(f"/tasks/{check.id}").text
    assert clerk.post(f"/tasks/{check.id}", {"_submission": "c"}).status_code == 403
    colleague = desk.browser("colleague")
    assert colleague.post(f"/tasks/{check.id}", {"_submission": "d"}).status_code == 302
    case = desk.case(case_id)
    assert case.status is CaseStatus.CLOSED
    page = colleague.get(f"/cases/{case_id}")
    assert "已结案" in page.text and "现场" in page.text
    with desk.database.reading() as session:
        slots = set(session.scalars(select(Evidence.slot).where(Evidence.case_id == case_id)))
    assert slots == {"report", "after"}
    assert colleague.get(f"/cases/{case_id}/diagram").text.count("data-diagram=") == 1


def test_after_a_task_the_next_one_opens_or_the_list_where_it_was(desk: Any) -> None:
    first, second = desk.open_case(), desk.open_case(title="第二件")
    clerk = desk.browser("clerk")
    for case_id in (first, second):
        clerk.post(f"/tasks/{desk.task(case_id).id}/claim")
    answer = clerk.post(f"/tasks/{desk.task(first).id}", {"decision": "accept"})
    assert answer.location == f"/tasks/{desk.task(second).id}"
    clerk.post("/desk/preferences", {"open_next": "0"})
    clerk.get("/desk?view=groups&q=第二&page=1")
    answer = clerk.post(f"/tasks/{desk.task(second).id}", {"decision": "accept"})
    assert answer.location.startswith("/desk?view=groups&q=")


def test_what_is_to_be_followed_up_later_says_when_and_can_be_set_aside(desk: Any) -> None:
    now, later = desk.open_case(title="今天跟进"), desk.open_case(title="下周跟进")
    with desk.database.transaction() as session:
        for case_id, days in ((now, -1), (later, 7)):
            session.get_one(Task, desk.task(case_id).id).follow_up_at = clock.now() + timedelta(days=days)
    clerk = desk.browser("clerk")
    assert 'data-label="跟进"' in clerk.get("/desk?view=groups").text
    reached = clerk.get("/desk?view=groups&follow_up=reached&sort=-follow_up").text
    assert "今天跟进" in reached and "下周跟进" not in reached
    ahead = clerk.get("/desk?view=groups&follow_up=later").text
    assert "下周跟进" in ahead and "今天跟进" not in ahead
    assert '<span class="pill">跟进 ' in clerk.get(f"/tasks/{desk.task(later).id}").text
    assert '<span class="pill">跟进 ' not in clerk.get(f"/tasks/{desk.task(now).id}").text


def test_two_clerks_on_one_task_one_wins_and_the_other_loses_nothing_typed(desk: Any) -> None:
    task = desk.task(desk.open_case())
    clerk, colleague = desk.browser("clerk"), desk.browser("colleague")
    assert clerk.get(f"/tasks/{task.id}").status_code == 200
    assert "陈静" in colleague.get(f"/tasks/{task.id}").text
    assert clerk.post(f"/tasks/{task.id}", {"decision": "accept", "_submission": "x"}).status_code == 302
    answer = colleague.post(
        f"/tasks/{task.id}", {"decision": "reject", "why": "与我辖区无关的事项", "_submission": "y"}
    )
    assert answer.status_code == 409
    assert "陈静（受理员） 已于" in answer.text and "与我辖区无关的事项" in answer.text
    text = re.search(r'name="text" value="([^"]+)"', answer.text)
    assert text is not None
    note = colleague.post(f"/cases/{task.case_id}/notes", {"text": text[1].replace("&#10;", "\n")})
    assert note.status_code == 302
    with desk.database.reading() as session:
        assert "与我辖区无关的事项" in session.scalars(select(Note.text)).one()


def test_a_double_click_completes_once_and_opens_once(desk: Any) -> None:
    task = desk.task(desk.open_case())
    clerk = desk.browser("clerk")
    fields = {"decision": "accept", "_submission": "same"}
    assert [clerk.post(f"/tasks/{task.id}", fields).status_code for _ in range(2)] == [302, 302]
    with desk.database.reading() as session:
        kinds = session.scalars(select(HistoryEvent.kind).where(HistoryEvent.task_id == task.id)).all()
    assert kinds.count("task.completed") == 1
    report = {
        "service_type": "sanitation",
        "category": "市容环境",
        "title": "双击",
        "district": "ft",
        "_submission": "once",
    }
    places = {clerk.post("/report", report).location for _ in range(3)}
    assert len(places) == 1
    with desk.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Case).where(Case.title == "双击")) == 1


def test_a_form_with_mistakes_comes_back_with_everything_typed_and_every_reason(desk: Any) -> None:
    task = desk.task(desk.open_case())
    clerk = desk.browser("clerk")
    answer = clerk.post(f"/tasks/{task.id}", {"decision": "reject", "why": "短", "bags": "九十九"})
    assert answer.status_code == 422
    assert "至少填写 4 个字" in answer.text and "请输入数字" in answer.text
    assert ">\n短</textarea>" in answer.text and 'value="九十九"' in answer.text
    assert desk.task(task.case_id).id == task.id


def test_fields_appear_with_what_is_chosen(desk: Any) -> None:
    task = desk.task(desk.open_case())
    clerk = desk.browser("clerk")
    assert 'name="why"' not in clerk.get(f"/tasks/{task.id}").text
    fields = clerk.post(f"/tasks/{task.id}/form", {"decision": "reject"})
    assert 'name="why"' in fields.text and "<html" not in fields.text
    whole = clerk.post(f"/tasks/{task.id}", {"decision": "reject", "_act": "refresh"})
    assert whole.status_code == 200 and 'name="why"' in whole.text


def test_a_draft_is_kept_and_found_again(desk: Any) -> None:
    task = desk.task(desk.open_case())
    clerk = desk.browser("clerk")
    saved = clerk.post(f"/tasks/{task.id}/draft", {"decision": "reject", "why": "还没想好"})
    assert saved.status_code == 200 and re.fullmatch(r"\d\d:\d\d", saved.json["at"])
    page = clerk.get(f"/tasks/{task.id}")
    assert "还没想好" in page.text and "草稿保存于" in page.text
    assert "草稿" in clerk.get("/desk?view=groups").text
    assert clerk.post(f"/tasks/{task.id}", {"decision": "accept", "_act": "draft"}).status_code == 302


def test_rows_of_a_list_are_added_and_dropped_without_scripts(desk: Any) -> None:
    case_id = desk.open_case()
    clerk = desk.browser("clerk")
    clerk.post(f"/tasks/{desk.task(case_id).id}", {"decision": "accept"})
    task = desk.task(case_id)
    more = clerk.post(f"/tasks/{task.id}", {"material.__n": "1", "material.0.name": "扫帚", "_act": "add:material"})
    assert 'name="material.1.name"' in more.text and 'value="扫帚"' in more.text
    less = clerk.post(f"/tasks/{task.id}", {"material.__n": "2", "material.1.name": "b", "_act": "drop:material:0"})
    assert 'name="material.1.name"' not in less.text and 'value="b"' in less.text


def test_a_picture_goes_up_by_itself_and_stays_when_the_form_is_not_taken(desk: Any, picture: Any) -> None:
    case_id = desk.open_case()
    clerk = desk.browser("clerk")
    clerk.post(f"/tasks/{desk.task(case_id).id}", {"decision": "accept"})
    task = desk.task(case_id)
    sent = clerk.post("/files", {"file": picture("之后.jpg"), "slot": "after"}, content_type="multipart/form-data")
    assert sent.status_code == 200 and len(sent.json["sha256"]) == 64
    again = clerk.post(f"/tasks/{task.id}", {"feedback": "", "photo_after": sent.json["id"], "material.__n": "0"})
    assert again.status_code == 422 and f'value="{sent.json["id"]}"' in again.text
    done = clerk.post(f"/tasks/{task.id}", {"feedback": "好", "photo_after": sent.json["id"], "material.__n": "0"})
    assert done.status_code == 302
    file = clerk.get(f"/files/{sent.json['id']}")
    assert file.status_code == 200 and file.headers["X-Content-Type-Options"] == "nosniff"
    disposition = file.headers["Content-Disposition"]
    assert disposition == "inline; filename=\"evidence.jpg\"; filename*=UTF-8''%E4%B9%8B%E5%90%8E.jpg"
    file.close()
    outsider = desk.browser("clerk_lh")
    assert outsider.get(f"/files/{sent.json['id']}").status_code == 404


def test_a_file_that_is_not_what_it_says_is_refused_with_a_reason(desk: Any) -> None:
    clerk = desk.browser("clerk")
    for content, name in ((b"MZ\x90\x00" * 50, "照片.jpg"), (b"<svg onload=alert(1)>", "x.svg"), (b"", "空.jpg")):
        answer = clerk.post(
            "/files", {"file": (io.BytesIO(content), name)}, content_type="multipart/form-data",
            headers={"Accept": "application/json"},
        )  # fmt: skip
        assert answer.status_code == 422 and answer.mimetype == "application/problem+json"
        assert answer.json["errors"][0]["detail"]


def test_several_tasks_are_claimed_at_once_and_what_is_taken_is_told(desk: Any) -> None:
    ids = [desk.task(desk.open_case(title=f"第{n}件")).id for n in range(3)]
    colleague = desk.browser("colleague")
    colleague.post(f"/tasks/{ids[0]}/claim")
    clerk = desk.browser("clerk")
    clerk.get("/desk?view=groups")
    answer = clerk.post("/desk/claim", {"task": [str(each) for each in ids]})
    page = clerk.get(answer.location)
    assert "已认领 2 项待办" in page.text and "林悦" in page.text


def test_a_task_is_handed_on_with_a_reason(desk: Any) -> None:
    case_id = desk.open_case()
    task = desk.task(case_id)
    chief = desk.browser("chief")
    assert "林悦" in chief.get(f"/tasks/{task.id}?hand=1").text
    colleague_id = desk.person("colleague").id
    chief.post(f"/tasks/{task.id}/hand", {"person": str(colleague_id), "how": "transfer", "reason": ""})
    assert desk.task(case_id).assignee_id is None
    chief.post(f"/tasks/{task.id}/hand", {"person": str(colleague_id), "how": "transfer", "reason": "人手不足"})
    assert desk.task(case_id).assignee_id == colleague_id
    colleague = desk.browser("colleague")
    assert "由您办理" in colleague.get(f"/tasks/{task.id}").text
    assert colleague.post(f"/tasks/{task.id}/release", {"reason": "外出"}).status_code == 302
    assert desk.task(case_id).assignee_id is None


def test_a_delegated_task_comes_back_with_what_was_entered(desk: Any) -> None:
    case_id = desk.open_case()
    task = desk.task(case_id)
    with desk.database.transaction() as session:
        tasks.claim(session, desk.actor("clerk"), task.id)
        tasks.delegate(session, desk.actor("clerk"), task.id, desk.person("colleague").id, "代办")
    colleague = desk.browser("colleague")
    assert "办完交回" in colleague.get(f"/tasks/{task.id}").text
    colleague.post(f"/tasks/{task.id}/send-back", {"decision": "accept", "bags": "7", "_submission": "z"})
    page = desk.browser("clerk").get(f"/tasks/{task.id}")
    assert 'value="7"' in page.text
    assert desk.task(case_id).assignee_id == desk.person("clerk").id


def test_a_case_is_put_on_hold_goes_on_and_is_declared_void_each_with_a_reason(desk: Any) -> None:
    case_id = desk.open_case()
    task = desk.task(case_id)
    chief = desk.browser("chief")
    assert chief.post(f"/cases/{case_id}/suspend", {"reason": " "}).status_code == 422
    assert chief.post(f"/cases/{case_id}/suspend", {"reason": "等待施工"}).status_code == 302
    page = chief.get(f"/cases/{case_id}")
    assert "挂账" in page.text and "等待施工" in page.text
    assert "恢复后才能办理" in desk.browser("clerk").get(f"/tasks/{task.id}").text
    assert chief.post(f"/cases/{case_id}/resume", {"reason": "完工"}).status_code == 302
    assert chief.post(f"/cases/{case_id}/void", {"reason": "测试件"}).status_code == 302
    assert desk.case(case_id).status is CaseStatus.VOID
    assert chief.post(f"/cases/{case_id}/suspend", {"reason": "太晚"}).status_code == 302
    assert "已结束" in chief.get(f"/cases/{case_id}").text


def test_the_reporter_is_masked_for_those_who_need_not_know(desk: Any) -> None:
    case_id = desk.open_case()
    page = desk.browser("chief").get(f"/cases/{case_id}").text
    assert "13812345678" not in page and "张三丰" not in page and "138****5678" in page


def test_an_export_has_no_formulas_and_no_personal_data(desk: Any) -> None:
    desk.open_case(title='=HYPERLINK("http://evil")', place="@SUM(A1)")
    answer = desk.browser("clerk").get("/cases/export.csv")
    assert answer.mimetype == "text/csv"
    assert "'=HYPERLINK" in answer.text and "'@SUM" in answer.text and "13812345678" not in answer.text
    with desk.database.reading() as session:
        assert session.scalar(select(func.count()).where(HistoryEvent.kind == "cases.exported")) == 1
    assert desk.browser("crew").get("/cases/export.csv").status_code == 403


def test_a_report_with_wrong_things_names_each_field(desk: Any) -> None:
    clerk = desk.browser("clerk")
    answer = clerk.post(
        "/report",
        {
            "service_type": "sanitation",
            "category": "不存在的大类",
            "title": "",
            "point": "1, 2",
            "district": "ft",
            "reported_at": "2999-01-01T00:00",
            "reporter.wants_reply": "1",
        },
    )
    assert answer.status_code == 422
    for words in ("没有“不存在的大类”这一大类", "此项为必填项", "不在本市范围内", "不能晚于现在", "电话"):
        assert words in answer.text
    with desk.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Case)) == 0


def test_categories_and_streets_follow_what_is_chosen(desk: Any) -> None:
    clerk = desk.browser("clerk")
    assert 'value="ft.lianhua"' in clerk.get("/report").text
    fields = clerk.post("/report/form", {"service_type": "sanitation", "category": "市容环境", "district": "lh"})
    assert 'value="暴露生活垃圾"' in fields.text
    assert 'value="lh.guiyuan"' in fields.text and 'value="ft.lianhua"' not in fields.text


def test_a_withdrawn_task_says_so(desk: Any) -> None:
    case_id = desk.open_case()
    task = desk.task(case_id)
    desk.browser("chief").post(f"/cases/{case_id}/void", {"reason": "误报"})
    page = desk.browser("clerk").get(f"/tasks/{task.id}")
    assert page.status_code == 200 and "流程已撤回" in page.text
    with desk.database.reading() as session:
        assert session.get_one(Task, task.id).status is TaskStatus.WITHDRAWN


def test_the_timeline_tells_the_opinion_given_at_each_step_but_enforcements_only_to_enforcement(desk: Any) -> None:
    case_id = desk.open_case()
    task = desk.task(case_id)
    clerk = desk.browser("clerk")
    clerk.post(f"/tasks/{task.id}", {"decision": "reject", "why": "不属于受理范围"})
    assert "不属于受理范围" in clerk.get(f"/cases/{case_id}").text
    assert "不属于受理范围" in clerk.get(f"/tasks/{task.id}").text
    with desk.database.transaction() as session:
        role = session.get_one(Role, "clerk")
        role.side = "enforcement"
    supervisor = desk.browser("supervisor")
    assert "不属于受理范围" not in supervisor.get(f"/cases/{case_id}").text
    assert "不属于受理范围" not in supervisor.get(f"/tasks/{task.id}").text
    assert "不属于受理范围" in clerk.get(f"/tasks/{task.id}").text, "who did it may read it"
    assert "不属于受理范围" in desk.browser("auditor").get(f"/cases/{case_id}").text


def test_a_report_for_another_district_keeps_what_was_typed(desk: Any) -> None:
    clerk = desk.browser("clerk")
    page = clerk.get("/report").text
    assert '<option value="ft"' in page and '<option value="ns"' not in page
    answer = clerk.post(
        "/report",
        {
            "service_type": "sanitation",
            "category": "市容环境",
            "title": "科技南路的垃圾",
            "description": "写了很长的一段",
            "district": "ns",
        },
    )
    assert answer.status_code == 422
    assert "不在您的辖区" in answer.text and "写了很长的一段" in answer.text and "科技南路的垃圾" in answer.text


def test_a_clerk_must_choose_what_the_form_marks_and_only_what_it_offers(desk: Any) -> None:
    clerk = desk.browser("clerk")
    wrong = {
        "service_type": "sanitation", "title": "垃圾", "district": "ft", "channel": "假渠道", "urgency": "超级紧急",
        "reporter.phone": "<script>", "point": "nan,nan", "reported_at": "昨天",
    }  # fmt: skip
    answer = clerk.post("/report", wrong)
    assert answer.status_code == 422
    named = re.findall(r'id="f-([\w-]+)-e"', answer.text)
    assert sorted(named) == ["category", "channel", "point", "reported_at", "reporter-phone", "urgency"]


def test_who_only_looks_at_a_task_neither_fills_its_form_nor_seems_to_work_on_it(desk: Any) -> None:
    task = desk.task(desk.open_case())
    clerk = desk.browser("clerk")
    for who, works in (("supervisor", False), ("auditor", False), ("colleague", True)):
        browser = desk.browser(who)
        assert browser.get(f"/tasks/{task.id}").status_code == 200
        answer = browser.post(f"/tasks/{task.id}/form", {"decision": "reject"})
        assert answer.status_code == (200 if works else 403)
        assert ("也打开了这项待办" in clerk.get(f"/tasks/{task.id}").text) is works


def test_who_comes_too_late_finds_all_of_it_again_in_words(desk: Any, picture: Any) -> None:
    case_id = desk.open_case()
    clerk, colleague = desk.browser("clerk"), desk.browser("colleague")
    accept = desk.task(case_id)
    clerk.post(f"/tasks/{accept.id}", {"decision": "accept", "_submission": "a"})
    answer = colleague.post(f"/tasks/{accept.id}", {"decision": "reject", "why": "不属于本区", "_submission": "b"})
    assert answer.status_code == 409
    assert "<dd>不予受理</dd>" in answer.text and "<dd>reject</dd>" not in answer.text
    clean = desk.task(case_id)
    clerk.post(
        f"/tasks/{clean.id}",
        {"feedback": "已清走", "photo_after": picture(), "_submission": "c"},
        content_type="multipart/form-data",
    )
    rows = {"material.__n": "2", "material.0.name": "扫帚", "material.1.name": "垃圾袋"}
    answer = colleague.post(f"/tasks/{clean.id}", {"feedback": "也清走了", **rows, "_submission": "d"})
    assert answer.status_code == 409
    assert "用料 1 · 名称" in answer.text and "扫帚" in answer.text and "垃圾袋" in answer.text


def test_in_english_a_case_is_told_in_english(desk: Any) -> None:
    case_id = desk.open_case(urgency="紧急", channel="12345热线")
    clerk = desk.browser("clerk")
    clerk.post(f"/tasks/{desk.task(case_id).id}", {"decision": "accept", "_submission": "a"})
    clerk.post("/language", {"locale": "en"})
    with desk.database.transaction() as session:
        session.get_one(Case, case_id).stage = "处置"
    page = clerk.get(f"/cases/{case_id}").text
    for words in ("Urgent", "12345 hotline", "Disposal", "Intake clerk", "working hours"):
        assert words in page, words
    for words in ("紧急</dd>", "· 受理员", "工作时"):
        assert words not in page, words
    cases, desk_list, sheet = (clerk.get(path).text for path in ("/cases", "/desk?view=all", "/cases/export.csv"))
    assert "Disposal" in cases
    with desk.database.reading() as session:
        party = session.get_one(Organisation, session.get_one(Case, case_id).responsible_organisation_id)
    for place in (cases, sheet):
        assert party.name_en in place and party.name not in place
    assert party.name not in desk_list


def test_the_record_names_steps_and_answers_and_shows_no_codes(desk: Any) -> None:
    case_id = desk.open_case()
    with desk.app.test_request_context(), desk.database.reading() as session:
        told = case_page(session, desk.actor("clerk"), case_id).timeline
        assert not [line.element for line in told if line.element == line.element_id != ""]
        line = replace(
            told[0], details={"decisions": [{"name": "定责", "value": {"route": "IN_HOUSE_FIX", "joint": ["fire"]}}]}
        )
        assert Told(True, "", [line]).decisions == [("定责", "", "路径: 自处置/内部工单，协同单位: 消防救援大队")]


def test_a_place_that_is_none_is_told_once_and_problems_stand_in_the_order_of_the_form(desk: Any) -> None:
    clerk = desk.browser("clerk")
    for point in ("999, 12", "114.05", "somewhere"):
        answer = clerk.post("/report", {"point": point, "title": "", "district": "ft"})
        summary = answer.text.split("data-errors", 1)[1].split("</div>", 1)[0]
        assert re.findall(r'href="#f-([a-z_]+)"', summary) == ["service_type", "title", "point"], summary
        assert "请写成" in summary or "经度" in summary
        assert f'value="{point}"' in answer.text


def test_every_link_of_an_error_summary_leads_to_its_field(desk: Any) -> None:
    task = desk.task(desk.open_case())
    answer = desk.browser("clerk").post(f"/tasks/{task.id}", {"bags": "many"})
    summary = answer.text.split("data-errors", 1)[1].split("</div>", 1)[0]
    links = re.findall(r'href="#([^"]+)"', summary)
    assert "f-decision" in links, "a choice of buttons is a field too"
    assert [link for link in links if f'id="{link}"' not in answer.text] == []


def test_who_goes_on_with_a_case_reads_beside_the_form_what_was_said_before(desk: Any) -> None:
    case_id = desk.open_case()
    clerk = desk.browser("clerk")
    clerk.post(f"/tasks/{desk.task(case_id).id}", {"decision": "accept", "bags": "17"})
    page = clerk.get(f"/tasks/{desk.task(case_id).id}").text
    said = page.split('id="said"', 1)[1].split("</section>", 1)[0]
    assert "受理" in said and "17" in said and "陈静" in said


def test_places_are_named_in_the_readers_language(desk: Any) -> None:
    case_id = desk.open_case()
    clerk = desk.browser("clerk")
    clerk.post("/language", {"locale": "en", "next": "/desk"})
    for page in ("/desk?view=groups", "/cases", f"/cases/{case_id}", f"/tasks/{desk.task(case_id).id}"):
        text = clerk.get(page).text
        assert "Lianhua" in text and "莲花街道" not in text, page
    clerk.post("/language", {"locale": "zh", "next": "/desk"})
    assert "莲花街道" in clerk.get("/cases").text
