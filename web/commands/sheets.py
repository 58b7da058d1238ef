"""CSV files of the command line: every wrong row is named by its line, and nothing is stored unless all is right."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click
from sqlalchemy.orm import Session

from engine.errors import CityLoopError, InvalidInput
from engine.settings import Settings
from engine.storage import Database
from web.wording import error_words, problem_words

Row = dict[str, str]


def rows_of(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, Row]]:
    """Line number and cells of every row; missing cells are empty.

    Raises:
        click.ClickException: it is no CSV in UTF-8, or a column is missing or unknown.
    """
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{path}: not UTF-8 (byte {error.start}); save it as “CSV UTF-8”") from error
    reader = csv.DictReader(text.splitlines())
    wrong = set(columns) ^ set(reader.fieldnames or ())
    if wrong:
        raise click.ClickException(f"{path}:1: the columns must be {', '.join(columns)} (look at: {', '.join(wrong)})")
    for row in reader:
        yield reader.line_num, {name: (row[name] or "").strip() for name in columns}


def store_all(path: Path, columns: Sequence[str], store: Callable[[Session, Row], str]) -> list[str]:
    """Store every row in one transaction, or none; answers what ``store`` said of each.

    Raises:
        click.ClickException: with the line and the reason of every row that cannot be stored.
    """
    rows = list(rows_of(path, columns))
    said: list[str] = []
    wrong: list[str] = []
    database = Database(Settings.from_environment().database_url)
    try:
        with database.transaction() as session:
            for line, row in rows:
                try:
                    with session.begin_nested():
                        said.append(store(session, row))
                except CityLoopError as error:
                    wrong += [f"{path}:{line}: {reason}" for reason in reasons(error)]
            if wrong:
                session.rollback()
                raise click.ClickException("nothing was stored\n" + "\n".join(wrong))
    finally:
        database.close()
    return said


def reasons(error: CityLoopError) -> list[str]:
    """What is wrong, in words, per field where there are fields."""
    if not isinstance(error, InvalidInput):
        return [error_words(error)[1] or str(error)]
    return [f"{problem.path}: {problem_words(problem)}" for problem in error.problems]
