"""Designers change a bundle, a second person lets it through, nobody's work is lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, drafts
from engine.bpmn.lint_tasks import PROCESS_WORDS
from engine.case_context import case_context
from engine.deployments import deploy
from engine.drafts.choices import choices, functions, variables, with_published
from engine.drafts.diffing import changes
from engine.drafts.files import base_files
from engine.drafts.policies import retire_policy, save_policy
from engine.errors import Conflict, DeploymentRejected, InvalidInput, NotAllowed
from engine.permissions import Actor
from engine.reference import data
from engine.settings import Settings
from engine.storage import (
    Database,
    DefinitionState,
    Deployment,
    DraftFile,
    DraftState,
    HistoryEvent,
    Notification,
    ProcessDefinition,
)

PATH = "workflows/small/small.bpmn"
pytestmark = pytest.mark.usefixtures("published")


def versions(session: Session) -> list[int]:
    wanted = select(ProcessDefinition.version).where(ProcessDefinition.key == "small")
    return sorted(session.scalars(wanted))


def test_a_changed_limit_is_published_by_a_second_person(
    session: Session, people: Any, small: Callable[..., bytes], settings: Settings
) -> None:
    draft = drafts.open_draft(session, people.designer, "small")
    drafts.save(session, people.designer, draft.id, PATH, small(limit="2 工作时"), revision=1)
    drafts.request_review(session, people.designer, draft.id, "两个工作时就够", settings)
    with pytest.raises(Conflict):
        drafts.save(session, people.designer, draft.id, PATH, small(), revision=2)
    drafts.approve(session, people.reviewer, draft.id, settings, "同意")
    assert draft.state is DraftState.PUBLISHED and versions(session) == [1, 2]
    told = select(HistoryEvent.kind).where(HistoryEvent.kind.startswith("draft.")).order_by(HistoryEvent.id)
    kinds = session.scalars(told).all()
    assert kinds == ["draft.opened", "draft.review_requested", "draft.approved", "draft.published"]


def test_nobody_reviews_what_they_wrote_themselves(
    session: Session, people: Any, small: Callable[..., bytes], settings: Settings
) -> None:
    draft = drafts.open_draft(session, people.designer, "small")
    drafts.request_review(session, people.designer, draft.id, "", settings)
    with pytest.raises(NotAllowed):
        drafts.approve(session, people.designer2, draft.id, settings)
    draft.updated_by_id = people.reviewer.person_id
    with pytest.raises(NotAllowed):
        drafts.approve(session, people.reviewer, draft.id, settings)


def test_whoever_ever_worked_on_a_draft_does_not_review_it(
    session: Session, people: Any, small: Callable[..., bytes], settings: Settings
) -> None:
    writing_reviewer = replace(people.reviewer, grants=people.reviewer.grants + people.designer.grants)
    draft = drafts.open_draft(session, people.designer, "small")
    drafts.save(session, writing_reviewer, draft.id, PATH, small(limit="9 工作时"), revision=1)
    drafts.save(session, people.designer, draft.id, PATH, small(limit="2 工作时"), revision=2)
    drafts.request_review(session, people.designer, draft.id, "", settings)
    with pytest.raises(NotAllowed):
        drafts.approve(session, people.reviewer, draft.id, settings)


def test_whoever_saves_second_is_told_and_both_texts_stay(
    session: Session, people: Any, small: Callable[..., bytes]
) -> None:
    draft = drafts.open_draft(session, people.designer, "small")
    drafts.save(session, people.designer, draft.id, PATH, small(limit="1 工作时"), revision=1)
    with pytest.raises(Conflict) as told:
        drafts.save(session, people.designer2, draft.id, PATH, small(limit="9 工作时"), revision=1)
    assert told.value.kind == "stale"
    drafts.keep_aside(session, people.designer2, draft.id, PATH, small(limit="9 工作时"))
    assert drafts.files_of(session, draft)[PATH] == small(limit="1 工作时")
    kept = drafts.revisions(session, draft.id, PATH)
    assert small(limit="9 工作时") in [revision.content for revision in kept]
    drafts.restore(session, people.designer, draft.id, PATH, 1)
    assert drafts.files_of(session, draft)[PATH] == small()


def test_autosaves_of_one_sitting_are_one_version(session: Session, people: Any, small: Callable[..., bytes]) -> None:
    draft = drafts.open_draft(session, people.designer, "small")
    for number, limit in enumerate(("1 工作时", "2 工作时", "3 工作时"), 1):
        drafts.save(session, people.designer, draft.id, PATH, small(limit=limit), revision=number)
    assert [revision.revision for revision in drafts.revisions(session, draft.id, PATH)] == [4, 1]


def test_nothing_broken_can_be_published(
    session: Session, people: Any, small: Callable[..., bytes], settings: Settings
) -> None:
    draft = drafts.open_draft(session, people.designer, "small")
    drafts.save(session, people.designer, draft.id, PATH, small(limit="bald"), revision=1)
    with pytest.raises(DeploymentRejected):
        drafts.request_review(session, people.designer, draft.id, "", settings)
    assert draft.state is DraftState.EDITING


def test_two_people_together_let_a_broken_policy_through_but_no_fault(
    session: Session, people: Any, small: Callable[..., bytes], settings: Settings
) -> None:
    draft = drafts.open_draft(session, people.designer, "small")
    drafts.save(session, people.designer, draft.id, PATH, small(limit=""), revision=1)
    assert drafts.is_blocked(drafts.findings(session, draft), draft)
    drafts.override(session, people.reviewer, draft.id, "试点一周")
    with pytest.raises(Conflict):
        drafts.override(session, people.reviewer, draft.id, "再来一次")
    assert drafts.is_blocked(drafts.findings(session, draft), draft)
    draft.override_by_ids = [*draft.override_by_ids, people.auditor.person_id]
    assert not drafts.is_blocked(drafts.findings(session, draft), draft)
    drafts.save(session, people.designer, draft.id, PATH, b"<nothing/>", revision=2)
    assert drafts.is_blocked(drafts.findings(session, draft), draft)


def test_names_for_a_broken_policy_count_for_the_text_they_were_given_to(
    session: Session, people: Any, small: Callable[..., bytes], settings: Settings
) -> None:
    draft = drafts.open_draft(session, people.designer, "small")
    drafts.save(session, people.designer, draft.id, PATH, small(limit=""), revision=1)
    for colleague in (people.reviewer, people.reviewer2):
        drafts.override(session, colleague, draft.id, "试点一周")
    assert not drafts.is_blocked(drafts.findings(session, draft), draft)
    drafts.save(session, people.designer, draft.id, PATH, small(limit="", escalateTo=""), revision=2)
    assert drafts.is_blocked(drafts.findings(session, draft), draft)
    assert (draft.override_by_ids, draft.override_reason) == ([], "")
    drafts.abandon(session, people.designer, draft.id, "不做了")
    with pytest.raises(Conflict):
        drafts.override(session, people.reviewer, draft.id, "试点一周")


def test_a_draft_approved_for_a_date_is_published_then(
    database: Database, session: Session, people: Any, small: Callable[..., bytes], settings: Settings
) -> None:
    draft = drafts.open_draft(session, people.designer, "small")
    drafts.save(session, people.designer, draft.id, PATH, small(limit="2 工作时"), revision=1)
    drafts.request_review(session, people.designer, draft.id, "", settings)
    with pytest.raises(InvalidInput):
        drafts.approve(session, people.reviewer, draft.id, settings, publish_at=clock.now() - timedelta(days=1))
    tomorrow = clock.now() + timedelta(days=1)
    drafts.approve(session, people.reviewer, draft.id, settings, publish_at=tomorrow)
    session.commit()
    assert drafts.publish_due(database, settings) == 0 and versions(session) == [1]
    session.commit()
    with clock.at(tomorrow + timedelta(minutes=1)):
        assert drafts.publish_due(database, settings) == 1
    session.expire_all()
    assert versions(session) == [1, 2]


def test_publishing_what_is_published_already_leaves_the_earlier_approval_alone(
    session: Session, people: Any, settings: Settings
) -> None:
    for note in ("第一次", "第二次"):
        draft = drafts.open_draft(session, people.designer, "small")
        drafts.request_review(session, people.designer, draft.id, note, settings)
        drafts.approve(session, people.reviewer, draft.id, settings)
        assert (draft.state, draft.deployment_id) == (DraftState.PUBLISHED, None)
    before = session.scalars(select(Deployment)).one()
    assert (before.note, before.approved_by_id) == ("", None) and versions(session) == [1]


def test_what_was_published_in_between_is_not_overwritten(
    session: Session, people: Any, small: Callable[..., bytes], settings: Settings
) -> None:
    draft = drafts.open_draft(session, people.designer, "small")
    drafts.save(session, people.designer, draft.id, PATH, small(limit="2 工作时"), revision=1)
    drafts.request_review(session, people.designer, draft.id, "", settings)
    deploy(session, Actor.system("test"), {PATH: small(limit="7 工作时")}, name="small", source="test")
    with pytest.raises(Conflict) as told:
        drafts.approve(session, people.reviewer, draft.id, settings)
    assert told.value.kind == "stale"


def test_an_approval_that_has_become_stale_goes_back_to_its_editors_who_are_told(
    database: Database, session: Session, people: Any, small: Callable[..., bytes], settings: Settings
) -> None:
    draft = drafts.open_draft(session, people.designer, "small")
    drafts.save(session, people.designer, draft.id, PATH, small(limit="2 工作时"), revision=1)
    drafts.request_review(session, people.designer, draft.id, "", settings)
    tomorrow = clock.now() + timedelta(days=1)
    drafts.approve(session, people.reviewer, draft.id, settings, publish_at=tomorrow)
    deploy(session, Actor.system("test"), {PATH: small(limit="7 工作时")}, name="small", source="test")
    session.commit()
    with clock.at(tomorrow + timedelta(minutes=1)):
        assert drafts.publish_due(database, settings) == 0
    session.expire_all()
    assert draft.state is DraftState.EDITING
    told = set(session.scalars(select(Notification.person_id)))
    assert told == {people.designer.person_id, people.reviewer.person_id}


def test_scenarios_run_again_when_the_date_comes(
    database: Database, session: Session, people: Any, small: Callable[..., bytes], settings: Settings
) -> None:
    scenario = b"name: goes\nstart: {process: small}\nsteps: []\nexpect: {tasks: [look]}\n"
    path = "workflows/small/small.scenario.yaml"
    draft = drafts.open_draft(session, people.designer, "small")
    drafts.save(session, people.designer, draft.id, path, scenario, revision=0)
    drafts.request_review(session, people.designer, draft.id, "", settings)
    tomorrow = clock.now() + timedelta(days=1)
    drafts.approve(session, people.reviewer, draft.id, settings, publish_at=tomorrow)
    file = session.scalars(select(DraftFile).where(DraftFile.path == path)).one()
    file.content = scenario.replace(b"tasks: [look]", b"tasks: [gone]")
    session.commit()
    with clock.at(tomorrow + timedelta(minutes=1)):
        assert drafts.publish_due(database, settings) == 0
    session.expire_all()
    assert draft.state is DraftState.EDITING and versions(session) == [1]
    kinds = set(session.scalars(select(HistoryEvent.kind)))
    assert "draft.publish_failed" in kinds


def test_a_file_taken_out_takes_its_process_out_of_use(
    session: Session, people: Any, small: Callable[..., bytes], settings: Settings
) -> None:
    draft = drafts.open_draft(session, people.designer, "small")
    drafts.take_out(session, people.designer, draft.id, PATH, revision=1)
    told = changes(base_files(session, draft), drafts.files_of(session, draft))
    assert ("removed", "process", "small") in {(c.what, c.kind, c.id) for c in told}
    assert ("removed", ("clerk",)) in {(c.what, c.roles) for c in told if c.kind == "element"}
    drafts.request_review(session, people.designer, draft.id, "不再需要", settings)
    drafts.approve(session, people.reviewer, draft.id, settings)
    definition = session.scalars(select(ProcessDefinition).where(ProcessDefinition.key == "small")).one()
    assert definition.state is DefinitionState.RETIRED and PATH not in drafts.published_files(session)
    assert [bundle.retired for bundle in drafts.bundles(session) if bundle.name == "small"] == [True]
    drafts.go_back(session, people.reviewer, "process", "small", 1, "还是需要")
    assert PATH in drafts.published_files(session)


def test_what_is_still_used_cannot_be_taken_out_or_retired(
    session: Session, people: Any, draw: Callable[..., Any], publish: Callable[..., Any]
) -> None:
    other = draw("other", kind="shared")._add("inner", "callActivity", '<zeebe:calledElement processId="small"/>').xml()
    publish(**{"workflows__other__other.bpmn": other})
    draft = drafts.open_draft(session, people.designer, "small")
    drafts.take_out(session, people.designer, draft.id, PATH, revision=1)
    assert [(p.code, p.facts["by"]) for p in drafts.findings(session, draft)] == [("still_used", "other")]
    with pytest.raises(Conflict) as told:
        drafts.retire(session, people.reviewer, "process", "small", "不要了")
    assert told.value.kind == "still_used"
    assert [user.key for user in drafts.uses(session)[("process", "small")]] == ["other"]


def test_a_scenario_taken_out_stays_out(session: Session, people: Any, settings: Settings) -> None:
    path = "workflows/small/small.scenario.yaml"
    draft = drafts.open_draft(session, people.designer, "small")
    drafts.save(session, people.designer, draft.id, path, b"name: x\nstart: {process: small}\n", revision=0)
    drafts.request_review(session, people.designer, draft.id, "", settings)
    drafts.approve(session, people.reviewer, draft.id, settings)
    assert path in drafts.published_files(session)
    draft = drafts.open_draft(session, people.designer, "small")
    drafts.take_out(session, people.designer, draft.id, path, revision=1)
    drafts.request_review(session, people.designer, draft.id, "", settings)
    drafts.approve(session, people.reviewer, draft.id, settings)
    assert path not in drafts.published_files(session)


def test_a_change_is_told_with_the_roles_it_concerns(small: Callable[..., bytes]) -> None:
    found = changes({PATH: small()}, {PATH: small(limit="2 工作时")})
    assert [(c.setting, c.old, c.new, c.roles) for c in found] == [("limit", "4 工作时", "2 工作时", ("clerk",))]


def test_a_designer_adds_a_rule_and_takes_it_out_of_force(
    session: Session, people: Any, small: Callable[..., bytes]
) -> None:
    rule = {"name": "名称", "applies": 'element.type = "userTask"', "holds": 'element.name = "办理"', "why": "要统一"}
    save_policy(session, people.designer, "named", rule)
    draft = drafts.open_draft(session, people.designer, "small")
    assert [p.facts["policy"] for p in drafts.findings(session, draft)] == ["named"]
    retire_policy(session, people.designer, "named", "不再需要")
    assert drafts.findings(session, draft) == []
    with pytest.raises(InvalidInput):
        save_policy(session, people.designer, "broken", {**rule, "holds": "element.name = = 1"})
    with pytest.raises(NotAllowed):
        save_policy(session, people.clerk, "named", rule)


def test_the_editor_offers_what_there_is(session: Session, open_case: Callable[..., Any]) -> None:
    offered = choices(session, with_published(session, {}), "zh")
    assert "small" in [option["value"] for option in offered["processes"]]
    assert "remark" in [option["value"] for option in offered["forms"]]
    case = variables("zh")[0]
    assert {entry["name"] for entry in case["entries"]} == set(case_context(session, open_case()))
    assert "working time" in [function["name"] for function in functions("en")]


def test_the_workbench_offers_the_very_words_the_checker_knows() -> None:
    offered = {name: {row["code"] for row in rows} for name, rows in data("process_words.yaml").items()}
    assert offered == {
        "kinds": PROCESS_WORDS["kind"],
        "case_states": PROCESS_WORDS["caseStatus"],
        "case_deeds": PROCESS_WORDS["replaces"],
    }
