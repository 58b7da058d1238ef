"""``cityloop demo``: a database ready to try, and with ``--serve`` the web server and the worker beside it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from datetime import timedelta
from importlib.resources import files
from typing import Any

import click
import yaml
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import clock
from engine.demonstration import PASSWORD, load_demonstration, logins_to_try
from engine.deployments import bundle_sha256, deploy, load_folder
from engine.permissions import Actor
from engine.reference import data, load_reference_data
from engine.settings import Settings
from engine.storage import Case, Database, Deployment
from engine.storage.schema import upgrade

START_SECONDS = 30
SHIPPED = "shipped"


@click.command()
@click.option("--serve", is_flag=True, help="Then start the web server and the worker, and stay until Ctrl-C.")
def command(serve: bool) -> None:
    """Prepare a database with demonstration areas, organisations, people, processes and cases."""
    settings = Settings.from_environment()
    console = Console(highlight=False)
    if serve and _is_taken(settings):
        raise click.ClickException(
            f"something answers on {_address(settings)} already, perhaps this same command in another window; "
            f"stop it, or choose another port: CITYLOOP_PORT={settings.port + 1} make run"
        )
    prepare(settings, console)
    if serve:
        raise SystemExit(_serve(settings, console))
    _print_logins(settings, console, serving=False)


def prepare(settings: Settings, console: Console) -> None:
    """Bring database, reference data, processes, people and cases up to date; what is there already stays."""
    upgrade(settings.database_url)
    database = Database(settings.database_url, settings=settings)
    try:
        with database.transaction() as session:
            load_reference_data(session)
            load_demonstration(session)
        with database.transaction() as session:
            files = load_folder()
            if not _is_published(session, files):
                console.print(f"Checking and deploying {len(files)} shipped files …")
                deployment = deploy(session, Actor.system("demo"), files, name=SHIPPED, source="folder")
                if deployment is not None:
                    console.print(f"Processes: deployed as bundle {deployment.id}.")
        with database.reading() as session:
            empty = not session.scalar(select(func.count()).select_from(Case))
        if empty:
            _load_cases(database, settings, console)
    finally:
        database.close()


def _is_published(session: Session, files: Mapping[str, bytes]) -> bool:
    """Whether exactly these files were the last to be deployed as shipped: then there is nothing to check again."""
    last = session.scalars(
        select(Deployment.sha256).where(Deployment.name == SHIPPED).order_by(Deployment.id.desc()).limit(1)
    ).first()
    return last == bundle_sha256(files)


def _load_cases(database: Database, settings: Settings, console: Console) -> None:
    """Open the demonstration cases in the recent past and let simulated people take some of them part of the way."""
    from engine.simulation import Timeline, sample_from  # Only the first run needs them.

    now = clock.now()
    rows = yaml.safe_load((files("engine") / "data" / "demonstration_cases.yaml").read_text("utf-8"))
    samples = [sample_from(row, row["id"], now - timedelta(hours=row["hours_ago"])) for row in rows]
    console.print(f"Opening {len(samples)} demonstration cases and working on some of them …")
    runs = Timeline(database, settings).rehearse(samples, until=now)
    console.print(f"Cases: {len(runs)} opened for demonstration.")
    for run in runs:
        if run.failure:
            console.print(f"[yellow]{run.sample.id}: {run.failure}[/yellow]")


def _serve(settings: Settings, console: Console) -> int:
    """Run the web server and the worker until one of them ends or the user interrupts."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    programs = [[sys.executable, "-m", "web.cli", name] for name in ("serve", "worker")]
    processes = [subprocess.Popen(program, env=environment, start_new_session=True) for program in programs]
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        if not _wait_until_it_answers(settings, processes):
            console.print(f"The web server did not answer on {_address(settings)}; its words are above.")
            return 1
        _print_logins(settings, console, serving=True)
        while all(process.poll() is None for process in processes):
            time.sleep(0.5)
        return next(process.returncode for process in processes if process.poll() is not None)
    except KeyboardInterrupt:
        console.print("\nStopping.")
        return 0
    finally:
        for process in processes:
            if process.poll() is None:
                process.terminate()
        for process in processes:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def _is_taken(settings: Settings) -> bool:
    """Whether somebody listens where the web server is to listen; ours could only give up, and theirs would answer."""
    try:
        socket.create_connection((_host(settings), settings.port), timeout=1).close()
    except OSError:
        return False
    return True


def _wait_until_it_answers(settings: Settings, processes: Sequence[subprocess.Popen[bytes]]) -> bool:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up and all(process.poll() is None for process in processes):
        try:
            with urllib.request.urlopen(f"{_address(settings)}/healthz", timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    return False


def _host(settings: Settings) -> str:
    return "127.0.0.1" if settings.host in {"0.0.0.0", "::", ""} else settings.host


def _address(settings: Settings) -> str:
    return f"http://{_host(settings)}:{settings.port}"


def _print_logins(settings: Settings, console: Console, *, serving: bool) -> None:
    where = _address(settings) if serving else "cityloop serve, cityloop worker"
    printed = data("demonstration.yaml")["printed"]
    console.print(f"\n[bold]{printed['product']}[/bold]  {where}\n")
    table = Table(title=f"{printed['password']}: {PASSWORD}", title_justify="left", box=None, pad_edge=False)
    for heading in printed["heads"]:
        table.add_column(heading)
    for username, who, what in logins_to_try():
        table.add_row(username, who, what)
    console.print(table)
    console.print(f"\n{printed['tour']}")
    if serving:
        console.print(f"{printed['stop']}\n")
