"""A city installs CityLoop: tables, organisations from a sheet, the first people; doctor says what is still missing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, text, update

from engine import evidence, history, workdays
from engine.permissions import Actor, actor_for
from engine.settings import Settings
from engine.storage import Database, HistoryEvent, Organisation, Person
from web.cli import cli

SHEET = "code,name,name_en,kind,duty,phone,areas\n"
PEOPLE = "login,name,phone,email,organisation,roles\n"


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    address = f"sqlite:///{tmp_path / 'city.sqlite3'}"
    monkeypatch.setenv("CITYLOOP_DATABASE_URL", address)
    monkeypatch.setenv("CITYLOOP_DATA_DIR", str(tmp_path))
    assert run("database", "upgrade").exit_code == 0
    return address


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words))


def sheet(folder: Path, text: str) -> str:
    path = folder / "sheet.csv"
    path.write_text(text, "utf-8-sig")
    return str(path)


def test_the_doctor_misses_people_and_organisations_until_they_are_there(url: str, tmp_path: Path) -> None:
    assert "nobody receives cases" in run("doctor").output
    draft = [line for line in run("organisations", "draft").output.splitlines() if line.startswith(("code", "sz."))]
    assert "sz.intake" in "".join(draft)
    loaded = run("organisations", "load", sheet(tmp_path, "\n".join(draft)))
    assert loaded.output == f"Organisations: {len(draft) - 1} stored.\n"
    assert "nobody may add people" in run("doctor").output
    added = run("people", "add", "shi.ran", "施然", "--organisation", "sz.security", "--role", "security_admin")
    assert "the first password is" in added.output
    found = run("doctor").output
    assert "1 may add people" in found and "organisations" in found and "nobody" not in found
    database = Database(url)
    with database.reading() as session:
        person = session.scalars(select(Person).where(Person.username == "shi.ran")).one()
        assert actor_for(session, person.id, "test").roles == {"security_admin"}
    database.close()


def test_a_sheet_with_wrong_rows_names_each_line_and_stores_nothing(url: str, tmp_path: Path) -> None:
    wrong = SHEET + "ft.x,福田,,centre,intake,,ft\n,无码,,centre,,,ft\nft.y,某,,nothing,,,火星\n"
    answer = run("organisations", "load", sheet(tmp_path, wrong))
    assert answer.exit_code == 1 and "nothing was stored" in answer.output
    assert [line.split(":")[1] for line in answer.output.splitlines() if ".csv:" in line] == ["3", "4", "4"]
    database = Database(url)
    with database.reading() as session:
        assert session.scalars(select(Organisation.code)).all() == []
    database.close()


def test_a_sheet_with_other_columns_or_another_encoding_is_no_sheet(url: str, tmp_path: Path) -> None:
    assert "the columns must be login, name" in run("people", "load", sheet(tmp_path, "name\nx\n")).output
    path = tmp_path / "gbk.csv"
    path.write_bytes((PEOPLE + "li,李,,,x,clerk\n").encode("gbk"))
    assert "not UTF-8" in run("people", "load", str(path)).output


def test_the_auditor_sees_from_the_command_line_that_a_row_was_changed(url: str) -> None:
    database = Database(url)
    with database.transaction() as session:
        for name in ("one", "two"):
            history.record(session, Actor.system("test"), None, "person.added", subject=name)
        assert history.seal(session) == 2
    sound = run("audit", "verify")
    assert sound.exit_code == 0 and "2 rows sealed, 0 not yet" in sound.output
    head = sound.output.split()[-1]
    assert run("audit", "verify", "--head", head).exit_code == 0
    assert "no longer in the chain" in run("audit", "verify", "--head", "0" * 64).output
    with database.transaction() as session:
        # Whoever holds the database's own password can do that.
        session.execute(text("DROP TRIGGER history_event_refuses_update"))
        session.execute(update(HistoryEvent).where(HistoryEvent.subject == "one").values(subject="nobody"))
    database.close()
    broken = run("audit", "verify", "--head", head)
    assert broken.exit_code == 1 and "was changed" in broken.output


def test_the_auditor_sees_that_a_file_is_gone(url: str) -> None:
    assert run("audit", "files").output == "0 files are not as they were received\n"
    database = Database(url)
    with database.transaction() as session:
        row = evidence.store(session, Actor.system("test"), b"%PDF-1.7\n%%EOF\n", file_name="a.pdf")
        path, name = evidence.file_of(row, Settings.from_environment()), row.public_id
    database.close()
    assert run("audit", "files").exit_code == 0
    path.unlink()
    found = run("audit", "files")
    assert found.exit_code == 1 and f"{name} of case none" in found.output


def test_an_announced_year_is_loaded_from_a_sheet(url: str, tmp_path: Path) -> None:
    words = ("calendar", "load", "2031")
    wrong = run(*words, sheet(tmp_path, "day,working,name\n2031-01-01,off,元旦\n"), "--source", "通知")
    assert wrong.exit_code == 1 and "sheet.csv:2: a day like 2031-01-01" in wrong.output
    other = run(*words, sheet(tmp_path, "day,working,name\n2030-12-31,no,元旦\n"), "--source", "通知")
    assert other.exit_code == 1 and "sheet.csv:2: 2030-12-31 is no day of 2031" in other.output
    loaded = run(
        *words, sheet(tmp_path, "day,working,name\n2031-01-01,no,元旦\n2031-01-04,yes,调休\n"), "--source", "通知"
    )
    assert loaded.output == "2031: 2 days stored.\n"
    database = Database(url)
    with database.reading() as session:
        calendar = workdays.load(session)
        assert (
            2031 in calendar.years
            and not calendar.is_working(date(2031, 1, 1))
            and calendar.is_working(date(2031, 1, 4))
        )
        assert session.scalars(select(HistoryEvent.subject).where(HistoryEvent.kind == "calendar.changed")).all() == [
            "2031"
        ]
    database.close()


def test_an_empty_database_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from web.cli import main

    monkeypatch.setenv("CITYLOOP_DATABASE_URL", f"sqlite:///{tmp_path / 'nothing.sqlite3'}")
    monkeypatch.setattr("sys.argv", ["cityloop", "deploy"])
    with pytest.raises(SystemExit, match="cityloop doctor"):
        main()
