"""One raw answer, as a browser or a program sends it, into the plain value FEEL knows. Bounds are checked elsewhere."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from engine.clock import CITY_ZONE
from engine.forms.components import (
    CHOICE_TYPES,
    FILE_TYPES,
    SEVERAL_TYPES,
    TEXT_TYPES,
    TIME_TYPES,
    Component,
    time_subtype,
)

MAX_TEXT = 20_000
MAX_DIGITS = 34
"""Decimal128, what FEEL counts with."""
MAX_ITEMS = 200
YEARS = range(1900, 2200)
PRECISION = Decimal("0.0000001")
_IDENTIFIER = re.compile(r"[\w.@:+-]{1,80}")
_FILE_ID = re.compile(r"[A-Za-z0-9_-]{6,64}")
# C0 and C1 controls except tab and line feed, lone surrogates, non-characters.
_BAD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_TRUE, _FALSE = {"true", "1", "on", "yes"}, {"false", "0", "off", "no", ""}


class Unreadable(Exception):
    """The answer is no value of its field's type; ``code`` and ``facts`` say why."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts


def read_value(component: Component, raw: Any) -> Any:
    """The plain value of one input component; None for an empty answer.

    Raises:
        Unreadable: it is no value of that type.
    """
    kind = component.get("type")
    if kind == "checkbox":
        return _read_checkbox(raw)
    if kind in SEVERAL_TYPES:
        return _read_several(raw)
    if kind in FILE_TYPES:
        return _read_files(raw)
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    if kind in TEXT_TYPES:
        return read_text(raw)
    if kind == "number":
        return _read_number(raw)
    if kind in CHOICE_TYPES or kind == "codeTable":
        return _scalar(raw)
    if kind in TIME_TYPES:
        return _read_time(time_subtype(component), raw)
    if kind == "point":
        return _read_point(raw)
    return _read_identifier(raw)


def read_text(raw: Any) -> str:
    """A text with line feeds only.

    Raises:
        Unreadable: no text, far too long, or with characters nobody can type.
    """
    if not isinstance(raw, str):
        if isinstance(raw, (int, Decimal)) and not isinstance(raw, bool):
            raw = str(raw)
        else:
            raise Unreadable("wrong_type")
    text = raw.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > MAX_TEXT:
        raise Unreadable("too_long", limit=MAX_TEXT, length=len(text))
    if _BAD.search(text):
        raise Unreadable("bad_characters")
    return text


def _scalar(raw: Any) -> Any:
    if isinstance(raw, str):
        return read_text(raw)
    if isinstance(raw, (bool, int, float, Decimal)):
        return raw if isinstance(raw, bool) else _read_number(raw)
    if isinstance(raw, (date, time)):
        return raw
    raise Unreadable("wrong_type")


def _read_checkbox(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    if raw is None:
        return False
    if isinstance(raw, str) and raw.strip().lower() in _TRUE | _FALSE:
        return raw.strip().lower() in _TRUE
    raise Unreadable("wrong_type")


def _read_several(raw: Any) -> list[Any]:
    if raw is None or raw == "":
        return []
    items = raw if isinstance(raw, (list, tuple)) else [raw]
    if len(items) > MAX_ITEMS:
        raise Unreadable("too_many", limit=MAX_ITEMS)
    return [_scalar(item) for item in items if item not in (None, "")]


def _read_files(raw: Any) -> list[str]:
    if raw is None or raw == "":
        return []
    items = raw if isinstance(raw, (list, tuple)) else [raw]
    if len(items) > MAX_ITEMS:
        raise Unreadable("too_many", limit=MAX_ITEMS)
    found: list[str] = []
    for item in items:
        if item in (None, ""):
            continue
        if not isinstance(item, str) or not _FILE_ID.fullmatch(item):
            raise Unreadable("not_a_file")
        if item not in found:
            found.append(item)
    return found


def _read_number(raw: Any) -> int | Decimal:
    if isinstance(raw, bool):
        raise Unreadable("not_a_number")
    if isinstance(raw, float):
        if not math.isfinite(raw):
            raise Unreadable("not_a_number")
        raw = repr(raw)
    if isinstance(raw, int) and raw.bit_length() > 200:
        raise Unreadable("too_many_digits", limit=MAX_DIGITS)
    if isinstance(raw, str) and len(raw.strip()) > 60:
        raise Unreadable("too_many_digits", limit=MAX_DIGITS)
    if not isinstance(raw, (int, str, Decimal)):
        raise Unreadable("not_a_number")
    try:
        number = Decimal(raw.strip().replace(",", "") if isinstance(raw, str) else raw)
    except (InvalidOperation, ValueError):
        raise Unreadable("not_a_number") from None
    if not number.is_finite():
        raise Unreadable("not_a_number")
    if len(number.as_tuple().digits) > MAX_DIGITS or abs(number.adjusted()) > MAX_DIGITS:
        raise Unreadable("too_many_digits", limit=MAX_DIGITS)
    return int(number) if number == number.to_integral_value() else number.normalize()


def _read_time(subtype: str, raw: Any) -> date | time | datetime:
    code = f"not_a_{subtype}"
    try:
        if subtype == "date":
            found = _date(raw)
            if found.year not in YEARS:
                raise Unreadable(code)
            return found
        if subtype == "time":
            return raw if isinstance(raw, time) else time.fromisoformat(_short(raw))
        moment = raw if isinstance(raw, datetime) else datetime.fromisoformat(_short(raw))
    except (ValueError, OverflowError):
        raise Unreadable(code) from None
    if moment.year not in YEARS:
        raise Unreadable(code)
    return moment.replace(tzinfo=CITY_ZONE) if moment.tzinfo is None else moment


def _date(raw: Any) -> date:
    if isinstance(raw, datetime):
        return raw.date()
    return raw if isinstance(raw, date) else date.fromisoformat(_short(raw)[:10])


def _short(raw: Any) -> str:
    if not isinstance(raw, str) or len(raw) > 60:
        raise ValueError
    return raw.strip().replace("/", "-")


def _read_point(raw: Any) -> dict[str, Any] | None:
    """``{longitude, latitude}``, from a mapping, JSON, or ``114.05, 22.54`` (longitude first)."""
    if isinstance(raw, str):
        raw = _point_text(raw)
    if not isinstance(raw, Mapping):
        raise Unreadable("not_a_point")
    given = [raw.get("longitude", raw.get("lng")), raw.get("latitude", raw.get("lat"))]
    if all(value in (None, "") for value in given):
        return None
    try:
        longitude, latitude = (Decimal(_read_number(value)).quantize(PRECISION) for value in given)
    except (Unreadable, InvalidOperation):
        raise Unreadable("not_a_point") from None
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise Unreadable("not_a_point")
    return {"longitude": longitude.normalize(), "latitude": latitude.normalize()}


def _point_text(text: str) -> Any:
    if len(text) > 200:
        raise Unreadable("not_a_point")
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except ValueError:
            raise Unreadable("not_a_point") from None
    pair = re.split(r"[,，;\s]+", text.strip())
    if len(pair) != 2:
        raise Unreadable("not_a_point")
    return {"longitude": pair[0], "latitude": pair[1]}


def _read_identifier(raw: Any) -> str:
    text = read_text(raw).strip()
    if not _IDENTIFIER.fullmatch(text):
        raise Unreadable("not_an_option", value=text[:40])
    return text
