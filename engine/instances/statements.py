"""SQL that both databases spell the same but SQLAlchemy does not, and updates without the cost of the unit of work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, CursorResult, Insert, Update, bindparam, insert, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.sql.dml import UpdateBase

from engine.storage import Base


class Prepared:
    """A statement written once and sent as text: the step of a process sends five, and SQLAlchemy's own way costs twice
    the time the database needs. Python-side defaults are not applied; rows must be whole.
    """

    def __init__(self, statement: UpdateBase, names: Sequence[str]) -> None:
        self._statement = statement
        self._names = list(names)
        self._made: dict[str, tuple[str, list[tuple[str, Any]], bool]] = {}

    def execute(
        self, connection: Connection, rows: Mapping[str, Any] | Sequence[Mapping[str, Any]]
    ) -> CursorResult[Any]:
        """Send it with one row of values, or with many."""
        text, binds, positional = self._for(connection.dialect)
        if isinstance(rows, Mapping):
            return connection.exec_driver_sql(text, _values(rows, binds, positional))
        return connection.exec_driver_sql(text, [_values(row, binds, positional) for row in rows])

    def _for(self, dialect: Dialect) -> tuple[str, list[tuple[str, Any]], bool]:
        made = self._made.get(dialect.name)
        if made is None:
            compiled: Any = self._statement.compile(dialect=dialect, column_keys=self._names)
            order = compiled.positiontup if dialect.positional else list(compiled.binds)
            binds = [(name, compiled._bind_processors.get(name)) for name in order]
            made = self._made[dialect.name] = (compiled.string, binds, bool(dialect.positional))
        return made


def _values(row: Mapping[str, Any], binds: list[tuple[str, Any]], positional: bool) -> Any:
    values = [row[name] if process is None else process(row[name]) for name, process in binds]
    if positional:
        return tuple(values)
    return {name: value for (name, _), value in zip(binds, values, strict=True)}


@cache
def insertion(table: type[Base], names: tuple[str, ...], returning: bool = False) -> Prepared:
    """The prepared INSERT of these columns; ``returning`` answers the new row's id."""
    rows = Base.metadata.tables[table.__tablename__]
    statement: Insert = insert(rows).inline() if not returning else insert(rows).returning(rows.c.id)
    return Prepared(statement, names)


def insert_rows(session: Session, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows that all name the same columns, with one statement."""
    if rows:
        prepared = insertion(table, tuple(rows[0]))
        prepared.execute(session.connection(), rows[0] if len(rows) == 1 else rows)


def insert_row(session: Session, table: type[Base], row: Mapping[str, Any]) -> int:
    """Write one row and answer its id."""
    found: int = insertion(table, tuple(row), True).execute(session.connection(), row).scalar_one()
    return found


def insert_or_ignore(session: Session, table: type[Base], values: Mapping[str, Any]) -> bool:
    """Insert a row unless one with the same unique key is there (or is being written and then commits).

    Answers whether it was inserted.
    """
    dialect = session.get_bind().dialect.name
    into = postgresql.insert if dialect == "postgresql" else sqlite.insert
    rows = Base.metadata.tables[table.__tablename__]
    # Row counts of such inserts are not told by every driver; a returned key is.
    statement = into(rows).values(**values).on_conflict_do_nothing().returning(*rows.primary_key.columns)
    return session.connection().execute(statement).first() is not None


def update_row(session: Session, row: Base, guard: Mapping[str, Any] | None = None, **values: Any) -> bool:
    """Write ``values`` into one row at once, and into the object; False (nothing changed) when ``guard`` is not met.

    The unit of work costs a millisecond a row; a step of a process writes three. Statements are built once.
    """
    guard = guard or {}
    statement = _update(type(row), tuple(sorted(values)), tuple(sorted(guard)))
    parameters = {"key_id": row.id}  # type: ignore[attr-defined]
    parameters |= {f"set_{name}": value for name, value in values.items()}
    parameters |= {f"if_{name}": value for name, value in guard.items()}
    if statement.execute(session.connection(), parameters).rowcount != 1:
        return False
    for name, value in values.items():
        set_committed_value(row, name, value)
    return True


@cache
def _update(table: type[Base], names: tuple[str, ...], guards: tuple[str, ...]) -> Prepared:
    columns = Base.metadata.tables[table.__tablename__].c
    statement: Update = update(columns.id.table).where(columns.id == bindparam("key_id"))
    for name in guards:
        statement = statement.where(columns[name] == bindparam(f"if_{name}", type_=columns[name].type))
    values = {name: bindparam(f"set_{name}", type_=columns[name].type) for name in names}
    return Prepared(statement.values(values), ())
