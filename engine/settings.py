"""Settings from the environment, all named ``CITYLOOP_*``. ``cityloop doctor`` lists them from here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any


class BadSetting(ValueError):
    """A variable's value is not of its setting's type. ``expected`` is the type's name: bool, int or float."""

    def __init__(self, name: str, value: str, expected: str) -> None:
        super().__init__(f"{name}: expected {expected}, got {value!r}")
        self.name, self.value, self.expected = name, value, expected


def _setting(default: Any, text: str, secret: bool = False) -> Any:
    return field(default=default, metadata={"text": text, "secret": secret})


@dataclass(frozen=True)
class Settings:
    """Every setting with its default; the environment variable is ``CITYLOOP_`` + the upper-case name."""

    database_url: str = _setting("sqlite:///var/cityloop.sqlite3", "SQLAlchemy address of the database", secret=True)
    data_dir: Path = field(
        default=Path("var"), metadata={"text": "folder for uploads, secret key and generated files", "secret": False}
    )
    secret_key: str = _setting("", "signs cookies; made and kept in data_dir when empty", secret=True)
    host: str = _setting("127.0.0.1", "address the web server listens on")
    port: int = _setting(8000, "port the web server listens on")
    web_workers: int = _setting(1, "processes of the web server; about two a core in production")
    access_log: bool = _setting(False, "set to 1 to print a line for every request")
    secure_cookies: bool = _setting(False, "set to 1 behind HTTPS: cookies marked Secure, HSTS sent")
    trusted_proxies: int = _setting(0, "number of reverse proxies in front whose X-Forwarded headers are believed")
    locale: str = _setting("zh", "language for visitors who chose none: zh or en")
    case_number_pattern: str = _setting("{district}-{date:%Y%m%d}-{sequence:04d}", "pattern of case numbers")
    session_idle_minutes: int = _setting(30, "minutes without a request after which a person is logged out")
    max_upload_mb: int = _setting(20, "largest upload in megabytes")
    worker_interval_seconds: int = _setting(1, "seconds between two looks for due work")
    rate_limit_storage: str = _setting("memory://", "Flask-Limiter storage shared by the web processes")
    outbound_hosts: str = _setting("", "hosts processes may call, with commas; private:HOST may be a private address")
    smtp_host: str = _setting("", "host[:port] that sends mail; without one, mail stays in the outbox")
    mail_from: str = _setting("cityloop@localhost", "sender of mail")
    sandbox: bool = _setting(False, "set to 1 for trials: nothing leaves the house")
    map_tiles: str = _setting("", "address of map tiles with {z}/{x}/{y}; empty: districts only, no internet needed")
    max_steps: int = _setting(500, "automatic steps a process may take in one transaction")
    max_step_seconds: float = _setting(5.0, "seconds a process may compute in one transaction")
    max_state_mb: float = _setting(4.0, "megabytes the variables and tokens of one process may take")
    max_instances: int = _setting(1000, "instances of one multi-instance activity")
    max_depth: int = _setting(20, "subprocesses and called processes inside one another")
    max_tokens: int = _setting(20_000, "tokens one process may have at a time")
    max_diagram_mb: float = _setting(2.0, "largest diagram in megabytes")
    max_diagram_elements: int = _setting(20_000, "XML elements of one diagram")
    max_expression_steps: int = _setting(50_000, "operations one evaluation of an expression may take")
    max_expression_seconds: float = _setting(0.25, "seconds one evaluation of an expression may take")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the settings.

        Raises:
            BadSetting: a value is not of its setting's type.
        """
        environment = os.environ if environment is None else environment
        values: dict[str, Any] = {}
        for setting in fields(cls):
            name = f"CITYLOOP_{setting.name.upper()}"
            if name in environment:
                values[setting.name] = _convert(name, environment[name], type(setting.default))
        return cls(**values)


PARTNERS = "CITYLOOP_SECRET_"


def partner_secrets() -> dict[str, str]:
    """What processes may name in calls outside: variable → secret; never the key cookies are signed with."""
    own = f"{PARTNERS}KEY"
    return {name: value for name, value in os.environ.items() if name.startswith(PARTNERS) and name != own}


def shipped(name: str) -> Path:
    """The folder ``workflows``, ``forms`` or ``migrations``, which lies beside ``engine``, installed or not.

    Not through ``importlib.resources``: an editable install gives packages without ``__init__`` a path that is none.
    """
    return Path(__file__).resolve().parents[1] / name


def _convert(name: str, text: str, kind: type) -> Any:
    if kind is bool:
        if text.lower() in {"1", "true", "yes", "on"}:
            return True
        if text.lower() in {"0", "false", "no", "off", ""}:
            return False
        raise BadSetting(name, text, kind.__name__)
    try:
        return kind(text)
    except ValueError as error:
        raise BadSetting(name, text, kind.__name__) from error
