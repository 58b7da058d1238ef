"""The ``cityloop`` command: gathers the commands of ``web/commands``, each a module with a ``command``."""

from __future__ import annotations

import os
from importlib import import_module

import click

from engine.errors import CityLoopError
from engine.settings import BadSetting

# Name → module; imported only when called, so that `cityloop feel` does not load the web server.
COMMANDS = {
    "assets": "web.commands.assets",
    "audit": "web.commands.audit",
    "calendar": "web.commands.calendar",
    "cases": "web.commands.cases",
    "catalogue": "web.commands.catalogue",
    "database": "web.commands.database",
    "decide": "web.commands.decide",
    "demo": "web.commands.demo",
    "deploy": "web.commands.deploy",
    "doctor": "web.commands.doctor",
    "feel": "web.commands.feel",
    "organisations": "web.commands.organisations",
    "people": "web.commands.people",
    "scenarios": "web.commands.scenarios",
    "serve": "web.commands.serve",
    "start": "web.commands.start",
    "worker": "web.commands.worker",
}


class Commands(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[cmd_name]).command
        return command


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """CityLoop (城环): a city's cases as processes that designers change without code."""


def _bad_setting(error: BadSetting) -> str:
    from engine.reference import data  # brings the database along, which no other command needs from here

    words = data("environment_words.yaml")
    language = "zh" if os.environ.get("LANG", "").startswith("zh") else "en"
    expected = words["expected"][error.expected][language]
    return str(words["bad_setting"][language]).format(name=error.name, value=error.value, expected=expected)


def main() -> None:
    """Run the command line; an expected failure is one readable line and exit status 1, with a bad setting 2."""
    try:
        cli(prog_name="cityloop")
    except BadSetting as error:
        click.echo(_bad_setting(error), err=True)
        raise SystemExit(2) from error
    except CityLoopError as error:
        raise SystemExit(f"cityloop: {error}") from error
    except Exception as error:
        if not _is_databases(error):
            raise
        reason = str(error).splitlines()[0]
        raise SystemExit(f"cityloop: the database says: {reason}\nLook with: cityloop doctor") from error


def _is_databases(error: Exception) -> bool:
    """Whether SQLAlchemy told it; asked of the class, so that commands without a database need not load it."""
    return any(kind.__name__ == "SQLAlchemyError" for kind in type(error).__mro__)


if __name__ == "__main__":
    main()
