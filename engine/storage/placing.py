"""Rows read without the ORM's loader, put into the session as its loader puts them: a tenth of the time.

The hooks of SQLAlchemy used here are its loader's own, not its public ones; its version is pinned, and this is the only
file that knows them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import inspect
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import instance_state

from engine.storage.base import Base

T = TypeVar("T", bound=Base)


@cache
def attributes(table: type[Base]) -> tuple[str, ...]:
    """The attributes of a table's rows, in the order of its columns."""
    mapper = inspect(table)
    return tuple(mapper.get_property_by_column(column).key for column in mapper.local_table.columns)


def place(session: Session, table: type[T], values: Sequence[Any]) -> T:
    """The object of a whole row (``values`` in the order of the columns); one that is there already is brought up to
    date. Flush before reading the row: what was not yet written would be lost.
    """
    row = dict(zip(attributes(table), values, strict=True))
    key = (table, (row["id"],), None)
    there = session.identity_map.get(key)
    if there is not None:
        settle(there, row)
        found: T = there
        return found
    placed: T = table.__mapper__.class_manager.new_instance()
    placed.__dict__.update(row)
    state = instance_state(placed)
    state.key, state.session_id = key, session.hash_key
    session.identity_map._add_unpresent(state, key)
    return placed


def settle(row: Base, values: Mapping[str, Any]) -> None:
    """Give an object values that its row has (or will have by the end of the step): nothing is left to be flushed."""
    row.__dict__.update(values)
    instance_state(row)._commit(row.__dict__, values)
