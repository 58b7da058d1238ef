"""A small bundle that can be changed: one task with a group, a form, a limit and somebody to escalate to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from engine.settings import Settings

PATH = "workflows/small/small.bpmn"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of this test."""
    return Settings(data_dir=tmp_path / "var")


@pytest.fixture
def small(draw: Callable[..., Any]) -> Callable[..., bytes]:
    """``small(limit="4 工作时")``: the drawing with these properties of its one task."""

    def drawing(**said: str) -> bytes:
        properties = {"limit": "4 工作时", "escalateTo": "duty_chief", **said}
        made: bytes = draw("small", kind="shared").user("look", "clerk", **properties).xml()
        return made

    return drawing


@pytest.fixture
def published(publish: Callable[..., Any], small: Callable[..., bytes], city: None, session: Session) -> None:
    """The small bundle is published."""
    publish(**{PATH.replace("/", "__"): small()})
