"""``cityloop deploy [DIR]``: publishes a folder of diagrams, decisions and forms, or what is shipped."""

from __future__ import annotations

from pathlib import Path

import click

from engine.deployments import deploy, load_folder
from engine.errors import DeploymentRejected, Problem
from engine.permissions import Actor
from engine.settings import Settings
from engine.storage import Database
from web.problems import text_of


@click.command()
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Only check; publish nothing.")
def command(folder: Path | None, check: bool) -> None:
    """Publish what is below FOLDER (its workflows/ and forms/); without one, the processes that are shipped."""
    files = load_folder(folder)
    if not files:
        raise click.ClickException("There is nothing to publish: no .bpmn, .dmn or .form below workflows/ and forms/.")
    settings = Settings.from_environment()
    database = Database(settings.database_url)
    try:
        with database.transaction() as session:
            if check:
                from engine.deployments import examine

                problems = examine(session, files)
                _print(problems)
                raise SystemExit(1 if any(p.severity == "error" for p in problems) else 0)
            deployment = deploy(
                session, Actor.system("cli"), files, name=folder.name if folder else "shipped", source="folder"
            )
            if deployment is None:
                click.echo(f"Nothing has changed: {len(files)} files.")
            else:
                click.echo(f"Deployment {deployment.id}: {len(files)} files.")
    except DeploymentRejected as error:
        _print(error.problems)
        raise click.ClickException(f"Nothing was published: {len(error.problems)} problem(s).") from error
    finally:
        database.close()


def _print(problems: list[Problem] | tuple[Problem, ...]) -> None:
    for problem in problems:
        where = ":".join(str(part) for part in (problem.file, problem.line) if part)
        element = f" {problem.element_id}" if problem.element_id else ""
        click.echo(f"{problem.severity}: {where}{element}: {text_of(problem, 'en')} [{problem.code}]", err=True)
