"""A designer who mistypes is told where, what was found, what was expected and what was probably meant."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from engine.feel import (
    STANDARD,
    FeelError,
    FeelSyntaxError,
    check_expression,
    compile_expression,
    compile_unary_tests,
)
from engine.feel.wording import catalogue


@pytest.mark.parametrize(
    ("text", "line", "column", "found", "zh", "en"),
    [
        ("1 + + 2", 1, 5, "+", "此处是“+”，应为表达式", "found '+' where an expression should be"),
        ("if a then 1", 1, 12, "", "表达式在此处结束，还缺少“else”", "the expression ends here, 'else' is missing"),
        ("a =\n\n)", 3, 1, ")", "此处是“)”，应为表达式", "found ')' where an expression should be"),
        ('"abc', 1, 1, '"', "字符串缺少结尾的引号", "the string has no closing quote"),
        ("/* x", 1, 1, "/*", "注释缺少结尾的 */", "the comment has no closing */"),
        ("for x of y", 1, 11, "", "表达式在此处结束，还缺少“in”", "the expression ends here, 'in' is missing"),
        (
            '@"2026-13-01"',
            1,
            2,
            "2026-13-01",
            "“2026-13-01”不是日期、时间或时长",
            "'2026-13-01' is no date, time or duration",
        ),
        ("a “b”", 1, 3, "“", '““”不是 FEEL 字符，请用半角“"”', "'“' is no character of FEEL; write a half-width '\"'"),
        ("1e9999", 1, 1, "1e9999", "数字过大", "the number is too large"),
        ("1 2", 1, 3, "2", "此处是“2”，应为运算符或结尾", "found '2' where an operator or the end should be"),
        ("{a 1}", 1, 5, "}", "此处是“}”，应为“:”", "found '}' where ':' should be"),
    ],
)
def test_a_syntax_error_says_where_and_what(text: str, line: int, column: int, found: str, zh: str, en: str) -> None:
    with pytest.raises(FeelSyntaxError) as caught:
        compile_expression(text)
    error = caught.value
    assert (error.line, error.column, error.found) == (line, column, found)
    assert error.text("zh") == zh
    assert error.text("en") == str(error) == en


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ('categry = "a"', ["there is nothing called 'categry'; did you mean 'category'?"]),
        ('Category = "a"', ["there is nothing called 'Category'; did you mean 'category'?"]),
        ("sublst([1], 1)", ["there is no function called 'sublst'; did you mean 'sublist'?"]),
        ("stringlength(category)", ["there is no function called 'stringlength'; did you mean 'string length'?"]),
        ("count(1, 2)", ["the arguments of 'count' are wrong in number or name"]),
        ("count(lst: [1])", ["the arguments of 'count' are wrong in number or name"]),
        (
            "x instance of nmber",
            ["there is nothing called 'x'", "there is no type called 'nmber'; did you mean 'number'?"],
        ),
        ("category > 1，2", ["found '，2' where an operator or the end should be"]),
        ("项目", ["there is nothing called '项目'"]),
        ("if category then 1", ["the expression ends here, 'else' is missing"]),
        ("for i in 1..3 return i + partial[1] + category", []),
        ("items[qty > limit].name", []),
        ("some x in items satisfies x.qty > 1", []),
        ("{a: 1, b: a, f: function(n) f(n)}", []),
        ("sort(items, function(a, b) a < b)", []),
        ("date and time(category)", []),
        ("for f in [floor] return f(1)", []),
    ],
)
def test_the_strict_mode_finds_what_would_be_null_at_run_time(text: str, problems: list[str]) -> None:
    assert [str(p) for p in check_expression(text, names=["category", "items", "limit"])] == problems


def test_the_strict_mode_knows_positions_unary_tests_and_odd_names() -> None:
    problems = check_expression("category = 1 or\n ctegory = 2", names=["category"])
    assert [(p.code, p.position) for p in problems] == [("unknown_variable", 17)]
    assert check_expression("? > 3, limit", names=["limit"], unary=True) == []
    assert [p.code for p in check_expression("? > 3", names=[])] == ["unknown_variable"]
    assert check_expression("last-name = first name", names=["last-name", "first name"]) == []
    assert check_expression("anything > 1") == []
    assert [p.code for p in check_expression("anythin(1)")] == ["unknown_function"]
    assert check_expression("-", unary=True) == []


def test_unary_tests_have_errors_of_their_own() -> None:
    for text in ("", "1,", "not(1", "> ", "- 1 -"):
        with pytest.raises(FeelSyntaxError):
            compile_unary_tests(text)


def test_every_wording_is_in_both_languages_and_complete() -> None:
    for code, sentence in catalogue()["sentences"].items():
        zh, en = sentence["zh"], sentence["en"]
        assert zh and en, code
        assert sorted(_fields(zh)) == sorted(_fields(en)), code


def _fields(text: str) -> list[str]:
    from string import Formatter

    return [name for _, name, _, _ in Formatter().parse(text) if name]


def test_every_function_is_described_in_both_languages() -> None:
    for function in STANDARD.functions:
        assert function.description_zh and function.description_en and function.group, function.name


@pytest.fixture
def feel(tmp_path: Path) -> Any:
    """Runs ``cityloop feel``; answers the exit status and what was said."""
    from web.commands.feel import command

    def run(*arguments: str, data: str = "") -> tuple[int, str]:
        options = list(arguments)
        if data:
            file = tmp_path / "data.json"
            file.write_text(data, "utf-8")
            options += ["--data", str(file)]
        result = CliRunner().invoke(command, [*options, "--language", "en"])
        return result.exit_code, result.output

    return run


def test_a_designer_tries_an_expression_on_the_command_line(feel: Any) -> None:
    data = '{"category": "暴露垃圾", "area": 0.6, "last-name": "王"}'
    assert feel('category = "暴露垃圾" and area > 0.5', data=data) == (0, "value: true\ntype: boolean\n")
    assert feel("area * 3", data=data) == (0, "value: 1.8\ntype: number\n")
    assert feel("last-name", data=data) == (0, 'value: "王"\ntype: string\n')
    assert feel("> 3", "--unary", "5") == (0, "value: true\ntype: boolean\n")
    assert feel('"a", "b"', "--unary", "a")[1].startswith("value: true")


def test_the_command_line_points_at_the_place(feel: Any) -> None:
    status, said = feel('"暴露" + ctegory', data='{"category": 1}')
    assert status == 0
    assert (
        "null because: there is nothing called 'ctegory'; did you mean 'category'?\n  \"暴露\" + ctegory\n           ^"
        in said
    )
    status, said = feel("if x then\n  1 +\nelse 2")
    assert status == 1
    assert said == "error: found 'else' where an expression should be\n  else 2\n  ^\n"


def test_the_command_line_says_what_is_wrong_with_the_data(feel: Any) -> None:
    assert "a JSON object is wanted" in feel("1", data="[1]")[1]
    assert feel("1", data="{")[0] == 1
    assert feel("1", data='{"a": NaN}')[0] == 1


def test_feel_errors_are_one_family() -> None:
    for text in ("1 +", "(" * 50, "x" * 3_000):
        with pytest.raises(FeelError):
            compile_expression(text)
