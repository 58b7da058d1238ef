"""``cityloop feel 'EXPR'``: try an expression on data, with its value, its type and the reasons for every null."""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from engine import clock
from engine.domain_functions import LIBRARY, expression_limits
from engine.feel import (
    SCRIPT_LIMITS,
    Context,
    FeelError,
    FeelProblem,
    Host,
    Reason,
    check_expression,
    compile_expression,
    compile_unary_tests,
    feel_text,
    kind_of,
    to_feel,
)
from engine.feel.catalogue import markdown
from engine.feel.checking import suggestion
from engine.feel.wording import catalogue


@click.command()
@click.argument("expression", required=False)
@click.option(
    "--data",
    "files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON object with the names the expression reads; may be given several times.",
)
@click.option("--unary", metavar="VALUE", help="Test this value (JSON, else text) with EXPRESSION as unary tests.")
@click.option("--functions", is_flag=True, help="List all functions (a table in Markdown) and stop.")
@click.option(
    "--language",
    type=click.Choice(["zh", "en"]),
    default=lambda: "zh" if os.environ.get("LANG", "").startswith("zh") else "en",
    help="Of errors and reasons; by default that of LANG.",
)
def command(expression: str | None, files: tuple[Path, ...], unary: str | None, functions: bool, language: str) -> None:
    """Evaluate a FEEL EXPRESSION; exit status 1 when it cannot be evaluated.

    Data are JSON; texts like 2026-02-14 stay texts, date("…") or @"…" makes dates of them.
    """
    if functions:
        click.echo(markdown(LIBRARY), nl=False)
        return
    if expression is None:
        raise click.UsageError("Missing argument 'EXPRESSION'.")
    data = _data(files)
    host = Host(now=clock.city_time(clock.now()), limits=expression_limits())
    try:
        if unary is None:
            compiled = compile_expression(expression, library=LIBRARY, names=data, limits=SCRIPT_LIMITS)
            value, reasons = compiled.evaluate_explained(data, host)
        else:
            tests = compile_unary_tests(expression, library=LIBRARY, names=data, limits=SCRIPT_LIMITS)
            value, reasons = tests.test_explained(_json_or_text(unary), data, host)
    except FeelError as error:
        problems: list[FeelProblem | FeelError] = [*_problems(expression, data, unary is not None)] or [error]
        for problem in problems:
            _show(expression, "error", problem.text(language), problem.position, language)
        raise SystemExit(1) from error
    click.echo(f"{_label('value', language)}: {_pretty(value)}")
    click.echo(f"{_label('type', language)}: {kind_of(value)}")
    for reason in reasons:
        _show(expression, "null", _said(reason, data, language), reason.position, language)


def _data(files: Iterable[Path]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for file in files:
        try:
            read = json.loads(file.read_text("utf-8"), parse_float=Decimal)
            if not isinstance(read, dict):
                raise click.ClickException(f"{file}: a JSON object is wanted")
            data.update({name: to_feel(value) for name, value in read.items()})
        except (ValueError, RecursionError, FeelError) as error:
            raise click.ClickException(f"{file}: {error}") from error
    return data


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError:
        return text


def _problems(expression: str, data: Mapping[str, Any], unary: bool) -> list[FeelProblem]:
    return check_expression(expression, library=LIBRARY, names=data, unary=unary, limits=SCRIPT_LIMITS)


def _said(reason: Reason, data: Mapping[str, Any], language: str) -> str:
    """The reason, with a did-you-mean for an unknown name."""
    if reason.code not in ("unknown_name", "unknown_function"):
        return reason.text(language)
    choices = [*data, *LIBRARY.names] if reason.code == "unknown_function" else list(data)
    guess = suggestion(str(reason.facts["name"]), choices)
    return replace(reason, facts={**reason.facts, "suggestion": guess}).text(language)


def _label(label: str, language: str) -> str:
    return str(catalogue()["labels"][label][language])


def _pretty(value: Any, indent: str = "") -> str:
    """Long lists and contexts an entry a line, everything else as FEEL writes it."""
    text = feel_text(value, quoted=True)
    inner = indent + "  "
    if _width(text) + len(indent) <= 100:
        return text
    if isinstance(value, tuple):
        return "[\n" + ",\n".join(inner + _pretty(item, inner) for item in value) + f"\n{indent}]"
    if isinstance(value, Context):
        lines = [f"{inner}{name}: {_pretty(item, inner)}" for name, item in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    return text


def _show(expression: str, label: str, text: str, position: int | None, language: str) -> None:
    click.echo(f"{_label(label, language)}: {text}", err=label == "error")
    if position is None:
        return
    start = expression.rfind("\n", 0, position) + 1
    line = expression[start:].split("\n", 1)[0]
    shown_from = max(0, position - start - 60)
    line = line[shown_from : shown_from + 100]
    before = line[: position - start - shown_from]
    click.echo(f"  {line}\n  {' ' * _width(before)}^", err=label == "error")


def _width(text: str) -> int:
    """Columns on a terminal; Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
