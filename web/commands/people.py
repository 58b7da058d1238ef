"""``cityloop people``: the first people of an installation, who then add the others in the browser."""

from __future__ import annotations

import secrets
from pathlib import Path

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import CityLoopError, FieldProblem, InvalidInput
from engine.people import add_person, grant_role
from engine.permissions import Actor
from engine.settings import Settings
from engine.storage import Database, Organisation, Person
from web import passwords
from web.commands.sheets import Row, reasons, store_all

COLUMNS = ("login", "name", "phone", "email", "organisation", "roles")


@click.group()
def command() -> None:
    """Add people and give them roles."""


@command.command()
@click.argument("login")
@click.argument("name")
@click.option("--organisation", required=True, help="The code of the organisation the roles are held in.")
@click.option("--role", "roles", multiple=True, required=True, help="A role code; may be given several times.")
def add(login: str, name: str, organisation: str, roles: tuple[str, ...]) -> None:
    """Add LOGIN, called NAME, and print the first password once."""
    row = {"login": login, "name": name, "phone": "", "email": "", "organisation": organisation}
    database = Database(Settings.from_environment().database_url)
    try:
        with database.transaction() as session:
            said = _store(session, {**row, "roles": " ".join(roles)})
    except CityLoopError as error:
        raise click.ClickException("; ".join(reasons(error))) from error
    finally:
        database.close()
    click.echo(said)


@command.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def load(file: Path) -> None:
    """Add the people of FILE, a CSV with the columns login, name, phone, email, organisation, roles.

    A person may have several rows, one an organisation; ``roles`` are role codes with spaces between. Prints the first
    password of everybody new, once. Every row is stored, or none.
    """
    said = store_all(file, COLUMNS, _store)
    click.echo("\n".join([*said, f"People: {len(said)} rows stored."]))


def _store(session: Session, row: Row) -> str:
    actor = Actor.system("cli")
    organisation = session.scalar(select(Organisation.id).where(Organisation.code == row["organisation"]))
    if organisation is None:
        raise InvalidInput("no such organisation", [FieldProblem("organisation", "unknown_organisation")])
    said = f"{row['login']}: known already, roles added."
    person = session.scalars(select(Person).where(Person.username == row["login"])).one_or_none()
    if person is None:
        person = add_person(session, actor, row["login"], row["name"], phone=row["phone"], email=row["email"])
        password = secrets.token_urlsafe(10)
        passwords.change(session, actor, person.id, None, password, password)
        said = f"{row['login']}: the first password is {password} – shown only now."
    for role in row["roles"].split():
        grant_role(session, actor, person.id, role, organisation)
    return said
