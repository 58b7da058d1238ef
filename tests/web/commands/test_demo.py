"""The demonstration tells what it does, and does nothing where another server stands already."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from web.cli import cli


def test_a_port_that_is_taken_is_told_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setenv("CITYLOOP_PORT", str(port))
        monkeypatch.setenv("CITYLOOP_DATABASE_URL", f"sqlite:///{tmp_path / 'none.sqlite3'}")
        answer = CliRunner().invoke(cli, ["demo", "--serve"])
    assert answer.exit_code == 1 and f"CITYLOOP_PORT={port + 1} make run" in answer.output
    assert not list(tmp_path.iterdir())
