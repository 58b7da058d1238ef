"""Brings a database to the tables this version wants, with Alembic and without an ini file.

One transaction; on PostgreSQL behind an advisory lock, so that several servers may start at once. Foreign keys of
SQLite are checked at the end instead of during the steps, because rebuilding a table there means dropping it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import BigInteger, Connection, Engine, Enum, LargeBinary, inspect, text
from sqlalchemy.types import TypeEngine

from engine.errors import Conflict
from engine.storage.base import Base, Digest, Json, UtcDateTime
from engine.storage.database import Database

_LOCK_KEY = 7_412_020_260
_WAIT_SECONDS = 120


def _render(kind: str, item: Any, _: Any) -> str | bool:
    """Write plain column types into migrations: what a step made must not change with our classes."""
    if kind != "type" or not isinstance(item, TypeEngine):
        return False
    if isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if isinstance(item, Digest):
        return "sa.LargeBinary()"
    if isinstance(item, Json):
        return "sa.Text()"
    if isinstance(item, Enum):
        return f"sa.String(length={item.length})"
    if isinstance(item, LargeBinary):
        return "sa.LargeBinary()"
    if isinstance(item, BigInteger):
        return 'sa.BigInteger().with_variant(sa.Integer(), "sqlite")'
    return False


COMPARE: dict[str, Any] = {
    "target_metadata": Base.metadata,
    "render_item": _render,
    "compare_type": True,
    "transactional_ddl": True,
}


def upgrade(url: str, revision: str = "head") -> str | None:
    """Bring the database at ``url`` to ``revision``; what is already there stays. Answers the revision it is at now.

    Raises:
        Conflict: it was made by a newer version, or by something else than these steps; nothing is changed.
    """
    database = Database(url)
    try:
        with _alone(database.engine) as connection, _config(connection) as config:
            before = _revision(connection)
            if before is None and set(inspect(connection).get_table_names()) & set(Base.metadata.tables):
                raise Conflict("the tables there were not made by migrations", kind="stale")
            try:
                command.upgrade(config, revision)
            except CommandError as error:
                raise Conflict("the database is of a newer version", kind="stale", revision=before) from error
            return _revision(connection)
    finally:
        database.close()


def current(engine: Engine) -> str | None:
    """The revision a database is at; None when it was never upgraded."""
    with engine.connect() as connection:
        return _revision(connection)


def head() -> str:
    """The revision this version of CityLoop wants."""
    with _config(None) as config:
        return str(ScriptDirectory.from_config(config).get_current_head())


def check(engine: Engine) -> list[str]:
    """How the database differs from the tables this version declares; empty when it is right."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=COMPARE)
        return [str(difference) for difference in compare_metadata(context, Base.metadata)]


def write_revision(url: str, message: str) -> str:
    """For developers: write the step from the database at ``url`` to the models; answers the file's path."""
    database = Database(url)
    try:
        with database.engine.connect() as connection, _config(connection) as config:
            number = len(list(ScriptDirectory.from_config(config).walk_revisions())) + 1
            script = command.revision(config, message, autogenerate=True, rev_id=f"{number:04d}")
            return str(getattr(script, "path", script))
    finally:
        database.close()


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@contextmanager
def _config(connection: Connection | None) -> Iterator[Config]:
    with as_file(files("migrations")) as folder:
        config = Config()
        config.set_main_option("script_location", str(folder))
        config.set_main_option("path_separator", "os")
        config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
        config.attributes["connection"] = connection
        yield config


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """One transaction in which nobody else changes the tables."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            driver: Any = connection.connection.driver_connection
            driver.execute("PRAGMA foreign_keys=OFF")
            try:
                with connection.begin():
                    yield connection
                    _require_whole(connection)
            finally:
                driver.execute("PRAGMA foreign_keys=ON")
            return
        with connection.begin():
            connection.execute(text(f"SET LOCAL lock_timeout = '{_WAIT_SECONDS}s'"))
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
            yield connection


def _require_whole(connection: Connection) -> None:
    broken = connection.execute(text("PRAGMA foreign_key_check")).all()
    if broken:
        raise Conflict("the steps would leave rows without what they refer to", kind="stale", tables=len(broken))
