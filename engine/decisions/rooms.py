"""A file among others: how its hrefs, types and names are found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from engine.decisions.boxed import Code
from engine.decisions.model import (
    Decision,
    DecisionService,
    DmnFile,
    InputData,
    KnowledgeModel,
)
from engine.decisions.session import Names, Session
from engine.decisions.types import Types
from engine.feel import (
    FunctionValue,
    Library,
)

Element = Decision | KnowledgeModel | DecisionService | InputData


@dataclass
class Room:
    """A file among the others: how its hrefs and types are found, and what was compiled of it."""

    file: DmnFile
    types: Types
    library: Library
    rooms: Mapping[str, Room]
    compiled: dict[str, Code] = field(default_factory=dict)
    makers: dict[str, Callable[[Names, Session], FunctionValue]] = field(default_factory=dict)

    def find(self, href: str) -> tuple[Room, Element] | None:
        """The element an href means, and the file it is in."""
        namespace, _, local = href.rpartition("#")
        room = self.rooms.get(namespace) if namespace else self
        if room is None:
            return None
        file = room.file
        for elements in (file.decisions, file.knowledge, file.services, file.inputs):
            if local in elements:
                return room, elements[local]
        return None

    def prefix(self, href: str) -> str:
        """The name under which an imported element is seen, or nothing."""
        namespace = href.rpartition("#")[0]
        return next((entry.name for entry in self.file.imports if entry.namespace == namespace), "")

    def names_of(self, hrefs: Iterable[str]) -> list[str]:
        """The names that requirements bring into scope."""
        found = []
        for href in hrefs:
            target = self.find(href)
            prefix = self.prefix(href)
            if target is not None:
                found.append(prefix or variable_of(target[1]))
        return found


def variable_of(element: Element) -> str:
    """The name an element has in expressions."""
    return element.name if isinstance(element, InputData) else element.variable
