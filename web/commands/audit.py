"""``cityloop audit``: whether the record of everything people did, and the files they sent, are still as they were."""

from __future__ import annotations

import click

from engine import evidence, history
from engine.settings import Settings
from engine.storage import Database


@click.group()
def command() -> None:
    """Check the audit record and the files."""


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


@command.command()
def files() -> None:
    """Read every file of every case again; exit status 1 when one is gone or has other bytes than were received."""
    settings = Settings.from_environment()
    database = Database(settings.database_url)
    try:
        with database.reading() as session:
            spoilt = [
                f"{row.public_id} of case {row.case_id or 'none'}: gone or changed since {row.uploaded_at}"
                for row in evidence.spoilt(session, settings)
            ]
    finally:
        database.close()
    for line in spoilt:
        click.echo(line, err=True)
    click.echo(f"{len(spoilt)} files are not as they were received")
    if spoilt:
        raise SystemExit(1)
