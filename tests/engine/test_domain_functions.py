"""What the house adds to FEEL, as designers write it."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from engine import clock
from engine.domain_functions import FUNCTIONS, LIBRARY, host_for
from engine.feel import FeelError, Host, check_expression, compile_expression, from_feel

PLACE = {"district": "福田区", "street": "莲花街道", "community": "景田社区", "grid": "", "inside_city": True}


@pytest.fixture
def ask(session):
    def evaluate(text, now="2026-10-12 16:30", **names):
        with clock.at(now):
            value, reasons = compile_expression(text, library=LIBRARY).evaluate_explained(names, host_for(session))
        assert value is not None or reasons
        return from_feel(value)

    return evaluate


def local(text):
    return datetime.fromisoformat(text).replace(tzinfo=clock.CITY_ZONE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('now() + working time("4 工作时")', local("2026-10-13 10:30")),
        ('now() + working time("4工作时", now())', local("2026-10-13 10:30")),
        ('working time("2 紧急工作时")', timedelta(hours=2)),
        ('add working time(@"2026-09-30T17:20:00+08:00", "2 工作日")', local("2026-10-09 17:20")),
        ('add working time(moment: date("2026-09-30"), limit: "1 工作时")', local("2026-09-30 09:00")),
        ('add working time(@"2026-09-30T17:20:00", "2 工作日")', datetime(2026, 10, 9, 17, 20)),  # noqa: DTZ001
        ('working time between(@"2026-09-30T17:20:00+08:00", @"2026-10-08T09:00:00+08:00", "工作时") > 1.6', True),
        ('working time between(@"2026-10-12T08:00:00+08:00", @"2026-10-12T18:00:00+08:00")', 8),
        ('working time between(@"2026-10-12T08:00:00+08:00", @"2026-10-13T18:00:00+08:00", "工作日")', 2),
        ('is working day(date("2026-10-10"))', True),
        ('is working day(date("2026-10-01"))', False),
        ('next working day(date("2026-10-01"))', date(2026, 10, 8)),
        ('time since(@"2026-10-12T16:00:00+08:00")', timedelta(minutes=30)),
        ('time since(case.reported_at) > @"PT1H"', True),
        ('in area(case.place, "福田区")', True),
        ('in area(case.place, ["南山区", "宝安区"])', False),
        ('in area(place: case.place, area: "莲花")', True),
        ("distance([114.057, 22.543], [114.057, 22.543])", 0),
        ("distance({longitude: 114.057, latitude: 22.543}, [114.057, 22.5434]) < 50", True),
    ],
)
def test_what_a_designer_writes_gives_what_it_says(ask, text, expected):
    case = {"place": PLACE, "reported_at": local("2026-10-12 09:00")}
    assert ask(text, case=case) == expected


def test_working_hours_come_as_exact_numbers(ask):
    text = 'working time between(@"2026-10-12T08:00:00+08:00", @"2026-10-12T08:30:00+08:00")'
    assert ask(text) == Decimal("0.5")


def test_an_unreadable_limit_is_an_error_and_not_silently_nothing(ask):
    with pytest.raises(FeelError) as caught:
        ask('working time("4 小时")')
    assert "小时" in str(caught.value)


@pytest.mark.parametrize("text", ["distance(null, [1, 2])", "distance([200, 2], [1, 2])", 'distance("a", [1, 2])'])
def test_what_is_no_point_is_null_with_a_reason(ask, text):
    assert ask(text) is None


def test_without_a_house_around_there_is_no_calendar():
    expression = compile_expression('working time("4 工作时")', library=LIBRARY)
    value, reasons = expression.evaluate_explained({}, Host(now=clock.now()))
    assert value is None and reasons[0].text("zh")


def test_the_calendar_is_read_only_when_it_is_asked_for(session, monkeypatch):
    monkeypatch.setattr("engine.domain_functions.load", lambda _: pytest.fail("nobody asked"))
    assert compile_expression("1 + 1", library=LIBRARY).evaluate({}, host_for(session)) == 2


def test_every_function_is_described_in_both_languages_and_known_to_the_strict_check():
    for function in FUNCTIONS:
        assert function.description_zh and function.description_en
    assert check_expression('in area(case.place, "福田区")', library=LIBRARY, names={"case"}) == []
    assert check_expression('in aera(case.place, "福田区")', library=LIBRARY, names={"case"})
