"""Says facts in the reader's language: codes, times, clocks. Catalogues: ``web/translations``; sentences: ``words``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from flask import Flask, g, request
from flask import session as cookie
from flask_babel import Babel, get_locale, get_translations, gettext
from flask_login import current_user

from engine import clock
from engine.errors import CityLoopError, Conflict, ExecutionFailed, FieldProblem
from engine.reference import code_table
from engine.settings import Settings
from engine.storage import DeadlineStatus, IncidentStatus, InstanceStatus, TaskStatus
from web import context, words

LANGUAGES = {"zh": "中文", "en": "English"}
_STATES: dict[type, str] = {
    TaskStatus: "TASK_STATES",
    InstanceStatus: "INSTANCE_STATES",
    IncidentStatus: "INCIDENT_STATES",
    DeadlineStatus: "CLOCK_STATES",
}
babel = Babel()


def init_app(app: Flask, settings: Settings) -> None:
    """Give templates their words: ``_()`` and the filters and globals named here."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = "translations"
    babel.init_app(
        app,
        default_locale=settings.locale if settings.locale in LANGUAGES else "zh",
        default_timezone="Asia/Shanghai",
        locale_selector=_chosen,
    )
    # Flask-Babel looks its context up for every sentence; a page has hundreds.
    app.jinja_env.install_gettext_callables(_sentence, _counted, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.filters.update(
        moment=moment,
        coded=coded,
        day=day,
        hour=hour,
        named=named,
        named_field=named_field,
        time_left=time_left,
        filesize=filesize,
        state=state,
    )
    app.jinja_env.globals.update(
        language=language,
        problem_words=problem_words,
        record_words=record_words,
        failure_words=failure_words,
        LANGUAGES=LANGUAGES,
        said=said,
        due_in=due_in,
        wanted_slots=wanted_slots,
    )


def _translations() -> Any:
    if "translations" not in g:
        g.translations = get_translations()
    return g.translations


def _sentence(text: str) -> str:
    return str(_translations().ugettext(text))


def _(text: str, **facts: Any) -> str:
    sentence = _sentence(text)
    return sentence % facts if facts else sentence


def _counted(one: str, many: str, count: int) -> str:
    return str(_translations().ungettext(one, many, count))


def _chosen() -> str:
    if "language" in g:
        return str(g.language)
    chosen = cookie.get("locale") or (current_user.locale if current_user.is_authenticated else "")
    return chosen if chosen in LANGUAGES else _default_locale()


def _default_locale() -> str:
    locale = context.house().settings.locale
    return locale if locale in LANGUAGES else "zh"


def language() -> str:
    """``zh`` or ``en``."""
    return str(get_locale() or "zh")[:2]


def fill(sentence: str, facts: Mapping[str, Any]) -> str:
    """A translated sentence with its facts; a missing fact is a dash, never an error."""
    return gettext(sentence).format_map(_Facts({name: _fact(value) for name, value in facts.items()})).strip()


class _Facts(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "–"


def _fact(value: Any) -> Any:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, Mapping) and set(LANGUAGES) <= set(value):
        return value[language()]
    if isinstance(value, (list, tuple)):
        return _(", ").join(str(_fact(each)) for each in value)
    return "–" if value is None else value


def said(table: str, code: Any, **facts: Any) -> str:
    """The words for ``code`` in one of the tables of ``words``; the code itself where it has none (data of a city)."""
    sentences: Mapping[str, str] = getattr(words, table)
    code = getattr(code, "value", code)
    sentence = sentences.get(str(code))
    return str(code or "") if sentence is None else fill(sentence, facts)


def state(value: Any) -> str:
    """The words for a state of a case, task, instance or incident; a bare text is a case's."""
    return said(_STATES.get(type(value), "CASE_STATES"), value)


def problem_words(problem: FieldProblem) -> str:
    """What is wrong with a field."""
    facts = dict(problem.facts)
    if "slot" in facts:
        facts["slot"] = said("SLOTS", facts["slot"])
    hint = facts.get("hint")
    if problem.code == "wrong_pattern" and hint:
        return str(hint)
    return said("PROBLEMS", problem.code, **{**facts, "hint": hint or ""})


def error_words(error: CityLoopError) -> tuple[str, str]:
    """Title and sentence for an error."""
    title, sentence = words.ERRORS.get(error.code, words.ERRORS["error"])
    if isinstance(error, Conflict) and error.kind in words.CONFLICTS:
        sentence = words.CONFLICTS[error.kind]
    elif isinstance(error, ExecutionFailed) and error.kind in words.FAILURES:
        return gettext(title), f"{fill(words.FAILURES[error.kind], error.facts)} {gettext(sentence)}"
    elif error.facts.get("kind") in words.FAILURES:
        sentence = words.FAILURES[error.facts["kind"]]
    return gettext(title), fill(sentence, error.facts)


def failure_words(facts: Mapping[str, Any]) -> str:
    """What went wrong inside a process, empty for what only a message tells."""
    kind = facts.get("kind")
    return fill(words.FAILURES[kind], facts) if kind in words.FAILURES else ""


def record_words(kind: str) -> str:
    """What a line of the record says."""
    return said("RECORDS", kind)


def named(row: Any) -> str:
    """A row's name in the reader's language."""
    if row is None:
        return ""
    english = getattr(row, "name_en", "") if not isinstance(row, Mapping) else row.get("name_en", "")
    name = row["name"] if isinstance(row, Mapping) else row.name
    return str(english if language() == "en" and english else name)


def named_field(row: Any, field: str) -> str:
    """One of a row's names in the reader's language: ``field``, or ``field`` + ``_en`` where there is one."""
    english = getattr(row, f"{field}_en")
    return str(english if language() == "en" and english else getattr(row, field))


def coded(code: str, *tables: str) -> str:
    """The name of a code of one of the code lists in the reader's language; what no list has stays as it is."""
    for table in tables:
        for row in code_table(table):
            if row["code"] == code:
                return named(row)
    return code


def moment(value: datetime | None, seconds: bool = False) -> str:
    """A moment on the city's wall clock; the year only when it is another."""
    if value is None:
        return ""
    local, now = clock.city_time(value), clock.city_time(clock.now())
    pattern = "%m-%d %H:%M" if local.year == now.year else "%Y-%m-%d %H:%M"
    return local.strftime(pattern + (":%S" if seconds else ""))


def field_moment(value: datetime) -> str:
    """A moment as a date-and-time input takes it."""
    return clock.city_time(value).strftime("%Y-%m-%dT%H:%M")


def day(value: date | datetime | None) -> str:
    """A day."""
    if isinstance(value, datetime):
        value = clock.city_time(value).date()
    return value.isoformat() if value else ""


def hour(value: datetime | None) -> str:
    """A time of day on the city's wall clock."""
    return clock.city_time(value).strftime("%H:%M") if value else ""


def due_in(due_at: datetime | None) -> timedelta | None:
    """How long until then; negative when it is over."""
    return due_at - clock.now() if due_at else None


def wanted_slots(slots: Sequence[str]) -> str:
    """The pictures a step wants."""
    return _(", ").join(said("SLOTS", slot) for slot in slots)


def time_left(due_at: datetime | None) -> str:
    """``3 h 20 min left`` or ``2 d overdue`` in calendar time: what a person sees on the wall clock."""
    if due_at is None:
        return ""
    seconds = int((due_at - clock.now()).total_seconds())
    span = _span(abs(seconds))
    return _("%(span)s overdue", span=span) if seconds < 0 else _("%(span)s left", span=span)


def _span(seconds: int) -> str:
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days >= 3:
        return _("%(days)s d", days=days)
    if days >= 1:
        return _("%(days)s d %(hours)s h", days=days, hours=hours % 24)
    if hours >= 1:
        return _("%(hours)s h %(minutes)s min", hours=hours, minutes=minutes % 60)
    return _("%(minutes)s min", minutes=max(minutes, 1 if seconds else 0))


def filesize(count: int) -> str:
    """Bytes for people."""
    if count < 1024:
        return f"{count} B"
    return f"{count / 1024:.0f} KB" if count < 1024**2 else f"{count / 1024**2:.1f} MB"


def wants_json() -> bool:
    """Whether the caller is a program."""
    best = request.accept_mimetypes.best_match(["text/html", "application/json", "application/problem+json"])
    return best in ("application/json", "application/problem+json")
