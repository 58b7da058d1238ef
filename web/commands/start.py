"""``cityloop start PROCESS``: start a process that belongs to no case (a contingency above all), as somebody."""

from __future__ import annotations

import json
from typing import Any

import click
from sqlalchemy import select

from engine import cases
from engine.errors import InvalidInput
from engine.permissions import Actor, actor_for
from engine.settings import Settings
from engine.storage import Database, Person


@click.command()
@click.argument("process")
@click.option("--as", "username", default="", help="User name; without one the machine itself starts it.")
@click.option("--form", "text", default="{}", metavar="JSON", help="Fields of the start form.")
@click.option("--drill", is_flag=True, help="A drill: marked as one.")
def command(process: str, username: str, text: str, drill: bool) -> None:
    """Start PROCESS; a running worker does what follows."""
    try:
        fields: Any = json.loads(text)
    except ValueError as error:
        raise click.ClickException(f"--form is no JSON: {error}") from error
    if not isinstance(fields, dict):
        raise click.ClickException("--form must be a JSON object: field name to value.")
    database = Database(Settings.from_environment().database_url)
    try:
        with database.transaction() as session:
            actor = Actor.system("cli")
            if username:
                person_id = session.scalar(select(Person.id).where(Person.username == username))
                if person_id is None:
                    raise click.ClickException(f"There is nobody called {username}.")
                actor = actor_for(session, person_id, "cli")
            instance = cases.start_process(session, actor, process, fields, drill=drill)
            click.echo(f"Started {process}: instance {instance.id}.")
    except InvalidInput as error:
        lines = [f"  {p.path}: {p.code} {dict(p.facts) or ''}".rstrip() for p in error.problems]
        raise click.ClickException("\n".join(["The start form is not in order:", *lines])) from error
    finally:
        database.close()
