"""``cityloop calendar``: a year of the working calendar from the notice that announces it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from engine import deadlines, history
from engine.errors import InvalidInput
from engine.permissions import Actor
from engine.settings import Settings
from engine.storage import Database
from web.commands.sheets import reasons, rows_of

COLUMNS = ("day", "working", "name")
ANSWERS = {"yes": True, "no": False}


@click.group()
def command() -> None:
    """Load the working calendar of a year."""


@command.command()
@click.argument("year", type=click.IntRange(2000, 2100))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", required=True, help="The notice that announces the year.")
def load(year: int, file: Path, source: str) -> None:
    """Load YEAR from FILE, a CSV with the columns day (2027-01-01), working (yes, no) and name.

    Only days that differ from their weekday are listed; those of that year loaded before are replaced. The worker then
    counts the clocks again that were provisional.
    """
    days = dict(_day(year, f"{file}:{line}", row) for line, row in rows_of(file, COLUMNS))
    database, actor = Database(Settings.from_environment().database_url), Actor.system("cli")
    try:
        with database.transaction() as session:
            deadlines.load_year(session, actor, year, days, source)
            new = {"days": len(days)}
            history.record(session, actor, None, "calendar.changed", subject=str(year), new=new, reason=source)
    except InvalidInput as error:
        raise click.ClickException("\n".join(reasons(error))) from error
    finally:
        database.close()
    click.echo(f"{year}: {len(days)} days stored.")


def _day(year: int, place: str, row: dict[str, str]) -> tuple[date, tuple[bool, str]]:
    try:
        day, working = date.fromisoformat(row["day"]), ANSWERS[row["working"]]
    except (ValueError, KeyError) as error:
        raise click.ClickException(f"{place}: a day like {year}-01-01, then yes or no, then its name") from error
    if day.year != year:
        raise click.ClickException(f"{place}: {day} is no day of {year}")
    return day, (working, row["name"])
