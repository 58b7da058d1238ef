"""``cityloop organisations``: a city's organisations from a table, and a draft of that table to begin with."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.demonstration import standard_organisations
from engine.people import save_organisation
from engine.permissions import Actor
from engine.settings import Settings
from engine.storage import Database, Organisation
from web.commands.sheets import Row, store_all

COLUMNS = ("code", "name", "name_en", "kind", "duty", "phone", "areas")


@click.group()
def command() -> None:
    """Load the city's organisations, or write a draft of them."""


@command.command()
def draft() -> None:
    """Print a CSV with one organisation of every duty in every area: edit it, then load it."""
    database = Database(Settings.from_environment().database_url)
    try:
        with database.reading() as session:
            rows = standard_organisations(session)
    finally:
        database.close()
    if not rows:
        raise click.ClickException("There are no areas yet; run: cityloop database upgrade")
    writer = csv.DictWriter(sys.stdout, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(rows)


@command.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def load(file: Path) -> None:
    """Add or change the organisations of FILE, a CSV with the columns code, name, name_en, kind, duty, phone, areas.

    ``areas`` are the codes of the areas served, with spaces between. Every row is stored, or none.
    """
    click.echo(f"Organisations: {len(store_all(file, COLUMNS, _store))} stored.")


def _store(session: Session, row: Row) -> str:
    known = session.scalar(select(Organisation.id).where(Organisation.code == row["code"]))
    texts = {name: row[name] for name in COLUMNS if name != "areas"}
    save_organisation(session, Actor.system("cli"), known, area_codes=row["areas"].split(), **texts)
    return row["code"]
