"""Clocks with their ledger, told as what happens to cases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from engine import clock, deadlines
from engine.errors import Conflict, InvalidInput, NotAllowed
from engine.permissions import Actor
from engine.storage import Deadline, DeadlineStatus, EntryKind
from engine.workdays import UNITS, load

MACHINE = Actor.system("test")


def at(text_):
    return clock.parse(text_)


def local(moment):
    return clock.city_time(moment).strftime("%Y-%m-%d %H:%M") if moment else None


@pytest.fixture
def start(session):
    def begin(limit, started, **more):
        with clock.at(started):
            return deadlines.start(session, MACHINE, name="case", limit=limit, started_at=at(started), **more)

    return begin


@pytest.fixture
def agree(session):
    """That the row says what its ledger says when counted afresh."""

    def check(deadline):
        assert deadlines.differences(deadline, deadlines.recompute(session, deadline)) == {}

    return check


def kinds(session, deadline):
    return [entry.kind.value for entry in deadlines.ledger_of(session, deadline)]


def test_a_clock_starts_with_its_end_and_its_first_line(session, start, agree):
    deadline = start("4 工作时", "2026-10-12 16:30", warn=(80, 50))
    assert local(deadline.due_at) == "2026-10-13 10:30"
    assert local(deadline.attention_at) == "2026-10-13 08:30"
    assert kinds(session, deadline) == ["start"]
    agree(deadline)


def test_the_weather_stops_a_clock_and_the_end_of_the_response_lets_it_go_on(session, start, agree):
    # Reported while a response runs: nothing is used until it ends on the 23rd at 10:00, then one working day.
    deadline = start("1 工作日", "2026-09-22 16:30")
    deadlines.pause(session, MACHINE, deadline, "防台风Ⅲ级响应", at("2026-09-22 16:30"), hold="weather")
    assert deadline.due_at is None and deadline.status == DeadlineStatus.PAUSED and deadline.attention_at is None
    agree(deadline)
    deadlines.resume(session, MACHINE, deadline, "响应终止", at("2026-09-23 10:00"), hold="weather")
    assert local(deadline.due_at) == "2026-09-24 10:00"
    agree(deadline)


def test_a_pause_gives_back_exactly_what_was_left(session, start, agree):
    deadline = start("4 工作时", "2026-11-16 09:00")
    deadlines.pause(session, MACHINE, deadline, "执法中", at("2026-11-16 10:17"))
    deadlines.resume(session, MACHINE, deadline, "执法结果回告", at("2026-11-18 17:00"))
    # 2 h 43 min were left: one hour on the 18th, the rest on the 19th.
    assert local(deadline.due_at) == "2026-11-19 09:43"
    agree(deadline)


def test_two_reasons_hold_a_clock_and_it_runs_after_the_last(session, start, agree):
    deadline = start("4 工作时", "2026-11-16 09:00")
    deadlines.pause(session, MACHINE, deadline, "执法中", at("2026-11-16 10:00"), hold="enforcement")
    deadlines.pause(session, MACHINE, deadline, "暴雨", at("2026-11-16 11:00"), hold="weather")
    deadlines.resume(session, MACHINE, deadline, "雨停", at("2026-11-16 14:00"), hold="weather")
    assert deadline.status == DeadlineStatus.PAUSED
    deadlines.resume(session, MACHINE, deadline, "回告", at("2026-11-16 15:00"), hold="enforcement")
    assert local(deadline.due_at) == "2026-11-16 18:00"
    agree(deadline)


def test_a_clock_is_not_held_twice_for_one_reason_nor_released_when_it_runs(session, start):
    deadline = start("4 工作时", "2026-11-16 09:00")
    with pytest.raises(Conflict):
        deadlines.resume(session, MACHINE, deadline, "", at("2026-11-16 10:00"))
    deadlines.pause(session, MACHINE, deadline, "挂账", at("2026-11-16 10:00"))
    with pytest.raises(Conflict) as caught:
        deadlines.pause(session, MACHINE, deadline, "挂账", at("2026-11-16 11:00"))
    assert caught.value.kind == "suspended"
    with pytest.raises(InvalidInput):
        deadlines.resume(session, MACHINE, deadline, "", at("2026-11-16 09:30"))


def test_an_extension_grants_the_original_limit_once_more(session, start, agree):
    deadline = start("4 工作时", "2026-11-16 09:00", warn=(50, 80))
    deadlines.extend(session, MACHINE, deadline, "材料未到", at=at("2026-11-16 11:30"))
    # 4 h from nine: 15:00; four more: 18:00 and one hour of the next morning.
    assert local(deadline.due_at) == "2026-11-17 09:00"
    assert deadline.limit_text == "4 工作时"
    assert local(deadline.attention_at) == "2026-11-16 15:00"
    agree(deadline)


def test_an_extension_in_another_unit_is_put_behind_the_end(session, start, agree):
    deadline = start("4 工作时", "2026-11-16 09:00")
    deadlines.extend(session, MACHINE, deadline, "等待天气", "1 自然日", at("2026-11-16 10:00"))
    assert local(deadline.due_at) == "2026-11-17 15:00"
    agree(deadline)


def test_an_extension_during_a_pause_counts_after_it(session, start, agree):
    deadline = start("4 工作时", "2026-11-16 09:00")
    deadlines.pause(session, MACHINE, deadline, "挂账", at("2026-11-16 10:00"))
    deadlines.extend(session, MACHINE, deadline, "延期", "1 工作时", at("2026-11-16 11:00"))
    deadlines.extend(session, MACHINE, deadline, "延期", "2 自然日", at("2026-11-16 11:00"))
    deadlines.resume(session, MACHINE, deadline, "", at("2026-11-17 08:00"))
    assert local(deadline.due_at) == "2026-11-19 12:00"
    agree(deadline)


def test_a_new_dispatch_begins_the_clock_again(session, start, agree):
    deadline = start("4 工作时", "2026-11-16 09:00", warn=(50,))
    deadlines.rebase(session, MACHINE, deadline, "改派水务集团", "1 工作日", at("2026-11-16 11:00"))
    assert local(deadline.due_at) == "2026-11-17 11:00"
    assert deadline.limit_text == "1 工作日" and local(deadline.started_at) == "2026-11-16 11:00"
    agree(deadline)


def test_a_new_beginning_may_count_from_the_report(session, start, agree):
    deadline = start("4 工作时", "2026-11-16 10:00")
    deadlines.pause(session, MACHINE, deadline, "核实", at("2026-11-16 11:00"), hold="process")
    assert deadlines.holds(session, deadline) == {"process"}
    deadlines.resume(session, MACHINE, deadline, "核实", at("2026-11-16 14:30"), hold="process")
    with clock.at("2026-11-16 15:00"):
        deadlines.rebase(session, MACHINE, deadline, "立案", "2 工作日", at("2026-11-16 09:30"), warn=(50,))
    assert local(deadline.due_at) == "2026-11-18 09:30" and deadline.warn_percents == [50]
    assert local(deadline.attention_at) == "2026-11-17 09:30"
    agree(deadline)


def test_the_worker_tells_each_share_once_and_then_the_breach(session, start, agree):
    deadline = start("4 工作时", "2026-11-16 08:00", warn=(50, 80), escalate_to="duty_chief")

    def look(moment):
        return [(alarm.kind, alarm.percent) for alarm in deadlines.due(session, at(moment))]

    assert look("2026-11-16 09:59") == []
    assert look("2026-11-16 10:00") == [("warn", 50)]
    assert look("2026-11-16 10:01") == []
    assert look("2026-11-16 11:12") == [("warn", 80)]
    assert look("2026-11-16 12:00") == [], "at its very end a clock is not late"
    assert look("2026-11-16 12:01") == [("breach", 100)]
    assert look("2026-11-17 12:01") == []
    assert local(deadline.breached_at) == "2026-11-16 12:00"
    assert kinds(session, deadline) == ["start", "warn", "warn", "breach"]
    assert deadlines.ledger_of(session, deadline)[-1].facts["escalate_to"] == "duty_chief"
    agree(deadline)


def test_a_worker_that_was_away_tells_only_what_matters(session, start):
    start("4 工作时", "2026-11-16 08:00", warn=(50, 80))
    start("8 工作时", "2026-11-16 08:00", warn=(10, 50, 80))
    alarms = deadlines.due(session, at("2026-11-16 15:00"))
    assert [(alarm.kind, alarm.percent) for alarm in alarms] == [("warn", 50), ("breach", 100)]


def test_work_finished_too_late_leaves_the_fact_although_nobody_looked(session, start, agree):
    deadline = start("2 紧急工作时", "2026-11-14 22:15")
    deadlines.stop(session, MACHINE, deadline, "completed", at("2026-11-15 01:00"))
    assert local(deadline.breached_at) == "2026-11-15 00:15"
    assert kinds(session, deadline) == ["start", "breach", "stop"]
    agree(deadline)


def test_work_finished_in_time_is_no_breach_and_stopping_twice_changes_nothing(session, start):
    deadline = start("2 紧急工作时", "2026-11-14 22:15")
    deadlines.stop(session, MACHINE, deadline, "completed", at("2026-11-15 00:15"))
    deadlines.stop(session, MACHINE, deadline, "again", at("2026-11-16 00:15"))
    assert deadline.breached_at is None and deadline.stop_reason == "completed"
    with pytest.raises(Conflict) as caught:
        deadlines.pause(session, MACHINE, deadline, "too late")
    assert caught.value.kind == "ended"


def test_a_breach_stays_when_the_clock_is_extended_or_begun_again(session, start, agree):
    deadline = start("4 工作时", "2026-11-16 08:00")
    deadlines.due(session, at("2026-11-16 13:00"))
    deadlines.rebase(session, MACHINE, deadline, "返工", at=at("2026-11-16 14:00"))
    assert local(deadline.breached_at) == "2026-11-16 12:00"
    assert local(deadline.due_at) == "2026-11-16 18:00"
    assert [alarm.kind for alarm in deadlines.due(session, at("2026-11-17 09:00"))] == ["breach"]
    assert local(deadline.breached_at) == "2026-11-16 12:00", "the first one is the case's fact"
    assert kinds(session, deadline).count("breach") == 2
    agree(deadline)


def test_an_overdue_clock_stays_overdue_through_a_pause(session, start, agree):
    deadline = start("4 工作时", "2026-11-16 08:00")
    deadlines.pause(session, MACHINE, deadline, "挂账", at("2026-11-16 15:00"))
    deadlines.resume(session, MACHINE, deadline, "", at("2026-11-20 15:00"))
    assert local(deadline.due_at) == "2026-11-16 12:00" and deadline.breached_at is not None
    assert deadlines.due(session, at("2026-11-21 15:00")) == []
    agree(deadline)


def test_an_appeal_exempts_from_scoring_and_the_fact_stays(session, people, open_case):
    case = open_case()
    with clock.at("2026-11-16 08:00"):
        deadline = deadlines.start(
            session, MACHINE, name="case", limit="4 工作时", started_at=clock.now(), case_id=case.id
        )
        with pytest.raises(Conflict):
            deadlines.exempt(session, people.supervisor, deadline, "申诉成立")
    deadlines.due(session, at("2026-11-17 08:00"))
    with pytest.raises(NotAllowed):
        deadlines.exempt(session, people.manager, deadline, "申诉成立")
    deadlines.exempt(session, people.supervisor, deadline, "申诉成立")
    assert deadline.breached_at is not None and deadline.exempted_at is not None
    assert deadlines.ledger_of(session, deadline)[-1].person_id == people.supervisor.person_id


def test_a_year_that_becomes_known_moves_the_provisional_ends(session, start, agree, people):
    deadline = start("3 工作日", "2026-12-30 09:00")
    certain = start("1 工作日", "2026-12-30 09:00")
    assert deadline.provisional and local(deadline.due_at) == "2027-01-05 09:00"
    assert deadlines.unannounced_years(session) == [2027]
    with clock.at("2026-12-30 10:00"):
        # As announced: 1 to 3 January off, Monday the 4th too, Sunday the 10th working.
        days = {date(2027, 1, day): (False, "元旦") for day in range(1, 5)} | {date(2027, 1, 10): (True, "元旦")}
        deadlines.load_year(session, people.admin, 2027, days, "国务院办公厅通知")
        assert deadlines.recompute_provisional(session) == 1
    assert local(deadline.due_at) == "2027-01-06 09:00" and not deadline.provisional
    assert kinds(session, certain) == ["start"]
    assert deadlines.recompute_provisional(session) == 0
    assert deadlines.unannounced_years(session) == []
    agree(deadline)


def test_a_changed_day_moves_running_clocks_only_when_somebody_asks(session, start, agree, people):
    deadline = start("2 工作日", "2026-11-16 09:00")
    with clock.at("2026-11-16 10:00"):
        deadlines.set_day(session, people.admin, date(2026, 11, 17), False, "台风停工", "市三防指挥部")
        assert local(deadline.due_at) == "2026-11-18 09:00"
        agree(deadline)
        touched = deadlines.running_over(session, at("2026-11-17 00:00"), at("2026-11-17 23:59"))
        assert deadlines.recount(session, people.admin, touched, "台风停工") == 1
    assert local(deadline.due_at) == "2026-11-19 09:00"
    agree(deadline)


def test_only_the_administrator_edits_the_calendar_and_only_sensibly(session, people):
    with pytest.raises(NotAllowed):
        deadlines.set_day(session, people.clerk, date(2026, 11, 17), False, "x", "x")
    with pytest.raises(InvalidInput):
        deadlines.load_year(session, people.admin, 2027, {date(2028, 1, 1): (False, "元旦")}, "通知")
    with pytest.raises(InvalidInput):
        deadlines.set_windows(session, people.admin, date(2026, 12, 1), [(540, 720), (700, 1080)])
    deadlines.set_windows(session, people.admin, date(2026, 12, 1), [(540, 720), (840, 1080)])
    assert load(session).windows(date(2026, 12, 1)) == ((540, 720), (840, 1080))
    assert load(session).windows(date(2026, 11, 30)) == ((480, 720), (840, 1080))


def test_an_explanation_says_what_did_not_count(session, start):
    deadline = start("2 工作日", "2026-09-30 17:20", warn=(50,))
    with clock.at("2026-10-08 17:20"):
        facts = deadlines.explain(deadline, deadlines.ledger_of(session, deadline), load(session))
    assert facts["skipped"] == [{"first": date(2026, 10, 1), "last": date(2026, 10, 7), "reason": "holiday"}]
    assert facts["windows"] == [("08:00", "12:00"), ("14:00", "18:00")]
    assert (facts["used"], facts["clock"], facts["late"]) == (50, "working", False)
    assert [step["kind"] for step in facts["steps"]] == ["start"]


def test_a_case_is_suspended_with_all_its_clocks(session, people, open_case):
    case = open_case()
    with clock.at("2026-11-16 08:00"):
        for name in ("case", "处置"):
            deadlines.start(session, MACHINE, name=name, limit="4 工作时", started_at=clock.now(), case_id=case.id)
    with clock.at("2026-11-16 09:00"):
        assert deadlines.pause_case(session, MACHINE, case.id, "挂账", hold="suspension") == 2
        assert deadlines.pause_case(session, MACHINE, case.id, "挂账", hold="suspension") == 0
    with clock.at("2026-11-17 09:00"):
        assert deadlines.resume_case(session, MACHINE, case.id, "恢复", hold="suspension") == 2
    assert {local(each.due_at) for each in deadlines.of_case(session, case.id)} == {"2026-11-17 12:00"}
    assert len(deadlines.of_case(session, case.id, name="case")) == 1


def test_a_limit_that_pauses_with_the_cases_clock_stands_still_as_long_as_it(session, people, open_case, agree):
    case = open_case()

    def begin(name, limit, **more):
        return deadlines.start(
            session, MACHINE, name=name, limit=limit, started_at=clock.now(), case_id=case.id, **more
        )

    with clock.at("2026-10-12 09:00"):
        own, desk = begin("case", "2 工作日"), begin("派遣", "4 工作时")
        work = begin("处置", "4 工作时", pauses_with="case")
    with clock.at("2026-10-12 10:00"):
        deadlines.pause(session, MACHINE, own, "台风", hold="weather A")
        deadlines.pause(session, MACHINE, own, "暴雨", hold="weather B")
    with clock.at("2026-10-12 11:00"):
        late = begin("返工", "4 工作时", pauses_with="case")
    assert (work.status, late.status, desk.status) == (*[DeadlineStatus.PAUSED] * 2, DeadlineStatus.RUNNING)
    assert deadlines.ledger_of(session, late)[1].reason == "台风"
    with clock.at("2026-10-13 09:00"):
        deadlines.resume(session, MACHINE, own, hold="weather A")
        assert work.due_at is None
        deadlines.resume(session, MACHINE, own, hold="weather B")
    assert [local(each.due_at) for each in (work, late)] == ["2026-10-13 12:00", "2026-10-13 15:00"]
    for each in (own, work, late, desk):
        agree(each)


def test_the_ledger_cannot_be_rewritten(session, start):
    deadline = start("4 工作时", "2026-11-16 08:00")
    with pytest.raises(DatabaseError, match="append-only"):
        session.execute(text("UPDATE deadline_entry SET reason = 'x' WHERE deadline_id = :id"), {"id": deadline.id})


@pytest.mark.parametrize("warn", [(0,), (101,)])
def test_a_share_is_a_percentage(start, warn):
    with pytest.raises(InvalidInput):
        start("4 工作时", "2026-11-16 08:00", warn=warn)


@pytest.mark.postgres
def test_workers_that_look_at_once_tell_each_thing_once(postgres):
    with postgres.transaction() as session:
        for _ in range(40):
            deadlines.start(session, MACHINE, name="case", limit="30 分钟", started_at=at("2026-11-16 08:00"))

    def look(_):
        told = 0
        while True:
            with postgres.transaction() as session:
                alarms = deadlines.due(session, at("2026-11-16 09:00"), limit=3)
            if not alarms:
                return told
            told += len(alarms)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(look, range(4))) <= 40
    with postgres.transaction() as session:
        deadlines.due(session, at("2026-11-16 09:00"), limit=100)
        rows = session.query(Deadline).all()
        assert all(row.breached_at == at("2026-11-16 08:30") for row in rows)
        assert all(kinds(session, row) == ["start", "breach"] for row in rows)


@pytest.mark.postgres
def test_work_finished_while_the_worker_looks_is_told_late_once(postgres):
    with postgres.transaction() as session:
        key = deadlines.start(session, MACHINE, name="case", limit="30 分钟", started_at=at("2026-11-16 08:00")).id
    with postgres.transaction() as person:
        deadlines.stop(person, MACHINE, person.get_one(Deadline, key), "completed", at("2026-11-16 09:00"))
        with postgres.transaction() as worker:
            assert deadlines.due(worker, at("2026-11-16 09:00")) == []
    with postgres.transaction() as session:
        assert deadlines.due(session, at("2026-11-16 09:00")) == []
        assert kinds(session, session.get_one(Deadline, key)) == ["start", "breach", "stop"]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["pause", "pause2", "resume", "resume2", "extend", "extend_more", "rebase", "look", "recount"]),
        st.integers(0, 4 * 24 * 60),
    ),
    max_size=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.sampled_from(sorted(UNITS)), st.integers(1, 20), st.integers(0, 200 * 24 * 60), STEPS)
def test_whatever_happened_the_ledger_recomputes_to_the_stored_end(session, unit, value, offset, steps):
    moment = at("2026-06-01 00:00") + timedelta(minutes=offset)
    with clock.at(moment):
        deadline = deadlines.start(
            session, MACHINE, name="case", limit=f"{value} {unit}", started_at=moment, warn=(50, 80)
        )
    for step, minutes in steps:
        moment += timedelta(minutes=minutes)
        with clock.at(moment):
            _do(session, deadline, step)
        ledger = deadlines.ledger_of(session, deadline)
        stored, counted = deadlines.current(ledger), deadlines.recompute(session, deadline)
        assert stored == counted
        assert deadlines.differences(deadline, counted) == {}
        assert deadline.status != DeadlineStatus.RUNNING or deadline.due_at is not None
    breaches = [entry for entry in deadlines.ledger_of(session, deadline) if entry.kind == EntryKind.BREACH]
    assert bool(breaches) == (session.get(Deadline, deadline.id).breached_at is not None)


def _do(session, deadline, step):
    deeds = {
        "pause": lambda: deadlines.pause(session, MACHINE, deadline, "a", hold="a"),
        "pause2": lambda: deadlines.pause(session, MACHINE, deadline, "b", hold="b"),
        "resume": lambda: deadlines.resume(session, MACHINE, deadline, "a", hold="a"),
        "resume2": lambda: deadlines.resume(session, MACHINE, deadline, "", hold=None),
        "extend": lambda: deadlines.extend(session, MACHINE, deadline, "more"),
        "extend_more": lambda: deadlines.extend(session, MACHINE, deadline, "more", "90 分钟"),
        "rebase": lambda: deadlines.rebase(session, MACHINE, deadline, "again"),
        "look": lambda: deadlines.due(session, clock.now()),
        "recount": lambda: deadlines.recount(session, MACHINE, [deadline], "asked"),
    }
    try:
        deeds[step]()
    except Conflict as error:
        assert error.kind in {"suspended", "stale"}
