"""Rows of owed work, as the waist and the rooms above write them. Running them is ``engine.jobs``'s."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from engine import clock
from engine.bpmn.codec import decode, encode
from engine.storage import Job, JobLane, JobStatus
from engine.storage.statements import table_of

JOBS = table_of(Job)


def owe(
    kind: str,
    type_: str,
    *,
    case_id: int | None = None,
    instance_id: int | None = None,
    key: str | None = None,
    element_id: str = "",
    headers: Mapping[str, Any] | None = None,
    inputs: Mapping[str, Any] | None = None,
    lane: JobLane = JobLane.NORMAL,
    max_attempts: int = 3,
    run_at: datetime | None = None,
) -> dict[str, Any]:
    """The whole row of a new job, for one INSERT of many."""
    now = clock.now()
    return {
        "key": key,
        "kind": kind,
        "delivery_id": secrets.token_urlsafe(18),
        "type": type_,
        "lane": lane,
        "status": JobStatus.OWED,
        "case_id": case_id,
        "instance_id": instance_id,
        "element_id": element_id,
        "headers": dict(headers or {}),
        "inputs": kept(inputs or {}),
        "attempts": 0,
        "max_attempts": max(1, max_attempts),
        "run_at": run_at or now,
        "error_code": "",
        "last_error": "",
        "created_at": now,
    }


def kept(values: Mapping[str, Any]) -> dict[str, Any]:
    """Process values as JSON that gives exactly them back (``given``): dates and exact numbers carry a mark."""
    plain: dict[str, Any] = orjson.loads(encode(dict(values)))
    return plain


def given(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """The process values of a ``kept`` row."""
    found: dict[str, Any] = decode(orjson.dumps(values or {}))
    return found
