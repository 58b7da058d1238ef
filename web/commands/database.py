"""``cityloop database``: bring the tables up to date, say where they are, and whether they are right."""

from __future__ import annotations

import click

from engine.reference import load_reference_data
from engine.settings import Settings
from engine.storage import Database, schema


@click.group()
def command() -> None:
    """Bring the database up to date, or look at its state."""


@command.command()
def upgrade() -> None:
    """Create or change the tables for this version and add missing reference data; what is stored stays."""
    settings = Settings.from_environment()
    revision = schema.upgrade(settings.database_url)
    database = Database(settings.database_url)
    try:
        with database.transaction() as session:
            load_reference_data(session)
    finally:
        database.close()
    click.echo(f"Database: at {revision}.")


@command.command()
def current() -> None:
    """Print the revision the database is at and the one this version wants; exit status 1 when they differ."""
    database = Database(Settings.from_environment().database_url)
    try:
        found, wanted = schema.current(database.engine), schema.head()
    finally:
        database.close()
    click.echo(f"Database: at {found or 'nothing'}, this version wants {wanted}.")
    if found != wanted:
        raise SystemExit(1)


@command.command()
def check() -> None:
    """Compare the tables with what this version declares; exit status 1 and a list when they differ."""
    database = Database(Settings.from_environment().database_url)
    try:
        differences = schema.check(database.engine)
    finally:
        database.close()
    for difference in differences:
        click.echo(difference)
    if differences:
        raise SystemExit(1)
    click.echo("Database: as declared.")


@command.command()
@click.argument("message")
def revision(message: str) -> None:
    """For developers: write the next step in migrations/versions from an upgraded database to the models."""
    click.echo(schema.write_revision(Settings.from_environment().database_url, message))
