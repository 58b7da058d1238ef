"""What a simulated person enters into a form: the field's own ``simulate``, else its default, else something valid."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from random import Random
from typing import Any

from PIL import Image, ImageDraw

from engine import clock
from engine.errors import ExecutionFailed
from engine.feel import STANDARD, FeelError, Host, Library, compile_expression, from_feel
from engine.reference import data

TEXT_TYPES = frozenset({"textfield", "textarea"})
CHOICE_TYPES = frozenset({"select", "radio"})
SEVERAL_TYPES = frozenset({"checklist", "taglist"})
FILE_TYPES = frozenset({"photo", "file", "filepicker", "signature"})

StoreFile = Callable[[str, bytes], str]
"""Takes a slot and the bytes of a picture, answers the public id the form field carries."""


class Answerer:
    """Fills forms. ``facts`` (case, expected, context, tests, task) lie over the form's variables."""

    def __init__(
        self,
        variables: Mapping[str, Any],
        facts: Mapping[str, Any],
        store_file: StoreFile,
        library: Library = STANDARD,
        host: Host | None = None,
    ) -> None:
        self.scope: dict[str, Any] = {**variables, **facts}
        self.store_file = store_file
        self.library = library
        self.host = host or Host(now=clock.now())

    def fill(self, schema: Mapping[str, Any], given: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Answers by field key, in the order of the form: later fields see earlier answers; ``given`` ones stand.

        Raises:
            ExecutionFailed: a ``simulate`` or ``conditional.hide`` expression is broken.
        """
        answers: dict[str, Any] = dict(given or {})
        self.scope.update(answers)
        for field in schema.get("components", ()):
            self._fill_field(field, answers)
        return answers

    def _fill_field(self, field: Mapping[str, Any], answers: dict[str, Any]) -> None:
        hide = (field.get("conditional") or {}).get("hide")
        if hide and self._evaluate(hide, field) is True:
            return
        if field.get("type") == "group":
            inner = answers.setdefault(field["path"], {}) if field.get("path") else answers
            for child in field.get("components", ()):
                self._fill_field(child, inner)
            return
        if field.get("type") == "dynamiclist" and field["path"] in answers:
            return
        if field.get("type") == "dynamiclist":
            row: dict[str, Any] = {}
            for child in field.get("components", ()):
                self._fill_field(child, row)
            answers[field["path"]] = [row]
            return
        key = field.get("key")
        if not key or key in answers or field.get("disabled") or field.get("readonly"):
            return
        value = self._answer(field)
        if value is not None:
            answers[key] = value
            self.scope[key] = value

    def _answer(self, field: Mapping[str, Any]) -> Any:
        wanted = (field.get("properties") or {}).get("simulate")
        if wanted is not None:
            value = self._evaluate(wanted, field) if str(wanted).lstrip().startswith("=") else wanted
            if value is not None:
                return self._files(field, value) if field["type"] in FILE_TYPES else value
        if "defaultValue" in field:
            return field["defaultValue"]
        known = self.scope.get(field["key"])
        if known is not None and field["type"] not in FILE_TYPES:
            return known
        if not (field.get("validate") or {}).get("required"):
            return None
        return self._something_valid(field)

    def _something_valid(self, field: Mapping[str, Any]) -> Any:
        kind, rules = field["type"], field.get("validate") or {}
        if kind in TEXT_TYPES:
            words = data("simulated_answers.yaml")
            return str(words["text"]).ljust(int(rules.get("minLength") or 0), words["fill"])
        if kind == "number":
            return rules.get("min", 1)
        if kind == "checkbox":
            return True
        if kind in CHOICE_TYPES | SEVERAL_TYPES:
            first = next(self._options(field), None)
            return first if kind in CHOICE_TYPES or first is None else [first]
        if kind == "datetime":
            moment = clock.city_time(clock.now()) + timedelta(hours=1)
            return {"date": moment.date().isoformat(), "time": moment.strftime("%H:%M")}.get(
                field.get("subtype", ""), moment.replace(second=0, microsecond=0).isoformat()
            )
        if kind in FILE_TYPES:
            return self._files(field, 1)
        if kind == "point":
            return dict(data("simulated_answers.yaml")["point"])
        return None

    def _options(self, field: Mapping[str, Any]) -> Iterator[Any]:
        if field.get("valuesExpression"):
            found = self._evaluate(field["valuesExpression"], field)
        elif field.get("valuesKey"):
            found = self.scope.get(field["valuesKey"])
        else:
            found = field.get("values")
        for option in found or ():
            yield option.get("value") if isinstance(option, Mapping) else option

    def _files(self, field: Mapping[str, Any], wanted: Any) -> list[str]:
        """As many pictures as asked for, by count or by a list of slots."""
        slot = str((field.get("properties") or {}).get("slot") or field["key"])
        slots = [str(s) for s in wanted] if isinstance(wanted, list) else [slot] * int(wanted)
        return [self.store_file(name, picture(f"{field['key']}{index}")) for index, name in enumerate(slots)]

    def _evaluate(self, text: Any, field: Mapping[str, Any]) -> Any:
        source = str(text).strip().removeprefix("=").strip()
        try:
            return from_feel(compile_expression(source, library=self.library).evaluate(self.scope, self.host))
        except FeelError as error:
            raise ExecutionFailed(
                str(error), kind="expression", element_id=str(field.get("key") or field.get("id")), expression=source
            ) from error


def picture(seed: str) -> bytes:
    """A small drawn street scene, different for each seed, as a stand-in for a photo."""
    chance = Random(seed)
    sky, wall, ground = ((chance.randint(*span), chance.randint(*span), chance.randint(*span)) for span in _TONES)
    image = Image.new("RGB", (320, 240), sky)
    draw = ImageDraw.Draw(image)
    for left in range(0, 320, 80):
        top = chance.randint(40, 100)
        draw.rectangle((left, top, left + 70, 160), fill=tuple(channel + chance.randint(-12, 12) for channel in wall))
        for row in range(top + 12, 140, 24):
            draw.rectangle((left + 12, row, left + 26, row + 12), fill=sky)
            draw.rectangle((left + 42, row, left + 56, row + 12), fill=sky)
    draw.rectangle((0, 160, 320, 240), fill=ground)
    draw.line((0, 178, 320, 178), fill=(235, 235, 225), width=3)
    for _ in range(chance.randint(2, 5)):
        left, size = chance.randint(60, 230), chance.randint(12, 26)
        draw.ellipse((left, 205 - size, left + 2 * size, 212), fill=(52, 58, 64), outline=(90, 96, 104))
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True)
    return stream.getvalue()


_TONES = ((185, 225), (110, 190), (96, 128))
