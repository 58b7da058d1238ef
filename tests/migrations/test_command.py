"""An administrator brings a database up to date from the command line."""

import pytest
from click.testing import CliRunner

from engine.storage import Database
from web.cli import cli


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("CITYLOOP_DATABASE_URL", f"sqlite:///{tmp_path / 'city.sqlite3'}")
    return lambda *words: CliRunner().invoke(cli, ["database", *words])


def test_a_new_database_is_made_and_then_right(run):
    before = run("current")
    assert before.exit_code == 1 and "at nothing" in before.output
    assert run("upgrade").exit_code == 0
    assert run("current").exit_code == 0
    assert run("check").output == "Database: as declared.\n"
    assert run("upgrade").exit_code == 0


def test_a_missing_column_is_named(run, tmp_path):
    run("upgrade")
    database = Database(f"sqlite:///{tmp_path / 'city.sqlite3'}")
    with database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE note DROP COLUMN written_at")
    database.close()
    found = run("check")
    assert found.exit_code == 1 and "written_at" in found.output
