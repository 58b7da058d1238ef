"""Opens SQLite or PostgreSQL so that the same code runs right on both.

SQLite: WAL, foreign keys, a busy timeout, and ``BEGIN IMMEDIATE`` for every writing transaction: with a plain BEGIN two
writers that both began by reading end in "database is locked". ``synchronous=NORMAL``: in WAL mode a killed
process loses nothing and the file is never damaged; a power cut may take the last instants. Whoever needs those
too runs PostgreSQL or opens with ``synchronous="FULL"`` (about 30 % slower). The log (``…-wal`` beside the file, up to
64 MB) is part of the database.

Connections that only read are apart from those that write, on both, and refuse to write: on SQLite changing between the
two (``PRAGMA query_only``) makes a connection forget its prepared statements.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from select import POLLIN, poll
from typing import Any, TypeVar

from sqlalchemy import URL, Engine, Select, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.orm import Session, sessionmaker

from engine.errors import NotFound
from engine.settings import Settings
from engine.storage.base import Base
from engine.storage.postgres import keep_statements

T = TypeVar("T", bound=Base)

SETTINGS = "settings"
BUSY_SECONDS = 15
STATEMENT_SECONDS = 60
LOCK_SECONDS = 10
KEEP_ALIVE = {"keepalives_idle": 60, "keepalives_interval": 10, "keepalives_count": 3}
"""A server that vanished without a word is noticed within 90 seconds, also by a connection nobody uses."""
TABLE_CHANGED = "0A000"
"""What PostgreSQL says of a statement prepared before a migration changed a column's type (or of what it can't do)."""
LOST_RACES = frozenset({"40001", "40P01"})
"""What PostgreSQL says when it gave up one transaction for another: serialisation failure, deadlock."""


class Database:
    """One opened database; open it once per process (after a fork, not before)."""

    def __init__(
        self,
        url: str,
        *,
        settings: Settings | None = None,
        synchronous: str = "NORMAL",
        pool_size: int = 10,
        echo: bool = False,
    ) -> None:
        """Open ``url`` (``sqlite:///file``, ``postgresql+psycopg://…``); deeds on it go by ``settings``, or by those of
        the environment.

        Raises:
            ValueError: neither a SQLite file nor PostgreSQL, or an unknown ``synchronous``.
        """
        address = make_url(url)
        self.backend = address.get_backend_name()
        if self.backend == "sqlite":
            self.engine = _open_sqlite(address, synchronous, echo)
            self.reader = _open_sqlite(address, synchronous, echo, read_only=True)
        elif self.backend == "postgresql":
            self.engine = _open_postgres(address, pool_size, echo)
            self.reader = _open_postgres(address, pool_size, echo, read_only=True)
        else:
            raise ValueError(f"only SQLite and PostgreSQL are supported, not {self.backend!r}")
        info = {SETTINGS: settings}
        self._writing = sessionmaker(self.engine, expire_on_commit=False, info=info)
        self._reading = sessionmaker(self.reader, expire_on_commit=False, autoflush=False, info=info)

    def session(self, *, read_only: bool = False) -> Session:
        """A session whose owner commits and closes it. A read-only one never waits for writers on SQLite."""
        return self._reading() if read_only else self._writing()

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One writing unit of work: commits at the end, rolls back on any exception."""
        with self._writing() as session:
            yield session
            session.commit()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One reading unit of work; what it sees does not change under it on SQLite. Writing in it is refused."""
        with self._reading() as session:
            yield session

    def create_all(self) -> None:
        """Make every table at once (tests only; people's databases come from ``schema.upgrade``)."""
        import engine.storage  # noqa: F401  every table must be known

        Base.metadata.create_all(self.engine)

    def checkpoint(self) -> None:
        """Copy what SQLite has written into its log back into the file, as far as nobody reads or writes there; nobody
        waits for it. PostgreSQL does this by itself.
        """
        if self.backend == "sqlite":
            with closing(self.engine.raw_connection()) as connection:
                connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()
        self.reader.dispose()


def settings_of(session: Session) -> Settings:
    """The settings the session's database was opened with."""
    return session.info.get(SETTINGS) or Settings.from_environment()


def _open_postgres(address: URL, pool_size: int, echo: bool, *, read_only: bool = False) -> Engine:
    options = (
        f"-c lock_timeout={LOCK_SECONDS}s -c statement_timeout={STATEMENT_SECONDS}s -c timezone=UTC "
        f"-c default_transaction_read_only={'on' if read_only else 'off'}"
    )
    engine = create_engine(
        address.set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=pool_size,
        connect_args={"options": options, **KEEP_ALIVE},
        echo=echo,
        hide_parameters=True,  # logs carry ids, not names
    )

    @event.listens_for(engine, "connect")
    def keep(connection: Any, _: Any) -> None:
        keep_statements(connection)

    is_disconnect = engine.dialect.is_disconnect

    def is_of_no_use(e: Any, connection: Any, cursor: Any) -> bool:
        # What was prepared is kept as long as the connection, so the connections go when the tables have changed.
        return getattr(e, "sqlstate", "") == TABLE_CHANGED or is_disconnect(e, connection, cursor)

    engine.dialect.is_disconnect = is_of_no_use  # type: ignore[method-assign]

    @event.listens_for(engine, "checkout")
    def require_alive(connection: Any, *_: Any) -> None:
        # An idle server says nothing until it ends the connection; asking it each time (pre-ping) is a round trip more.
        if connection.closed or _has_something_to_read(connection.fileno()):
            raise DisconnectionError("the server ended the connection")

    return engine


def _has_something_to_read(socket: int) -> bool:
    waiting = poll()
    waiting.register(socket, POLLIN)
    return bool(waiting.poll(0))


def _open_sqlite(address: URL, synchronous: str, echo: bool, *, read_only: bool = False) -> Engine:
    if synchronous not in {"OFF", "NORMAL", "FULL", "EXTRA"}:
        raise ValueError(f"synchronous must be OFF, NORMAL, FULL or EXTRA, not {synchronous!r}")
    if address.database in (None, "", ":memory:"):
        raise ValueError("a database in memory is gone with its connection; name a file")
    Path(str(address.database)).parent.mkdir(parents=True, exist_ok=True)
    # The driver keeps so many statements prepared; its own 128 are fewer than the pages use.
    arguments = {"timeout": BUSY_SECONDS, "check_same_thread": False, "cached_statements": 1000}
    engine = create_engine(address, connect_args=arguments, echo=echo, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        # The driver must not begin transactions by itself; `begin` below does.
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_SECONDS * 1000}",
            "temp_store=MEMORY",
            "cache_size=-16000",
            # Copying the log back waits for the disk: the worker does it, a writer only at 64 MB (16,000 pages).
            "wal_autocheckpoint=16000",
            f"query_only={'ON' if read_only else 'OFF'}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    def begin(dbapi_connection: Any) -> None:
        dbapi_connection.driver_connection.execute("BEGIN" if read_only else "BEGIN IMMEDIATE")

    # Not as a listener: one alone makes SQLAlchemy look for listeners at every turn.
    engine.dialect.do_begin = begin  # type: ignore[method-assign]
    return engine


def lost_race(error: DBAPIError) -> bool:
    """Whether the database gave this transaction up for another one; the same again will most likely succeed."""
    return getattr(error.orig, "sqlstate", None) in LOST_RACES


def lock(session: Session, table: type[T], key: Any, *, wait: bool = True) -> T:
    """The row with this primary key, locked until the end of the transaction and read afresh.

    Lock order, to keep deadlocks away: case, then process_instance, then everything else.

    Raises:
        NotFound: there is no such row (or, with ``wait=False``, somebody else holds it).
    """
    # NO KEY: whoever writes a row that refers to this one need not wait, and so cannot be waited for in a circle.
    how = {"key_share": True, "skip_locked": not wait}
    row = session.get(table, key, with_for_update=how, populate_existing=True)
    if row is None:
        raise NotFound(f"no {table.__tablename__}", table=table.__tablename__, key=key)
    return row


def lock_next(session: Session, statement: Select[T], limit: int) -> Sequence[T]:
    """Up to ``limit`` rows of ``statement``, locked; rows another worker holds are passed over (SKIP LOCKED)."""
    return session.scalars(
        statement.limit(limit).with_for_update(skip_locked=True).execution_options(populate_existing=True)
    ).all()
