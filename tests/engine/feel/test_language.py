"""The language as designers write it: names, numbers, null, loops, functions, dates."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.feel import (
    STANDARD,
    BudgetExceeded,
    FeelError,
    FeelType,
    Function,
    Host,
    Undefined,
    YearsMonths,
    call_function,
    compile_expression,
    compile_unary_tests,
    feel_text,
    from_feel,
    to_feel,
)

HOST = Host(now=datetime(2026, 2, 14, 9, 30, tzinfo=UTC), data={"holidays": [date(2026, 2, 17)]})
CASE = {
    "问题类别": "暴露垃圾",
    "面积": 0.6,
    "first name": "李",
    "last-name": "王",
    "a": 5,
    "b": 3,
    "place": {"district": "江汉", "grid code": "420103-07"},
    "photos": [{"role": "before", "size": 120}, {"role": "after", "size": 80}],
    "reported_at": datetime(2026, 2, 14, 8, 0, tzinfo=UTC),
}


def value(text: str, data: Any = None, **given: Any) -> Any:
    """The plain value of an expression."""
    return from_feel(compile_expression(text, **given).evaluate(CASE if data is None else data, HOST))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('问题类别 = "暴露垃圾" and 面积 > 0.5', True),
        ('first name + "先生"', "李先生"),
        ('last-name + "先生"', "王先生"),
        ("a-b", 2),
        ("a - b", 2),
        ('place.grid code = "420103-07"', True),
        ('photos[role = "after"].size', [80]),
        ("photos[1].role", "before"),
        ("photos.size", [120, 80]),
        ("sum(photos.size) / count(photos)", 100),
        ("{单价: 3, 数量: 2, 合计: 单价 * 数量}.合计", 6),
        ("{a-b: 1, c: a-b + 1}.c", 2),
        ("{foo+bar: 3}.foo+bar", 3),
        ("for 照片 in photos return 照片.size > 100", [True, False]),
        ("for the photo in photos return the photo.size", [120, 80]),
        ("{🐎: 1}.🐎", 1),
        ("1 // 注释\n + 1", 2),
        ('"一行\\n\\"引号\\" \\u4e2d"', '一行\n"引号" 中'),
        ('string length("\\uD83D\\uDC0E")', 1),
    ],
)
def test_a_designer_writes_names_and_texts_as_the_city_speaks(text: str, wanted: Any) -> None:
    assert value(text) == wanted


def test_a_name_with_a_minus_is_found_in_the_data_but_does_not_hide_a_subtraction() -> None:
    assert value("a-b", {"a": 5, "b": 3}) == 2
    assert value("a-b", {"a": 5, "b": 3, "a-b": 7}) == 7
    assert value("a-b * 2", {"a-b": 7}) == 14
    assert value("x.a-b", {"x": {"a-b": 7}}, names=["x", "a-b"]) == 7
    assert value("date and place", {"date and place": 1}, names=["date and place"]) == 1
    assert compile_expression("a-b").names == {"a", "b"}


def test_numbers_are_exact_to_34_digits() -> None:
    assert value("0.1 + 0.2 = 0.3") is True
    assert value("-9999999999999999999999999999999999") == -(10**34 - 1)
    assert value("-x + abs(x)", {"x": 10**33 + 1}) == 0
    assert value("abs(-x) - 1", {"x": 10**33 + 1}) == 10**33
    assert value("1 / 3") == Decimal("0.3333333333333333333333333333333333")
    assert value("9999999999999999999999999999999999 + 1") == 10**34
    assert value("2 ** 0.5") == Decimal("1.414213562373095048801688724209698")
    assert value("x + 0.1", {"x": 0.2}) == Decimal("0.3")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("null and false", False),
        ("null and true", None),
        ("null or true", True),
        ("null = null", True),
        ("1 = null", False),
        ('1 = "1"', None),
        ('1 < "1"', None),
        ("missing > 3", None),
        ("if missing > 3 then 1 else 2", 2),
        ("1 / 0", None),
        ("not(null)", None),
        ("[1, 2][5]", None),
        ("{}.a", None),
        ("5 in [1..null]", None),
        ("{a: 1, a: 2}", None),
        ("date(2026, 2, 30)", None),
        ('(function(n: number) n)("x")', None),
        ("count(1, 2)", None),
    ],
)
def test_what_is_undefined_is_null_with_a_reason(text: str, wanted: Any) -> None:
    result, reasons = compile_expression(text).evaluate_explained({}, HOST)
    assert result is wanted or from_feel(result) == wanted
    if wanted is None and "and" not in text and "not(" not in text:
        assert reasons and reasons[0].text("zh") and reasons[0].text("en")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("for i in 1..3, j in 1..i return i * 10 + j", [11, 21, 22, 31, 32, 33]),
        ("for i in 0..5 return if i < 2 then i else partial[-1] + partial[-2]", [0, 1, 1, 2, 3, 5]),
        ('for d in @"2026-02-27"..@"2026-03-01" return d.day', [27, 28, 1]),
        ("some x in [1, 2], y in [2, 3] satisfies x = y", True),
        ("every x in [1..3] satisfies x < 4", True),
        ("{f: function(n) if n <= 1 then 1 else n * f(n - 1), r: f(10)}.r", 3628800),
        ("(function(x, y) x - y)(y: 1, x: 5)", 4),
        ("[{item: 1}, {item: 2}][item >= 2]", [{"item": 2}]),
        ("for f in [floor, ceiling] return f(1.5)", [1, 2]),
        ("sort(photos, function(x, y) x.size < y.size)[1].role", "after"),
        ("5 in (1, [3..4], > 4)", True),
        ("3 in ]1..3[", False),
        ("[1..5[.end included", False),
        ("{x: function(a) function(b) a + b, y: x(1)(2)}.y", 3),
    ],
)
def test_loops_functions_and_ranges_nest(text: str, wanted: Any) -> None:
    assert value(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('@"2026-02-14"', date(2026, 2, 14)),
        ('@"09:30:00"', time(9, 30)),
        ('date("2026-01-31") + duration("P1M")', date(2026, 2, 28)),
        ('date("2026-02-14") - date("2026-02-01")', timedelta(days=13)),
        ('reported_at + duration("PT2H") > now()', True),
        ("today()", date(2026, 2, 14)),
        ("reported_at.time offset", timedelta(0)),
        ('date and time("2026-02-14T17:30:00@Asia/Shanghai") = now()', True),
        ('date and time("2026-03-08T01:30:00@America/New_York") + duration("PT1H")', "2026-03-08T03:30:00-04:00"),
        ('duration("P1Y2M") * 2', YearsMonths(28)),
        ('duration("PT1H") / duration("PT15M")', 4),
        ('day of week(@"2026-02-14")', "Saturday"),
        ('string(duration("PT36H"))', "P1DT12H"),
        ('@"-0044-03-15"', "-0044-03-15"),
        ('@"10:00:00.123456789"', "10:00:00.123456789"),
    ],
)
def test_dates_and_durations_are_counted_exactly(text: str, wanted: Any) -> None:
    result = value(text)
    assert (result.isoformat() if isinstance(wanted, str) and isinstance(result, datetime) else result) == wanted


@pytest.mark.parametrize(
    ("text", "tested", "wanted"),
    [
        ("-", None, True),
        ('"暴露垃圾", "乱堆物料"', "乱堆物料", True),
        ('not("暴露垃圾")', None, True),
        ("[2..4)", 4, False),
        ("> a", 6, True),
        ("? > a and ? < 10", 6, True),
        ("a + b", 8, True),
        ("[5, 8]", 8, True),
        ('starts with(?, "江")', "江汉", True),
        ('< date("2026-03-01")', date(2026, 2, 1), True),
        ("true", True, True),
        ("null", None, True),
        ("> 3", None, None),
        ("not(not(? = 1))", 1, True),
    ],
)
def test_a_cell_of_a_decision_table_tests_its_input(text: str, tested: Any, wanted: Any) -> None:
    assert compile_unary_tests(text).test(tested, CASE, HOST) is wanted


def test_the_house_adds_functions_at_one_place() -> None:
    def working_days_after(host: Host, start: Any, days: Decimal) -> Any:
        day = from_feel(start)
        while days > 0:
            day += timedelta(days=1)
            days -= day.weekday() < 5 and day not in host.data["holidays"]
        return day

    def broken(host: Host) -> Any:
        raise KeyError("calendar")

    def unknown(host: Host) -> Any:
        raise Undefined("no_such_district")

    library = STANDARD.with_functions(
        [
            Function("working days after", "start: date, days: number", working_days_after, "工作日", "working days"),
            Function("broken", (), broken),
            Function("unknown", (), unknown),
            Function("count", "x: number", lambda host, x: x * 100),
        ]
    )
    text = 'working days after(start: @"2026-02-13", days: 2)'
    assert value(text, library=library) == date(2026, 2, 18)
    assert value("working days after(null, 2)", library=library) is None
    assert value("count(2)", library=library) == 200 and value("count([2])") == 1
    with pytest.raises(FeelError, match="calendar"):
        value("broken()", library=library)
    _, reasons = compile_expression("unknown()", library=library).evaluate_explained({}, HOST)
    assert [str(reason) for reason in reasons] == ["no_such_district"]


def test_data_never_hides_a_function_but_may_be_one() -> None:
    assert value("count([1, 2])", {"count": 7}) == 2
    assert value("count + 1", {"count": 7}) == 8
    double = compile_expression("function(n: number) n * 2").evaluate({})
    assert value("double(4)", {"double": double}) == 8
    assert value('double("x")', {"double": double}) is None
    assert value("rate(4)", {"rate": compile_expression("function(n) n * 2 + base").evaluate({"base": 1})}) == 9


def test_a_function_is_called_from_outside_and_spends_its_callers_budget() -> None:
    double = compile_expression("function(n: number) n * 2").evaluate({})
    assert from_feel(call_function(double, {"n": 4}, HOST)) == 8
    assert call_function(double, {"n": "x"}) is None and call_function(double, {"m": 4}) is None
    within = compile_expression("function(n) count(for i in 1..1000 return i * n)").evaluate({})
    assert value("f(2)", {"f": within}) == 1000
    with pytest.raises(BudgetExceeded):
        value("for i in 1..1000 return f(i)", {"f": within})


def test_named_types_come_with_the_library() -> None:
    library = STANDARD.with_types(
        {"tArea": FeelType("number"), "tPlace": FeelType("context", members=(("district", FeelType("string")),))}
    )
    assert value("面积 instance of tArea", library=library) is True
    assert value("place instance of tPlace", library=library) is True
    assert value("place instance of list<tPlace>", library=library) is False


def test_an_expression_is_compiled_once_and_tells_what_it_reads_and_gives() -> None:
    text = 'if urgency in levels then due + duration("PT2H") else sum(for p in photos[size > limit] return p.size)'
    expression = compile_expression(text)
    assert expression is compile_expression(text)
    assert expression.names == {"urgency", "levels", "due", "photos", "size", "limit"}
    assert str(expression.type({"due": FeelType("date and time")})) == "Any"
    assert str(compile_expression("a > 1 or b").type()) == "boolean"
    assert (
        str(compile_expression('{a: 1, b: [@"P1D"]}').type()) == "context<a: number, b: list<days and time duration>>"
    )
    assert str(compile_expression("for d in [1..3] return string(d)").type()) == "list<string>"
    assert str(compile_expression("now() - x").type({"x": FeelType("date and time")})) == "days and time duration"
    assert str(compile_expression("function(a: number) a + 1").type()) == "function<number> -> number"


@pytest.mark.parametrize(
    "text",
    [
        '{a b: 1, "x:": "q\\"", c: [1, null]}',
        "[1..5)",
        "(<= 5)",
        '"a\\nb"',
        "P1Y2M",
        "-PT0.5S",
        "2026-02-14T09:30:00@Asia/Shanghai",
    ],
)
def test_the_text_of_a_value_reads_back_as_the_value(text: str) -> None:
    source = f'@"{text}"' if text[0] in "P-2" else text
    written = feel_text(compile_expression(source).evaluate({}), quoted=True)
    assert written == text


def test_python_datetimes_keep_their_zone() -> None:
    from zoneinfo import ZoneInfo

    moment = datetime(2026, 2, 14, 9, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert feel_text(to_feel(moment)) == "2026-02-14T09:30:00@Asia/Shanghai"
    assert from_feel(to_feel(moment)).tzinfo is moment.tzinfo
