"""``cityloop audit``: whether the record of everything people did is still as it was written."""

from __future__ import annotations

import click

from engine import history
from engine.settings import Settings
from engine.storage import Database


@click.group()
def command() -> None:
    """Check the audit record."""


@command.command()
@click.option("--head", default="", help="A head noted earlier: it must still be in the chain.")
def verify(head: str) -> None:
    """Count every hash and the whole chain again; exit status 1 when a row was changed, removed or reordered.

    Prints the head of the chain: note it elsewhere and hand it in later as --head, so that nobody can replace the
    whole chain unseen.
    """
    database = Database(Settings.from_environment().database_url)
    try:
        with database.reading() as session:
            found = history.verify(session)
            lost = bool(head) and not history.was_head(session, head)
    finally:
        database.close()
    for problem in found.problems:
        click.echo(problem, err=True)
    if lost:
        click.echo(f"the head {head} is no longer in the chain", err=True)
    click.echo(f"{found.rows} rows sealed, {found.unsealed} not yet; head {found.head}")
    if found.problems or lost:
        raise SystemExit(1)
