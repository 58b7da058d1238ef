"""Databases to throw away: reference data, the demonstration's people and a set of processes, nothing else."""

from __future__ import annotations

import atexit
import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from threading import Lock

from sqlalchemy import inspect

from engine.demonstration import load_demonstration
from engine.deployments import deploy, load_folder, published_files, wind_up_all
from engine.permissions import Actor
from engine.reference import load_reference_data
from engine.settings import Settings
from engine.storage import Database


@contextmanager
def scratch_database(settings: Settings, files: Mapping[str, bytes]) -> Iterator[tuple[Database, Settings]]:
    """A database that has only these processes, and settings under which nothing leaves the machine.

    Raises:
        DeploymentRejected: the files cannot run.
    """
    folder = Path(tempfile.mkdtemp(prefix="cityloop-scratch-"))
    try:
        database, own = open_scratch(settings, folder, files)
        try:
            yield database, own
        finally:
            database.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def open_scratch(settings: Settings, folder: Path, files: Mapping[str, bytes]) -> tuple[Database, Settings]:
    """Make such a database in ``folder``, which the caller removes; timers that start something count from now."""
    own = replace(settings, database_url=f"sqlite:///{folder / 'scratch.sqlite3'}", data_dir=folder, sandbox=True)
    _copy_prepared(files, folder / "scratch.sqlite3")
    database = Database(own.database_url, settings=own, synchronous="OFF")
    with database.transaction() as session:
        wind_up_all(session)
    return database, own


_prepared: dict[str, Path] = {}
_preparing = Lock()
KEPT = 16


def _copy_prepared(files: Mapping[str, bytes], target: Path) -> None:
    """Copy a database with these processes published: the one made before, as long as it is among the newest kept."""
    key = _key(files)
    with _preparing:
        if key not in _prepared:
            while len(_prepared) >= KEPT:
                _prepared.pop(next(iter(_prepared))).unlink(missing_ok=True)
            _prepared[key] = _deployed(key, files)
        _prepared[key] = _prepared.pop(key)
        shutil.copy(_prepared[key], target)


def _key(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for path, content in sorted(files.items()):
        digest.update(f"{path}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _deployed(key: str, files: Mapping[str, bytes]) -> Path:
    """A prepared database file with these processes published."""
    path = _template().with_name(f"{key}.sqlite3")
    shutil.copy(_template(), path)
    database = Database(f"sqlite:///{path}", synchronous="OFF")
    try:
        with database.transaction() as session:
            deploy(session, Actor.system("simulation"), files, name="scratch", source="folder")
        _into_one_file(database)
    finally:
        database.close()
    return path


@cache
def _template() -> Path:
    """A prepared database file, made once per process and removed at its end."""
    folder = Path(tempfile.mkdtemp(prefix="cityloop-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    address = f"sqlite:///{folder / 'template.sqlite3'}"
    from engine.storage.schema import upgrade  # Alembic takes long to load; pages that only show need none of it.

    upgrade(address)
    database = Database(address, synchronous="OFF")
    with database.transaction() as session:
        load_reference_data(session)
        load_demonstration(session)
    _into_one_file(database)
    database.close()
    return folder / "template.sqlite3"


def _into_one_file(database: Database) -> None:
    """Bring everything into the one file, so that it can be copied."""
    with database.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")


def configured_files(settings: Settings) -> dict[str, bytes]:
    """What the configured database has published; the shipped folders where there is no database yet."""
    database = Database(settings.database_url)
    try:
        if inspect(database.engine).has_table("deployment_file"):
            with database.reading() as session:
                files = {path: file.content for path, file in published_files(session).items()}
            if files:
                return files
    finally:
        database.close()
    return dict(load_folder())
