"""State of an instance as bytes, apart from its specification: compact JSON with a format version in front.

Values that JSON lacks are written ``{"$": [tag, text]}``; a user's own context with a key ``$`` is wrapped itself, so
no data from outside can ever be read as anything but data.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import orjson

from engine.bpmn.limits import DEFAULTS
from engine.bpmn.tokens import LIVE, READY, WAITING
from engine.errors import ExecutionFailed
from engine.feel import YearsMonths

if TYPE_CHECKING:
    from engine.bpmn.tokens import Token
    from engine.bpmn.workflow import CaseWorkflow

FORMAT = 1
_MAGIC = b"CL"
_PLAIN, _PACKED = 0, 1
_PACK_FROM = 2_000
_MARK = b'"$":'


def dump(workflow: CaseWorkflow) -> bytes:
    """All tokens of an instance.

    Raises:
        ExecutionFailed: the state is larger than allowed.
    """
    assert not workflow.ready, "state is only written when every token waits"
    index: dict[str | None, int] = {None: -1}
    rows = []
    for position, (identity, token) in enumerate(workflow.tasks.items()):
        index[identity] = position
        row: list[Any] = [identity, index[token._parent], token.task_spec.name, token._state]
        if token.data or token.internal_data:
            row.append(token.data)
        if token.internal_data:
            row.append(token.internal_data)
        rows.append(row)
    body = encode([workflow.serial, rows])
    limit = workflow.environment.limits.state_bytes
    if len(body) > limit:
        raise ExecutionFailed(
            "the variables of this process are too large", kind="budget", budget="state", bytes=len(body), limit=limit
        )
    ended = not (workflow.task_tree is not None and workflow.task_tree._state & LIVE)
    if ended or len(body) >= _PACK_FROM:
        # Read every step while it runs; kept for a month once it has ended.
        return _MAGIC + bytes((FORMAT, _PACKED)) + zlib.compress(body, 9 if ended else 1)
    return _MAGIC + bytes((FORMAT, _PLAIN)) + body


def read_rows(state: bytes, limit: int) -> tuple[int, list[list[Any]]]:
    """The serial and the token rows of a saved state.

    Raises:
        ExecutionFailed: it is no state, or written by a newer version.
    """

    def read(body: bytes) -> tuple[int, list[list[Any]]]:
        serial, rows = decode(body)
        return serial, rows

    found: tuple[int, list[list[Any]]] = _read(state, limit, read)
    return found


def _read(state: bytes, limit: int, read: Callable[[bytes], Any]) -> Any:
    if state[:2] != _MAGIC or len(state) < 4:
        raise ExecutionFailed("this is no saved process", kind="state_unreadable")
    if state[2] > FORMAT:
        raise ExecutionFailed(
            "the process was saved by a newer version of this software",
            kind="state_newer", format=state[2], known=FORMAT,
        )  # fmt: skip
    body = state[4:]
    try:
        if state[3] == _PACKED:
            unpacker = zlib.decompressobj()
            body = unpacker.decompress(body, limit + 1)
            if len(body) > limit or not unpacker.eof:
                raise ExecutionFailed("the saved process is too large or cut off", kind="state_unreadable")
        return read(body)
    except (zlib.error, ValueError, TypeError, KeyError, IndexError) as error:
        raise ExecutionFailed("the saved process is damaged", kind="state_unreadable") from error


def variable_of(state: bytes, name: str) -> Any:
    """One variable of a saved process itself, None when it has none; nothing else in it is looked at.

    Raises:
        ExecutionFailed: the state is unreadable.
    """

    def read(body: bytes) -> Any:
        root = orjson.loads(body)[1][0]
        variables = root[4] if len(root) > 4 else {}
        # Wrapped as a whole when a variable's own name asks for it.
        return _unwrap(variables).get(name) if "$" in variables else _unwrap(variables.get(name))

    return _read(state, DEFAULTS.state_bytes, read)


def restore(workflow: CaseWorkflow, state: bytes) -> None:
    """Put the saved tokens into an empty workflow.

    Raises:
        ExecutionFailed: the state is unreadable, or stands on elements that this program does not have.
    """
    workflow.serial, rows = read_rows(state, workflow.environment.limits.state_bytes)
    place(workflow, rows)


def place(workflow: CaseWorkflow, rows: list[list[Any]]) -> None:
    """Token rows into an empty workflow."""
    placed: list[Token] = []
    for row in rows:
        identity, parent, name, status = row[:4]
        scope = placed[parent] if parent >= 0 else None
        spec = workflow.program.main if scope is None else scope.task_spec._wf_spec
        if scope is not None and name.startswith("process "):
            spec = workflow.program.processes.get(name.removeprefix("process "))
        node = spec.task_specs.get(name) if spec is not None else None
        if node is None:
            raise ExecutionFailed("the process has no such element any more", kind="element_missing", element_id=name)
        token = workflow.place(node, scope, status, identity)
        token.data = row[4] if len(row) > 4 else {}
        token.internal_data = row[5] if len(row) > 5 else {}
        placed.append(token)
        if status == WAITING and node.is_join and scope is not None:
            workflow.parked[scope.id, name] = token
        if status == READY or not (status & LIVE or scope is None):
            raise ExecutionFailed("the saved process is damaged", kind="state_unreadable")
    workflow.task_tree = placed[0] if placed else None


# -- values ----------------------------------------------------------------------------------------------------------


def encode(value: Any) -> bytes:
    """Any process value as JSON bytes; ``decode`` gives exactly it back."""
    tagged = 0

    def default(item: Any) -> dict[str, list[str]]:
        nonlocal tagged
        tagged += 1
        return {"$": _tag(item)}

    try:
        body = orjson.dumps(value, default, orjson.OPT_PASSTHROUGH_DATETIME)
        if body.count(_MARK) == tagged:
            return body
    except TypeError:
        pass  # A whole number beyond 64 bits or text that is no Unicode: both have their tag.
    return orjson.dumps(_wrap(value))


def decode(body: bytes) -> Any:
    """The inverse of ``encode``."""
    value = orjson.loads(body)
    return _unwrap(value) if _MARK in body else value


def _tag(item: Any) -> list[str]:
    if isinstance(item, Decimal):
        return ["d", str(item)]
    if isinstance(item, datetime):
        return ["t", *_zoned(item)]
    if isinstance(item, date):
        return ["y", item.isoformat()]
    if isinstance(item, time):
        return ["h", *_zoned(item)]
    if isinstance(item, timedelta):
        return ["s", f"{item.days},{item.seconds},{item.microseconds}"]
    if isinstance(item, YearsMonths):
        return ["m", str(item.months)]
    raise ExecutionFailed("a value cannot be kept", kind="bad_value", type=type(item).__name__)


def _zoned(item: datetime | time) -> list[str]:
    zone = item.tzinfo.key if isinstance(item.tzinfo, ZoneInfo) else ""
    bare = item.replace(tzinfo=None) if zone else item
    return [bare.isoformat(), zone or "", str(item.fold)] if zone or item.fold else [bare.isoformat()]


def _wrap(value: Any) -> Any:
    if isinstance(value, dict):
        plain = {_text(name): _wrap(item) for name, item in value.items()}
        if "$" not in value and not any(_is_broken(name) for name in value):
            return plain
        return {"$": ["c", *([_wrap(name), _wrap(item)] for name, item in value.items())]}
    if isinstance(value, list):
        return [_wrap(item) for item in value]
    if isinstance(value, str):
        return {"$": ["u", value.encode("utf-8", "surrogatepass").hex()]} if _is_broken(value) else value
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else {"$": ["i", str(value)]}
    return {"$": _tag(value)}


def _is_broken(text: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in text)


def _text(name: str) -> str:
    return "" if _is_broken(name) else name


def _unwrap(value: Any) -> Any:
    if type(value) is list:
        return [_unwrap(item) for item in value]
    if type(value) is dict:
        tag = value.get("$")
        if tag is not None and len(value) == 1:
            return _READERS[tag[0]](*tag[1:])
        return {name: _unwrap(item) for name, item in value.items()}
    return value


def _read_datetime(text: str, zone: str = "", fold: str = "0") -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=ZoneInfo(zone) if zone else moment.tzinfo, fold=int(fold))


def _read_time(text: str, zone: str = "", fold: str = "0") -> time:
    moment = time.fromisoformat(text)
    return moment.replace(tzinfo=ZoneInfo(zone) if zone else moment.tzinfo, fold=int(fold))


def _read_duration(text: str) -> timedelta:
    days, seconds, microseconds = text.split(",")
    return timedelta(int(days), int(seconds), int(microseconds))


_READERS: dict[str, Callable[..., Any]] = {
    "d": Decimal,
    "t": _read_datetime,
    "y": date.fromisoformat,
    "h": _read_time,
    "s": _read_duration,
    "m": lambda text: YearsMonths(int(text)),
    "u": lambda text: bytes.fromhex(text).decode("utf-8", "surrogatepass"),
    "i": int,
    "c": lambda *pairs: {_unwrap(name): _unwrap(item) for name, item in pairs},
}
