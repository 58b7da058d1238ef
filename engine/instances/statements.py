"""SQL that both databases spell the same but SQLAlchemy does not, and updates without the cost of the unit of work."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Update, bindparam, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from engine.storage import Base


def insert_or_ignore(session: Session, table: type[Base], values: Mapping[str, Any]) -> bool:
    """Insert a row unless one with the same unique key is there (or is being written and then commits).

    Answers whether it was inserted.
    """
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    rows = Base.metadata.tables[table.__tablename__]
    # Row counts of such inserts are not told by every driver; a returned key is.
    statement = insert(rows).values(**values).on_conflict_do_nothing().returning(*rows.primary_key.columns)
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
    if session.connection().execute(statement, parameters).rowcount != 1:
        return False
    for name, value in values.items():
        set_committed_value(row, name, value)
    return True


@cache
def _update(table: type[Base], names: tuple[str, ...], guards: tuple[str, ...]) -> Update:
    columns = Base.metadata.tables[table.__tablename__].c
    statement = update(columns.id.table).where(columns.id == bindparam("key_id"))
    for name in guards:
        statement = statement.where(columns[name] == bindparam(f"if_{name}"))
    return statement.values({name: bindparam(f"set_{name}", type_=columns[name].type) for name in names})
