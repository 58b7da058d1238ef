"""``cityloop doctor``: every setting, and whether this installation can do its work. Exit status 1 when it cannot."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, packages_distributions, version

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, make_url, select, text
from sqlalchemy.exc import SQLAlchemyError

from engine import clock
from engine.errors import CityLoopError
from engine.intake import FIRST_RECEIVER
from engine.settings import Settings, partner_secrets
from engine.storage import (
    CalendarYear,
    Database,
    Incident,
    IncidentStatus,
    Organisation,
    Person,
    ProcessDefinition,
    RoleGrant,
    WorkerHeartbeat,
    schema,
)
from web.bundles import DIST
from web.commands.assets import FRONTEND, STAMP, inputs_hash

OURS = ("engine", "web", "workflows", "forms", "migrations")
PINNED = ("SpiffWorkflow", "SQLAlchemy", "Flask", "lxml")
MANAGER_OF_PEOPLE = "security_admin"
LOAD = "run: cityloop organisations draft > FILE, edit it, cityloop organisations load FILE"
SILENT_AFTER = timedelta(seconds=30)


@dataclass(frozen=True)
class Finding:
    """``state``: ok, warning (works, but look at it) or failed."""

    state: str
    what: str
    details: str


@click.command()
def command() -> None:
    """List the settings and check database, migrations, calendar, assets, worker and installed names."""
    settings = Settings.from_environment()
    # In a pipe or a log nothing is cut to a screen's width.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 1000)
    console.print(_settings_table(settings))
    findings = list(examine(settings))
    table = Table(box=None, pad_edge=False)
    for heading in ("", "check", "found"):
        table.add_column(heading)
    marks = {"ok": "[green]ok[/green]", "warning": "[yellow]look[/yellow]", "failed": "[red]failed[/red]"}
    for finding in findings:
        table.add_row(marks[finding.state], finding.what, finding.details)
    console.print(table)
    if any(finding.state == "failed" for finding in findings):
        raise SystemExit(1)


def _settings_table(settings: Settings) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("setting", "value", "meaning"):
        table.add_column(heading)
    for setting in fields(settings):
        value = getattr(settings, setting.name)
        if setting.metadata["secret"] and value:
            value = _without_password(setting.name, str(value))
        table.add_row(f"CITYLOOP_{setting.name.upper()}", str(value), setting.metadata["text"])
    for name in sorted(partner_secrets()):
        table.add_row(name, "(set)", "a secret that processes name in http calls")
    return table


def _without_password(name: str, value: str) -> str:
    return make_url(value).render_as_string(hide_password=True) if name.endswith("_url") else "(set)"


def examine(settings: Settings) -> Iterator[Finding]:
    """All checks, one after the other; a check that cannot even be made is a failure of its own."""
    yield from _installed_names()
    yield _assets()
    yield _rate_limits(settings)
    yield _secret_key(settings)
    try:
        database = Database(settings.database_url)
    except (ValueError, SQLAlchemyError) as error:
        yield Finding("failed", "database", str(error))
        return
    try:
        for check in (_connection, _migrations, _calendar, _organisations, _people, _processes, _worker, _incidents):
            try:
                finding = check(database)
            except (SQLAlchemyError, CityLoopError) as error:
                yield Finding("failed", check.__name__.strip("_"), str(error).splitlines()[0])
                return
            yield finding
            if check is _migrations and finding.state == "failed":
                # The rest asks for tables and columns that may not be there yet.
                return
    finally:
        database.close()


Check = Callable[[Database], Finding]


def _installed_names() -> Iterator[Finding]:
    owners = packages_distributions()
    foreign = {name: set(owners.get(name, ())) - {"cityloop"} for name in OURS}
    clashes = [f"{name} also belongs to {', '.join(sorted(who))}" for name, who in foreign.items() if who]
    yield Finding("failed" if clashes else "ok", "installed names", "; ".join(clashes) or "ours alone")
    found = []
    for name in PINNED:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            yield Finding("failed", "packages", f"{name} is missing")
    yield Finding("ok", "packages", ", ".join(found))


def _assets() -> Finding:
    if not (DIST / "manifest.json").exists():
        return Finding("failed", "assets", "the browser bundles are not built; run: cityloop assets")
    if FRONTEND.exists() and (DIST / STAMP).read_text() != inputs_hash():
        return Finding("warning", "assets", "older than their sources; run: cityloop assets")
    return Finding("ok", "assets", "built")


def _connection(database: Database) -> Finding:
    with database.reading() as session:
        question = "SELECT sqlite_version()" if database.backend == "sqlite" else "SHOW server_version"
        answer = session.scalar(text(question))
    return Finding("ok", "database", f"{database.backend} {answer}")


def _migrations(database: Database) -> Finding:
    current, head = schema.current(database.engine), schema.head()
    if current == head:
        return Finding("ok", "migrations", f"at {head}")
    return Finding("failed", "migrations", f"at {current or 'nothing'}, wanted {head}; run: cityloop database upgrade")


def _calendar(database: Database) -> Finding:
    with database.reading() as session:
        years = sorted(session.scalars(select(CalendarYear.year)))
    today = clock.city_time(clock.now()).date()
    if today.year not in years:
        return Finding("failed", "calendar", f"{today.year} is not loaded; deadlines are provisional")
    details = f"{years[0]} to {years[-1]}"
    if today.month >= 10 and today.year + 1 not in years:
        return Finding(
            "warning", "calendar", f"{details}; {today.year + 1} is not loaded, later deadlines are provisional"
        )
    return Finding("ok", "calendar", details)


def _rate_limits(settings: Settings) -> Finding:
    # Flask-Limiter counts in memory when it is told nothing.
    shared = not (settings.rate_limit_storage or "memory:").startswith("memory:")
    if settings.web_workers > 1 and not shared:
        return Finding(
            "warning",
            "rate limits",
            "each web process counts alone; set CITYLOOP_RATE_LIMIT_STORAGE to a shared one",
        )
    return Finding("ok", "rate limits", "counted together" if shared else "counted in the one web process")


def _secret_key(settings: Settings) -> Finding:
    if settings.secret_key:
        return Finding("ok", "secret key", "set")
    if settings.secure_cookies:
        return Finding(
            "warning",
            "secret key",
            "made on each machine; with several machines set CITYLOOP_SECRET_KEY to the same on all",
        )
    return Finding("ok", "secret key", "made and kept in the data folder")


def _organisations(database: Database) -> Finding:
    with database.reading() as session:
        total = session.scalar(select(func.count()).select_from(Organisation).where(Organisation.active)) or 0
        receiver = session.scalar(select(Organisation.id).where(Organisation.duty == FIRST_RECEIVER).limit(1))
    if receiver is None:
        return Finding("failed", "organisations", f"nobody receives cases (duty {FIRST_RECEIVER}); {LOAD}")
    return Finding("ok", "organisations", f"{total} active")


def _people(database: Database) -> Finding:
    with database.reading() as session:
        holders = session.scalar(
            select(func.count(Person.id.distinct()))
            .join(RoleGrant, RoleGrant.person_id == Person.id)
            .where(Person.active, RoleGrant.revoked_at.is_(None), RoleGrant.role == MANAGER_OF_PEOPLE)
        )
        tried = session.scalar(select(func.count()).select_from(Person).where(Person.demonstration, Person.active)) or 0
    if not holders:
        return Finding("failed", "people", f"nobody may add people ({MANAGER_OF_PEOPLE}); run: cityloop people add")
    if tried:
        return Finding("warning", "people", f"{tried} demonstration logins with a known password; not for a real city")
    return Finding("ok", "people", f"{holders} may add people")


def _processes(database: Database) -> Finding:
    with database.reading() as session:
        keys = set(session.scalars(select(ProcessDefinition.key)))
    return Finding(
        "ok" if keys else "failed", "processes", f"{len(keys)} deployed" if keys else "none; run: cityloop deploy"
    )


def _worker(database: Database) -> Finding:
    with database.reading() as session:
        seen = list(session.scalars(select(WorkerHeartbeat.seen_at)))
    alive = [moment for moment in seen if clock.now() - moment < SILENT_AFTER]
    if alive:
        return Finding("ok", "workers", f"{len(alive)} alive")
    last = max(seen, default=None)
    return Finding("warning", "workers", f"none alive{f', last seen {last:%Y-%m-%d %H:%M} UTC' if last else ''}")


def _incidents(database: Database) -> Finding:
    with database.reading() as session:
        count = len(list(session.scalars(select(Incident.id).where(Incident.status == IncidentStatus.OPEN).limit(100))))
    return Finding("warning" if count else "ok", "incidents", f"{count} open" if count else "none open")
