"""Every sentence of the pages has its Chinese words; every code has a sentence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import web
from web import words

WEB = Path(web.__file__).parent
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}
METHODS = [("frontend/**", "ignore"), ("static/**", "ignore"), ("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}
PLACES = re.compile(r"%\(\w+\)s|\{\w+\}|%%")


@pytest.fixture(scope="module")
def wanted() -> dict[str, object]:
    """The sentences in code and templates."""
    found: dict[str, object] = {}
    for _, _, message, _, _ in extract_from_dir(WEB, METHODS, OPTIONS, KEYWORDS):
        first = message[0] if isinstance(message, tuple) else message
        found[first] = message
    return found


@pytest.fixture(scope="module")
def chinese() -> Catalog:
    with (WEB / "translations" / "zh" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale="zh", abort_invalid=True)


def said(catalogue: Catalog, key: str) -> str:
    message = catalogue.get(key)
    if message is None:
        return ""
    return message.string if isinstance(message.string, str) else message.string[0]


def test_nothing_is_missing_in_chinese(wanted: dict[str, object], chinese: Catalog) -> None:
    assert [key for key in wanted if not said(chinese, key)] == []


def test_nothing_is_uncertain_or_left_over(wanted: dict[str, object], chinese: Catalog) -> None:
    assert [message.id for message in chinese if message.id and message.fuzzy] == []
    keys = {message.id[0] if isinstance(message.id, tuple) else message.id for message in chinese if message.id}
    assert keys - set(wanted) == set()


def test_both_languages_fill_in_the_same_facts(wanted: dict[str, object], chinese: Catalog) -> None:
    for key in wanted:
        assert set(PLACES.findall(said(chinese, key))) <= set(PLACES.findall(key)), key


def test_a_percent_sign_is_not_taken_for_a_place_to_fill(wanted: dict[str, object]) -> None:
    assert [key for key in wanted if Message(key).python_format and not re.search(r"%\(\w+\)s", key)] == []


def test_chinese_sentences_are_chinese(wanted: dict[str, object], chinese: Catalog) -> None:
    bare = [key for key in wanted if not re.search(r"[\u4e00-\u9fff、。，]", said(chinese, key))]
    assert bare == []


def test_every_code_the_engine_raises_has_a_sentence() -> None:
    engine = WEB.parent / "engine"
    text = "\n".join(
        path.read_text(encoding="utf-8")
        for room in ("forms", "intake", "evidence", "tasks", "cases", "deadlines")
        for path in (engine / room).glob("*.py")
        if path.name not in {"checking.py"}
    )
    text += (engine / "people.py").read_text(encoding="utf-8") + (engine / "time_limits.py").read_text("utf-8")
    codes = set(re.findall(r'FieldProblem\([^()]*?, *"([a-z_]+)"', text))
    codes |= set(re.findall(r'_refuse\(\w+, "([a-z_]+)"', text)) | set(
        re.findall(r'_problem\("\w+", "([a-z_]+)"', text)
    )
    codes |= set(re.findall(r'(?:Fault|Unreadable|refuse)\(\s*"([a-z_]+)"', text))
    codes |= set(re.findall(r'BadPicture\("([a-z_]+)"', text))
    assert codes and codes - set(words.PROBLEMS) == set()
    conflicts = set(re.findall(r'Conflict\([^()]*?kind="([a-z_]+)"', text, re.S))
    assert conflicts and conflicts - set(words.CONFLICTS) == set()


def test_every_record_the_engine_writes_has_words() -> None:
    engine = WEB.parent / "engine"
    text = "\n".join(path.read_text(encoding="utf-8") for path in engine.rglob("*.py"))
    kinds = set(re.findall(r'"((?:case|task|instance|deadline|incident|role|person|organisation)\.[a-z_]+)"', text))
    deeds = set(re.findall(r"^  ([a-z_]+\.[a-z_]+):", (engine / "data" / "roles.yaml").read_text("utf-8"), re.M))
    columns = {kind for kind in kinds if kind.split(".")[1] in ("id", "code", "number", "view", "work", "name")}
    assert kinds - deeds - columns - set(words.RECORDS) == set()
