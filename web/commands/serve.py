"""``cityloop serve``: the web server. Processes and threads are gunicorn's; the database is opened in each of them."""

from __future__ import annotations

import os
from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication

from engine import memory
from engine.settings import Settings

THREADS = 8
SECONDS = 60


@click.command()
@click.option("--workers", type=int, help="Server processes; CITYLOOP_WEB_WORKERS unless given.")
@click.option("--threads", default=THREADS, show_default=True, help="Requests each process answers at the same time.")
def command(workers: int | None, threads: int) -> None:
    """Serve the pages on CITYLOOP_HOST and CITYLOOP_PORT."""
    settings = Settings.from_environment()
    Server(settings, workers or settings.web_workers, threads).run()


class Server(BaseApplication):  # type: ignore[misc]
    """Gunicorn with our settings instead of its own files and arguments."""

    def __init__(self, settings: Settings, workers: int, threads: int) -> None:
        self.settings, self.workers, self.threads = settings, workers, threads
        super().__init__()

    def load_config(self) -> None:
        """What gunicorn is told."""
        host = f"[{self.settings.host}]" if ":" in self.settings.host else self.settings.host
        values: dict[str, Any] = {
            "bind": f"{host}:{self.settings.port}",
            "workers": self.workers,
            "threads": self.threads,
            "worker_class": "gthread",
            "timeout": SECONDS,
            "graceful_timeout": 20,
            "keepalive": 15,
            "accesslog": "-" if self.settings.access_log else None,
            "loglevel": "warning",
            "proc_name": "cityloop",
            "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,  # noqa: PTH112
        }
        for name, value in values.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application; made in each process after the fork, as its database connections must be."""
        from web.app import create_app

        app = create_app(self.settings)
        memory.settle()
        return app
