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
from web.cli import cli, main

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
    monkeypatch.setenv("CITYLOOP_DATABASE_URL", f"sqlite:///{tmp_path / 'nothing.sqlite3'}")
    monkeypatch.setattr("sys.argv", ["cityloop", "deploy"])
    with pytest.raises(SystemExit, match="cityloop doctor"):
        main()


@pytest.mark.parametrize("words", [["doctor"], ["serve"], ["deploy"]])
@pytest.mark.parametrize(
    ("name", "value", "language", "told"),
    [
        ("PORT", "abc", "en_US.UTF-8", 'variable CITYLOOP_PORT is "abc"; it must be a whole number.'),
        ("PORT", "abc", "zh_CN.UTF-8", "环境变量 CITYLOOP_PORT 的值“abc”无法使用，应为整数。"),
        ("SANDBOX", "maybe", "C", 'CITYLOOP_SANDBOX is "maybe"; it must be 1 or 0.'),
        ("MAX_STEP_SECONDS", "", "C", 'CITYLOOP_MAX_STEP_SECONDS is ""; it must be a number.'),
    ],
)
def test_a_bad_setting_is_told_in_one_sentence(
    words: list[str], name: str, value: str, language: str, told: str,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv(f"CITYLOOP_{name}", value)
    monkeypatch.setenv("LANG", language)
    monkeypatch.setattr("sys.argv", ["cityloop", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    assert (ended.value.code, printed.out) == (2, "")
    assert told in printed.err and printed.err.count("\n") == 1


def line_of(what: str) -> str:
    """The doctor's line about something, with its blanks drawn together."""
    return next(line for line in (" ".join(line.split()) for line in run("doctor").output.splitlines()) if what in line)


def test_the_doctor_looks_at_keys_and_counts_that_machines_must_share(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert line_of("secret key made") == "ok secret key made and kept in the data folder"
    monkeypatch.setenv("CITYLOOP_SECURE_COOKIES", "1")
    assert line_of("secret key made").startswith("look secret key made on each machine")
    monkeypatch.setenv("CITYLOOP_SECRET_KEY", "of all machines")
    assert line_of("secret key set") == "ok secret key set"
    monkeypatch.setenv("CITYLOOP_RATE_LIMIT_STORAGE", "")
    assert line_of("rate limits") == "ok rate limits counted in the one web process"
    monkeypatch.setenv("CITYLOOP_WEB_WORKERS", "4")
    assert line_of("rate limits").startswith("look rate limits each web process counts alone")


def test_missing_tables_are_one_failure_for_the_doctor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYLOOP_DATABASE_URL", f"sqlite:///{tmp_path / 'nothing.sqlite3'}")
    found = run("doctor")
    assert found.exit_code == 1 and "run: cityloop database upgrade" in found.output
    assert "no such table" not in found.output and "calendar" not in found.output
