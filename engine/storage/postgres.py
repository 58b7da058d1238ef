"""Statements to PostgreSQL in one round trip, below psycopg's cursors: those cost more than what they send.

Uses psycopg's room for prepared statements and its generators, which are its own, not its public ones; its version is
pinned, and this is the only file that knows them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from psycopg import Connection, DataError, generators
from psycopg._preparing import PrepareManager
from psycopg.abc import PQGen
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, Format, TransactionStatus
from psycopg.pq.abc import PGresult

TEXT, BINARY = Format.TEXT, Format.BINARY


class KeptStatements(PrepareManager):
    """What is prepared stays so as long as its connection does. psycopg forgets everything with every rollback, in case
    a table was made anew; PostgreSQL sees that by itself.
    """

    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, bytes] = {}
        """The statements that ``send`` has prepared, by their text."""

    def clear(self) -> bool:
        """Forget nothing."""
        return False


def keep_statements(driver: Connection[Any]) -> None:
    """Let a new connection keep what it prepares, as ``send`` needs it."""
    driver._prepared = KeptStatements()


def send(driver: Connection[Any], statements: Sequence[tuple[str, Sequence[Any]]]) -> list[PGresult]:
    """Send texts with the values of their ``$1, $2 …`` together and wait once; answers a result for each.

    Raises:
        psycopg.Error: of the first that failed; nothing behind it was executed.
    """
    ready = [(_prepared(driver, text), [_written(v) for v in values], values) for text, values in statements]
    server = driver.pgconn
    server.enter_pipeline_mode()
    try:
        results = driver.wait(_exchange(driver, ready))
        server.exit_pipeline_mode()
    except BaseException:
        driver.close()  # Nobody knows what is still under way.
        raise
    for result in results:
        _require_done(driver, result)
    return results[-len(statements) :]


def rows_of(driver: Connection[Any], result: PGresult) -> Sequence[Sequence[Any]]:
    """The rows of a result, as Python's values."""
    if not result.ntuples:
        return ()
    reader = Transformer(driver)
    reader.set_pgresult(result)
    return reader.load_rows(0, result.ntuples, tuple)


def _prepared(driver: Connection[Any], text: str) -> bytes:
    """The name of a statement; the connection's first use of it waits until the server has read it."""
    names = cast(KeptStatements, driver._prepared).names
    name = names.get(text)
    if name is None:
        name = b"step_%d" % len(names)
        _require_done(driver, driver.pgconn.prepare(name, text.encode()))
        names[text] = name
    return name


def _exchange(
    driver: Connection[Any], ready: Sequence[tuple[bytes, Sequence[bytes | None], Sequence[Any]]]
) -> PQGen[list[PGresult]]:
    """Put everything on its way, behind a BEGIN where none was sent yet, then take the answers."""
    server = driver.pgconn
    begins = server.transaction_status == TransactionStatus.IDLE and not driver.autocommit
    if begins:
        server.send_query_params(b"BEGIN", None)
    for name, written, values in ready:
        formats = [BINARY if type(value) is bytes else TEXT for value in values]
        server.send_query_prepared(name, written, formats, BINARY)
    server.pipeline_sync()
    yield from generators.send(server)
    results = []
    for _ in range(begins + len(ready)):
        results += yield from generators.fetch_many(server)
    yield from generators.fetch_many(server)  # the end
    return results


def _written(value: Any) -> bytes | None:
    """A value as PostgreSQL reads it; what kind it is the statement says."""
    kind = type(value)
    if kind is str:
        if "\0" in value:
            raise DataError("a text with the character 0 cannot be stored")
        return cast(str, value).encode()
    if value is None or kind is bytes:
        return cast(bytes | None, value)
    return (value.isoformat() if kind is datetime else str(value)).encode()


def _require_done(driver: Connection[Any], result: PGresult) -> None:
    """Raise what the server refused."""
    if result.status == ExecStatus.FATAL_ERROR:
        raise error_from_result(result, encoding=driver.info.encoding)
