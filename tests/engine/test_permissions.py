"""Truth tables: who may do what on which case, and that lists give the same answers as single questions."""

import pytest
from sqlalchemy import select

from engine import clock, responsibility
from engine.errors import NotAllowed, NotFound
from engine.permissions import (
    Actor,
    actor_for,
    can,
    may_work,
    require,
    task_subject,
    visible_cases,
    workable_tasks,
)
from engine.storage import (
    Area,
    Case,
    Composition,
    Deployment,
    DeploymentFile,
    Organisation,
    Person,
    ProcessDefinition,
    ProcessInstance,
    RoleGrant,
    Task,
    TaskCandidate,
)

MACHINE = Actor.system("test")
EVERYBODY = (
    "clerk", "colleague", "chief", "dispatcher", "inspector", "manager",
    "crew", "street", "community", "bureau", "department", "enforcement_intake",
    "officer", "enforcement_head", "legal", "coordinator", "commander", "arbiter",
    "supervisor", "designer", "reviewer", "operator", "admin", "security",
    "auditor", "outsider", "clerk_sz", "officer_ft_meilin", "street_ft_meilin",
)  # fmt: skip


@pytest.fixture
def organisation(session, city):
    return lambda code: session.scalars(select(Organisation).where(Organisation.code == code)).one()


@pytest.fixture
def open_task(session):
    """A function that stores an open task of a case, for a role or a person, as the engine would."""
    now = clock.now()
    deployment = Deployment(name="x", source="test", sha256="", created_at=now)
    composition = Composition(sha256="x", contents={}, created_at=now)
    session.add_all([deployment, composition])
    session.flush()
    file = DeploymentFile(deployment_id=deployment.id, path="x.bpmn", kind="bpmn", sha256="", content=b"")
    session.add(file)
    session.flush()
    definition = ProcessDefinition(
        deployment_id=deployment.id, file_id=file.id, key="x", version=1, name="x", sha256="", created_at=now
    )
    session.add(definition)
    session.flush()

    def store(case, *, role=None, person=None, **columns):
        instance = ProcessInstance(
            case_id=case.id if case else None,
            process_definition_id=definition.id,
            process_key="x",
            composition_id=composition.id,
            started_at=now,
            updated_at=now,
        )
        session.add(instance)
        session.flush()
        task = Task(
            key=f"t{instance.id}",
            case_id=case.id if case else None,
            instance_id=instance.id,
            process_key="x",
            element_id="handle",
            name="处置",
            created_at=now,
            **columns,
        )
        session.add(task)
        session.flush()
        session.add(TaskCandidate(task_id=task.id, role=role, person_id=person.person_id if person else None))
        session.flush()
        return task

    return store


VIEWERS = {
    "clerk", "colleague", "chief", "dispatcher", "street", "community", "bureau", "coordinator", "commander", "arbiter",
    "supervisor", "operator", "auditor", "clerk_sz",
}  # fmt: skip


@pytest.mark.parametrize("login", EVERYBODY)
def test_who_sees_a_case_of_lianhua_that_is_not_theirs(people, open_case, login):
    case = open_case(area="ft.lianhua")
    assert can(people[login] if login != "outsider" else people.outsider, "case.view", case) == (login in VIEWERS)


@pytest.mark.parametrize(
    ("deed", "allowed"),
    [
        (
            "case.open",
            "clerk colleague chief inspector manager street community officer coordinator commander clerk_sz",
        ),
        ("case.void", "chief"),
        ("case.suspend", "chief dispatcher bureau"),
        ("case.reopen", "clerk colleague chief supervisor clerk_sz"),
        ("case.assign", "chief dispatcher street bureau coordinator commander arbiter"),
        ("case.personal", "clerk colleague chief clerk_sz enforcement_intake officer enforcement_head legal"),
        ("contingency.start", "street coordinator commander"),
        ("broadcast.send", "coordinator commander"),
        ("deadline.exempt", "bureau supervisor"),
        ("incident.handle", "operator"),
        ("deployment.draft", "designer"),
        ("deployment.publish", "reviewer"),
        ("calendar.edit", "admin"),
        ("people.manage", "security"),
        ("audit.verify", "auditor"),
        ("made.up", ""),
    ],
)
def test_who_may_do_what_on_a_case_of_their_area(people, open_case, deed, allowed):
    case = open_case(area="ft.lianhua")
    named = {login: people[login] if login != "outsider" else people.outsider for login in EVERYBODY}
    assert {login for login, actor in named.items() if can(actor, deed, case)} == set(allowed.split())


def test_enforcement_sees_a_case_once_it_is_handed_to_it(session, people, open_case, organisation):
    case = open_case()
    assert not can(people.officer, "case.view", case)
    responsibility.assign(session, MACHINE, case, organisation("ft.lianhua.street_enforcement"), "accepted")
    assert can(people.officer, "case.view", case)
    assert not can(people.officer_ft_meilin, "case.view", case)


def test_a_crew_still_sees_the_case_it_once_answered_for(session, people, open_case, organisation):
    case = open_case()
    responsibility.assign(session, MACHINE, case, organisation("ft.crew_sanitation"), "accepted")
    responsibility.assign(session, MACHINE, case, organisation("ft.intake"), "returned")
    assert can(people.crew, "case.view", case) and not can(people.crew, "case.assign", case)


def test_who_reported_a_case_sees_it(people, open_case):
    assert can(people.inspector, "case.view", open_case(created_by_id=people.inspector.person_id))
    assert not can(people.inspector2, "case.view", open_case(created_by_id=people.inspector.person_id))


def test_a_case_outside_every_area_is_seen_by_those_who_serve_the_whole_city(people, open_case):
    case = open_case(organisation="sz.intake", area="", inside_city=False)
    assert can(people.clerk_sz, "case.view", case)
    assert not can(people.clerk, "case.view", case) and not can(people.outsider, "case.view", case)


@pytest.mark.parametrize(
    ("login", "role", "may"),
    [
        ("clerk", "clerk", True),
        ("colleague", "clerk", True),
        ("outsider", "clerk", False),
        ("clerk_sz", "clerk", True),
        ("chief", "clerk", False),
        ("street", "street_office", True),
        ("street_ft_meilin", "street_office", False),
        ("officer", "enforcement_officer", True),
        ("officer_ft_meilin", "enforcement_officer", False),
        ("designer", "clerk", False),
        ("admin", "duty_chief", False),
    ],
)
def test_a_task_is_done_by_the_role_in_an_organisation_that_serves_the_place(
    session, people, open_case, open_task, login, role, may
):
    task = open_task(open_case(area="ft.lianhua"), role=role)
    actor = people.outsider if login == "outsider" else people[login]
    assert can(actor, "task.work", task_subject(session, task)) == may


def test_a_task_of_one_organisation_is_only_its_peoples(session, people, open_case, open_task, organisation):
    task = open_task(open_case(), role="department", organisation_id=organisation("ft.water").id)
    other = open_task(open_case(), role="crew", organisation_id=organisation("lh.crew_sanitation").id)
    assert may_work(people.department, task_subject(session, task))
    assert not may_work(people.crew, task_subject(session, other))
    assert may_work(people.crew_lh, task_subject(session, other))


def test_whoever_handled_may_not_check_even_when_asked_by_name(session, people, open_case, open_task):
    task = open_task(open_case(), role="inspector", independent_of_person_ids=[people.inspector.person_id])
    assert not may_work(people.inspector, task_subject(session, task))
    assert may_work(people.inspector2, task_subject(session, task))
    task.assignee_id = people.inspector.person_id
    assert not may_work(people.inspector, task_subject(session, task))


def test_a_person_asked_by_name_may_work_and_nobody_else(session, people, open_case, open_task):
    task = open_task(open_case(), person=people.outsider)
    assert may_work(people.outsider, task_subject(session, task))
    assert not may_work(people.clerk, task_subject(session, task))


def test_owner_and_assignee_keep_their_task(session, people, open_case, open_task):
    task = open_task(open_case(), role="bureau", assignee_id=people.crew.person_id, owner_id=people.bureau.person_id)
    assert may_work(people.crew, task_subject(session, task)) and may_work(people.bureau, task_subject(session, task))
    assert not may_work(people.crew2, task_subject(session, task))


@pytest.fixture
def mixed(session, people, open_case, open_task, organisation):
    """Cases and tasks of all sorts."""
    cases = [
        open_case(area="ft.lianhua"),
        open_case(area="ft.meilin"),
        open_case(area="lg.bantian", organisation="lg.intake"),
        open_case(area="", organisation="sz.intake"),
        open_case(created_by_id=people.inspector.person_id),
        open_case(area="ft.lianhua"),
        open_case(area="lh", organisation="lh.intake"),
    ]
    responsibility.assign(session, MACHINE, cases[5], organisation("ft.lianhua.street_enforcement"), "accepted")
    open_task(cases[0], role="crew", organisation_id=organisation("ft.crew_sanitation").id)
    open_task(cases[1], role="enforcement_officer")
    open_task(cases[2], person=people.department)
    open_task(cases[3], role="clerk")
    open_task(cases[6], role="clerk", assignee_id=people.outsider.person_id)
    open_task(None, role="coordinator")
    return cases


@pytest.mark.parametrize("login", EVERYBODY)
def test_lists_answer_as_single_questions_do(session, people, mixed, login):
    actor = people.outsider if login == "outsider" else people[login]
    listed = set(session.scalars(select(Case.id).where(visible_cases(actor))))
    assert listed == {case.id for case in mixed if can(actor, "case.view", case)}
    tasks = session.scalars(select(Task)).all()
    workable = set(
        session.scalars(select(Task.id).outerjoin(Case, Case.id == Task.case_id).where(workable_tasks(actor)))
    )
    assert workable == {task.id for task in tasks if may_work(actor, task_subject(session, task))}


def test_the_machine_may_do_what_its_process_tells_it(session, open_case, city):
    assert can(MACHINE, "case.void", open_case())
    assert set(session.scalars(select(Case.id).where(visible_cases(MACHINE)))) == set(session.scalars(select(Case.id)))


def test_a_refusal_names_deed_and_subject(people, open_case):
    case = open_case()
    with pytest.raises(NotAllowed) as caught:
        require(people.crew, "case.void", case)
    assert caught.value.facts == {"deed": "case.void", "subject": f"case {case.id}"}
    require(people.chief, "case.void", case)


def test_deeds_on_areas_and_organisations_are_bounded_too(session, people, organisation):
    lianhua, bantian = (session.scalars(select(Area).where(Area.code == c)).one() for c in ("ft.lianhua", "lg.bantian"))
    assert can(people.coordinator, "contingency.start", lianhua)
    assert not can(people.coordinator, "contingency.start", bantian)
    assert can(people.coordinator_sz, "contingency.start", bantian)
    assert can(people.admin, "organisation.edit", organisation("lg.water"))
    assert can(people.dispatcher, "case.assign") and not can(people.crew, "case.assign")


def test_a_role_taken_away_is_gone_at_once(session, people):
    clerk = people.clerk
    grant = session.scalars(select(RoleGrant).where(RoleGrant.person_id == clerk.person_id)).one()
    grant.revoked_at = clock.now()
    session.flush()
    assert people.clerk.grants == ()
    session.get_one(Person, clerk.person_id).active = False
    session.flush()
    with pytest.raises(NotFound):
        actor_for(session, clerk.person_id, "test")


def test_an_organisation_that_closed_gives_no_rights(session, people, organisation, open_case):
    case = open_case()
    organisation("ft.arbitration").active = False
    session.flush()
    assert not can(people.arbiter, "case.view", case)
