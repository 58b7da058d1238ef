"""SQL written once and sent as text: what every step of a process sends, without the cost of the ORM's own way.

A ``Prepared`` statement is spelled by SQLAlchemy for each database and then sent through the driver; ``Reading`` puts
whole rows into the session; ``Writes`` gathers what a step writes and sends it together. The driver's errors leave as
SQLAlchemy's, so that nobody outside can tell the difference. Python-side defaults are not applied: rows must be whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import BindParameter, Connection, Executable, Table, bindparam, insert, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from engine.errors import Conflict
from engine.storage.base import Base
from engine.storage.placing import settle
from engine.storage.postgres import rows_of, send

T = TypeVar("T", bound=Base)
Row = Mapping[str, Any]
Convert = Callable[[Any], Any] | None
FLOAT = 701
"""PostgreSQL's number for double precision: of our columns' types only Float asks what came, and it is always this."""


class Spelled(NamedTuple):
    """A statement as one database reads it: its text, its values in their order (``fixed`` are written in the
    statement), what makes Python of those columns that need it, by position.
    """

    text: str
    binds: list[tuple[str, Convert]]
    fixed: dict[str, Any]
    columns: list[tuple[int, Callable[[Any], Any]]]

    def values(self, row: Row) -> list[Any]:
        """The values to send."""
        row = {**self.fixed, **row} if self.fixed else row
        return [row[name] if convert is None else convert(row[name]) for name, convert in self.binds]

    def plain(self, found: Sequence[Any]) -> list[Any]:
        """A row that came back."""
        row = list(found)
        for position, convert in self.columns:
            row[position] = convert(row[position])
        return row


class Prepared:
    """A statement written once; ``names`` are the columns an INSERT names."""

    def __init__(self, statement: Executable, names: Sequence[str] = ()) -> None:
        self._statement: Any = statement
        self._names = list(names)
        self._spelled: dict[str, Spelled] = {}

    def rows(self, session: Session, values: Row) -> list[list[Any]]:
        """What it finds or returns."""
        connection = session.connection()
        spelled = self.spelled(connection.dialect)
        (answer,) = _send(connection, [(spelled, values)])
        return [spelled.plain(row) for row in answer.rows]

    def first(self, session: Session, values: Row) -> list[Any] | None:
        """The first row it finds."""
        found = self.rows(session, values)
        return found[0] if found else None

    def execute(self, session: Session, values: Row) -> int:
        """Send it; answers how many rows it met."""
        connection = session.connection()
        (answer,) = _send(connection, [(self.spelled(connection.dialect), values)])
        return answer.met

    def spelled(self, dialect: Dialect) -> Spelled:
        """The statement in a database's own words."""
        made = self._spelled.get(dialect.name)
        if made is None:
            made = self._spelled[dialect.name] = self._spell(dialect)
        return made

    def _spell(self, dialect: Dialect) -> Spelled:
        style: Any = type(dialect)
        words = style(paramstyle="numeric_dollar") if dialect.name == "postgresql" else dialect
        compiled = self._statement.compile(dialect=words, column_keys=self._names or None)
        # Lists of values would be spelled anew for each length: write them out.
        assert not compiled.literal_execute_params and not compiled.post_compile_params
        binds = [(name, compiled._bind_processors.get(name)) for name in compiled.positiontup]
        values = compiled.construct_params(_check=False)
        fixed = {name: values[name] for name, _ in binds if not compiled.binds[name].required}
        readers = [entry.type._cached_result_processor(dialect, FLOAT) for entry in compiled._result_columns]
        columns = [(position, reader) for position, reader in enumerate(readers) if reader is not None]
        return Spelled(str(compiled), binds, fixed, columns)


class Writes:
    """What a step writes, gathered in order and sent together: on PostgreSQL in one round trip."""

    def __init__(self) -> None:
        self._gathered: list[tuple[Prepared, Row, bool]] = []

    def insert(self, table: type[Base], rows: Sequence[Row]) -> None:
        """New rows that all name the same columns."""
        if rows:
            prepared = insertion(table, tuple(rows[0]))
            self._gathered += [(prepared, row, False) for row in rows]

    def update(self, row: Base, guard: Row | None = None, **values: Any) -> None:
        """Write ``values`` into one row, and into the object at once; sending fails when ``guard`` is not met."""
        prepared, parameters = _updating(row, guard or {}, values)
        self._gathered.append((prepared, parameters, True))
        settle(row, values)

    def add(self, prepared: Prepared, values: Row) -> None:
        """Any other statement."""
        self._gathered.append((prepared, values, False))

    def send(self, session: Session) -> None:
        """Send everything gathered so far.

        Raises:
            Conflict: a row that was to change is not as it was (kind ``stale``); roll back.
        """
        if not self._gathered:
            return
        gathered, self._gathered = self._gathered, []
        connection = session.connection()
        sent = _send(connection, [(prepared.spelled(connection.dialect), row) for prepared, row, _ in gathered])
        if any(guarded and answer.met != 1 for (_, _, guarded), answer in zip(gathered, sent, strict=True)):
            raise Conflict("the row has changed meanwhile", kind="stale")


class Answer(NamedTuple):
    """What came back for one statement: how many rows it met, and those it found or returned."""

    met: int
    rows: Sequence[Sequence[Any]]


def _send(connection: Connection, said: Sequence[tuple[Spelled, Row]]) -> list[Answer]:
    """Send statements together; whoever listens to SQLAlchemy's statements hears of them."""
    sent = [(spelled.text, spelled.values(row)) for spelled, row in said]
    for listener in connection.dispatch.before_cursor_execute:
        for text, values in sent:
            listener(connection, None, text, values, None, False)
    with sending(connection, sent[0][0]) as driver:
        if connection.dialect.name == "postgresql":
            return [Answer(r.command_tuples or 0, rows_of(driver, r)) for r in send(driver, sent)]
        cursors = [driver.execute(text, values) for text, values in sent]
        return [Answer(cursor.rowcount, cursor.fetchall()) for cursor in cursors]


@contextmanager
def sending(connection: Connection, text: str) -> Any:
    """The driver's own connection; what goes wrong with it is told as SQLAlchemy tells it, a dead one is given up.

    Raises:
        DBAPIError.
    """
    dialect = connection.dialect
    driver = connection.connection.driver_connection
    errors: Any = dialect.loaded_dbapi
    try:
        yield driver
    except errors.Error as error:
        gone = dialect.is_disconnect(error, driver, None)
        if gone:
            connection.invalidate(error)
        raise DBAPIError.instance(
            text, None, error, errors.Error, hide_parameters=True, connection_invalidated=gone, dialect=dialect
        ) from error


@cache
def insertion(table: type[Base], names: tuple[str, ...], returning: bool = False) -> Prepared:
    """The prepared INSERT of these columns; ``returning`` answers the new row's id."""
    rows = table_of(table)
    statement = insert(rows).returning(rows.c.id) if returning else insert(rows).inline()
    return Prepared(statement, names)


def insert_row(session: Session, table: type[Base], row: Row) -> int:
    """Write one row and answer its id."""
    found: int = insertion(table, tuple(row), True).rows(session, row)[0][0]
    return found


def insert_or_ignore(session: Session, table: type[Base], values: Row) -> bool:
    """Insert a row unless one with the same unique key is there (or is being written and then commits).

    Answers whether it was inserted.
    """
    dialect = session.get_bind().dialect.name
    into = postgresql.insert if dialect == "postgresql" else sqlite.insert
    rows = table_of(table)
    # Row counts of such inserts are not told by every driver; a returned key is.
    statement = into(rows).values(**values).on_conflict_do_nothing().returning(*rows.primary_key.columns)
    return session.connection().execute(statement).first() is not None


def update_row(session: Session, row: Base, guard: Row | None = None, **values: Any) -> bool:
    """Write ``values`` into one row at once, and into the object; False (nothing changed) when ``guard`` is not met."""
    prepared, parameters = _updating(row, guard or {}, values)
    if prepared.execute(session, parameters) != 1:
        return False
    settle(row, values)
    return True


def _updating(row: Base, guard: Row, values: Row) -> tuple[Prepared, dict[str, Any]]:
    prepared, names = _update(type(row), tuple(values), tuple(guard))
    return prepared, dict(zip(names, (row.id, *values.values(), *guard.values()), strict=True))  # type: ignore[attr-defined]


@cache
def _update(table: type[Base], names: tuple[str, ...], guards: tuple[str, ...]) -> tuple[Prepared, list[str]]:
    """The UPDATE of one row, and the names of its values: the key, what is set, what must be."""
    columns = table_of(table).c
    key: BindParameter[int] = bindparam("key_id")
    to_set = {name: bindparam(f"set_{name}", type_=columns[name].type) for name in names}
    to_be = {name: bindparam(f"if_{name}", type_=columns[name].type) for name in guards}
    met = [columns[name] == wanted for name, wanted in to_be.items()]
    statement = update(columns.id.table).where(columns.id == key, *met).values(to_set)
    return Prepared(statement), [bind.key for bind in (key, *to_set.values(), *to_be.values())]


def table_of(table: type[Base]) -> Table:
    """The table behind a class."""
    return Base.metadata.tables[table.__tablename__]
