"""A sandbox a designer plays through in the browser: kept between requests, every deed recorded, made a scenario by one
click. Old ones are removed after a day.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from engine import clock
from engine.errors import NotFound
from engine.scenarios.expectations import facts_now
from engine.scenarios.sandbox import Sandbox
from engine.settings import Settings

LIFE_SECONDS = 24 * 3600
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")


class Trial:
    """One trial by its token. ``steps`` are in the words of a scenario file."""

    def __init__(self, token: str, sandbox: Sandbox, record: dict[str, Any]) -> None:
        self.token = token
        self.sandbox = sandbox
        self.record = record

    @property
    def owner_id(self) -> int | None:
        """Who plays; nobody else may look in."""
        found: int | None = self.record["owner_id"]
        return found

    @property
    def draft_id(self) -> int:
        """The draft that is tried."""
        return int(self.record["draft_id"])

    @property
    def steps(self) -> list[dict[str, Any]]:
        """What was done so far."""
        found: list[dict[str, Any]] = self.record["steps"]
        return found

    def did(self, **step: Any) -> None:
        """Record a step that succeeded."""
        self.steps.append({name: value for name, value in step.items() if value not in (None, {}, "")})

    def as_scenario(self, name: str) -> bytes:
        """The trial as a scenario file that expects what is the case now."""
        with self.sandbox.database.reading() as session:
            expect = facts_now(session, self.sandbox.case_id, self.sandbox.instance_id or 0)
        document = {"name": name, "start": self.record["start"], "steps": self.steps, "expect": expect}
        text: str = yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=110)
        return text.encode()


def begin(
    settings: Settings,
    files: Mapping[str, bytes],
    *,
    owner_id: int | None,
    draft_id: int,
    now: datetime,
    report: Mapping[str, Any] | None,
    process: str = "",
    variables: Mapping[str, Any] | None = None,
) -> str:
    """Start a trial and answer its token.

    Raises:
        DeploymentRejected: the files cannot run; InvalidInput: the report is not in order.
    """
    _sweep(settings)
    token = secrets.token_urlsafe(18)
    folder = _folder(settings, token)
    folder.mkdir(parents=True)
    try:
        sandbox = Sandbox.create(settings, folder, files, now)
        try:
            if process:
                sandbox.start(process, variables or {}, report)
            else:
                sandbox.open_case(report or {})
            start = {"at": clock.city_time(now).isoformat(timespec="minutes")}
            start |= {"process": process} if process else {}
            start |= {"report": dict(report)} if report else {}  # type: ignore[dict-item]
            start |= {"form": dict(variables)} if variables else {}  # type: ignore[dict-item]
            _write(folder, {"owner_id": owner_id, "draft_id": draft_id, "start": start, "steps": []})
            sandbox.keep()
        finally:
            sandbox.close()
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return token


@contextmanager
def opened(settings: Settings, token: str, owner_id: int | None) -> Iterator[Trial]:
    """The trial, for one request; what was done in it is kept unless the block raises.

    Raises:
        NotFound: there is none (any more), or it is somebody else's.
    """
    folder = _folder(settings, token)
    sandbox = Sandbox.reopen(settings, folder)
    try:
        trial = Trial(token, sandbox, json.loads((folder / "trial.json").read_text("utf-8")))
        if trial.owner_id != owner_id:
            raise NotFound("no such sandbox")
        yield trial
        _write(folder, trial.record)
        sandbox.keep()
    finally:
        sandbox.close()


def end(settings: Settings, token: str) -> None:
    """Forget a trial."""
    shutil.rmtree(_folder(settings, token), ignore_errors=True)


def _folder(settings: Settings, token: str) -> Path:
    if not _TOKEN.fullmatch(token):
        raise NotFound("no such sandbox")
    return settings.data_dir / "trials" / token


def _write(folder: Path, record: Mapping[str, Any]) -> None:
    (folder / "trial.json").write_text(json.dumps(record, ensure_ascii=False), "utf-8")


def _sweep(settings: Settings) -> None:
    """Remove trials nobody touched for a day."""
    root = settings.data_dir / "trials"
    for folder in root.iterdir() if root.is_dir() else ():
        if time.time() - folder.stat().st_mtime > LIFE_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
