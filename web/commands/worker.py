"""``cityloop worker``: does everything that is owed: timers, jobs, clocks, messages, seals. Run as many as you like."""

from __future__ import annotations

import logging

import click

from engine import memory
from engine.settings import Settings
from engine.storage import Database


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now, until nothing is, keep house, and stop.")
@click.option("--verbose", is_flag=True, help="Tell what is done.")
def command(once: bool, verbose: bool) -> None:
    """Work until stopped (SIGTERM or Ctrl-C)."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    settings = Settings.from_environment()
    database = Database(settings.database_url, settings=settings)
    try:
        # The scheduler is brought in by those who need it only.
        from engine.worker import Worker

        worker = Worker(database, settings)
        memory.settle()
        if once:
            for done in worker.once():
                click.echo(", ".join(f"{number} {kind}" for kind, number in sorted(done.items())))
        else:
            address = database.engine.url.render_as_string()
            click.echo(f"Worker for {address}, looking every {settings.worker_interval_seconds} s.")
            worker.run()
    finally:
        database.close()
