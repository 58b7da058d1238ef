"""Whole rows of several tables, read (and locked) with one prepared statement, and put into the session as objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, select
from sqlalchemy.orm import Session

from engine.storage.base import Base
from engine.storage.placing import attributes, place
from engine.storage.statements import Prepared, table_of


class Reading:
    """``tables`` joined in ``source`` and found by ``where``, with ``more`` columns behind them.

    Unless ``lock`` is False the rows are locked until the end of the transaction, in the order of ``tables``: case,
    then instance, then the rest. NO KEY: whoever writes a row that refers to these need not wait, and so cannot be
    waited for in a circle.
    """

    def __init__(
        self,
        tables: Sequence[type[Base]],
        source: FromClause,
        where: ColumnElement[bool],
        more: Sequence[ColumnElement[Any]] = (),
        *,
        lock: bool = True,
    ) -> None:
        columns = [column for table in tables for column in table_of(table).c]
        statement = select(*columns, *more).select_from(source).where(where)
        self._tables = tables
        self._more = len(columns)
        if lock:
            statement = statement.with_for_update(of=[table_of(table) for table in tables], key_share=True)
        self._prepared = Prepared(statement)

    def one(self, session: Session, **values: Any) -> list[Any] | None:
        """The objects in the order of the tables, then the other values; None when there is no such row."""
        session.flush()
        row = self._prepared.first(session, values)
        if row is None:
            return None
        found: list[Any] = []
        begin = 0
        for table in self._tables:
            end = begin + len(attributes(table))
            found.append(place(session, table, row[begin:end]))
            begin = end
        return found + row[self._more :]
