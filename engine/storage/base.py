"""What every table shares: naming of constraints, aware UTC times, JSON, enumerations as plain text.

Alembic needs every constraint to have a name; the convention gives one on both databases.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import orjson
from sqlalchemy import BigInteger, DateTime, Enum, Integer, LargeBinary, MetaData, String, Text, TypeDecorator
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeEngine

Convert = Callable[[Any], Any]
NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment; stored in UTC, read back aware. A naive one is refused: nobody knows what it means."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(DateTime(timezone=dialect.name == "postgresql"))

    def bind_processor(self, dialect: Dialect) -> Convert:
        postgres = dialect.name == "postgresql"

        def stored(value: datetime | None) -> datetime | str | None:
            if value is None:
                return None
            if value.tzinfo is None:
                raise ValueError(f"a time without a zone cannot be stored: {value!r}")
            value = value.astimezone(UTC)
            return value if postgres else value.replace(tzinfo=None).isoformat(" ", "microseconds")

        return stored

    def result_processor(self, dialect: Dialect, coltype: object) -> Convert:
        if dialect.name == "postgresql":
            return lambda value: None if value is None else value.astimezone(UTC)
        return lambda value: None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)


class Json(TypeDecorator[Any]):
    """JSON kept as text, key order included: JSONB reorders keys, and nothing here is queried by content.

    Decimal, date, datetime and timedelta come back as text; process variables have their own exact codec.
    """

    impl = Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Convert:
        return lambda value: None if value is None else orjson.dumps(value, str, orjson.OPT_NON_STR_KEYS).decode()

    def result_processor(self, dialect: Dialect, coltype: object) -> Convert:
        return lambda value: None if value is None else orjson.loads(value)


class Digest(TypeDecorator[str]):
    """A SHA-256, hexadecimal in Python; kept as its 32 bytes where there is one in every row."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else bytes.fromhex(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        # Whoever tampers with a row may have left anything there.
        return value.hex() if isinstance(value, bytes) else value


def choice(kind: type[StrEnum]) -> Enum:
    """A column of one of the words of ``kind``; text in the database, checked here, so that a new word needs no DDL."""
    return Enum(
        kind,
        native_enum=False,
        create_constraint=False,
        length=32,
        values_callable=lambda words: [w.value for w in words],
    )


# SQLite numbers rows by itself only when the key is exactly INTEGER.
BigId = BigInteger().with_variant(Integer(), "sqlite")
Binary = LargeBinary().with_variant(postgresql.BYTEA(), "postgresql")

Id = Annotated[int, mapped_column(BigId, primary_key=True)]
Code = Annotated[str, mapped_column(String(80))]
Name = Annotated[str, mapped_column(String(200))]
LongText = Annotated[str, mapped_column(Text)]
Sha256 = Annotated[str, mapped_column(String(64))]


class Base(DeclarativeBase):
    """The parent of every table."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {
        datetime: UtcDateTime(),
        dict[str, Any]: Json(),
        list[Any]: Json(),
        list[str]: Json(),
        list[int]: Json(),
        bytes: Binary,
        int: Integer(),
    }

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {getattr(self, 'id', None) or getattr(self, 'code', '?')}>"
