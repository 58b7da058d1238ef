"""``http``: calls a system outside that is on the allow-list. A 4xx answer is a no the drawing can have a path for."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import orjson

from engine.connectors.context import Context, bpmn_error, failed
from engine.connectors.outbound import request, secret
from engine.instances.tasks import shown
from engine.settings import Settings

METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
LATER = frozenset({408, 425, 429})


def prepare(context: Context) -> dict[str, Any]:
    """Everything the call needs, read inside the database.

    Raises:
        ExecutionFailed: an input cannot be taken (kind ``bad_input``).
    """
    method = context.text("method", "GET").upper()
    if method not in METHODS:
        raise context.bad("method", method)
    body = context.inputs.get("body")
    headers = context.inputs.get("headers") or {}
    if not isinstance(headers, dict):
        raise context.bad("headers", "no context")
    return {
        "method": method,
        "url": context.text("url", required=True),
        "headers": {str(name): _line(value) for name, value in headers.items()},
        "body": None if body is None else orjson.dumps(shown({"body": body})["body"]),
        "secret": context.text("secret"),
        "timeout": context.number("timeout", 10),
    }


def _line(value: Any) -> str:
    return str(value).replace("\r", " ").replace("\n", " ")


def call(settings: Settings, delivery_id: str, prepared: dict[str, Any]) -> dict[str, Any]:
    """Make the call. ``Idempotency-Key`` lets the other side answer a repeated call as before.

    Raises:
        ExecutionFailed: no answer, or 5xx (tried again); 4xx is the BPMN error ``http_<status>``.
    """
    if settings.sandbox:
        return {"status": 200, "body": None, "sandbox": True}
    headers = {"Accept": "application/json", "Idempotency-Key": delivery_id, **prepared["headers"]}
    if prepared["body"] is not None:
        headers.setdefault("Content-Type", "application/json")
    if prepared["secret"]:
        headers["Authorization"] = f"Bearer {secret(prepared['secret'])}"
    status, answered, content = request(
        settings,
        prepared["method"],
        prepared["url"],
        headers=headers,
        body=prepared["body"],
        timeout=prepared["timeout"],
    )
    body = _body(answered, content)
    if status >= 500 or status in LATER:
        raise failed("the outside could not do it now", status=status, host=urlsplit(prepared["url"]).hostname)
    if status >= 400:
        raise bpmn_error(f"http_{status}", f"the outside answered {status}", status=status, body=body)
    return {"status": status, "body": body}


def _body(headers: dict[str, str], content: bytes) -> Any:
    if "json" in headers.get("content-type", ""):
        try:
            return orjson.loads(content)
        except orjson.JSONDecodeError as error:
            raise failed("the answer is no JSON", cause=str(error)) from error
    return content.decode(errors="replace")[:100_000]
