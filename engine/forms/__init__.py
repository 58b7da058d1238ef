"""Forms: form-js schemas checked before publication, shown as plain facts, and answers cleaned against them.

HTML is made in ``web``; the values a form may hold are those FEEL knows. Nothing here touches the database.
"""

from engine.forms.checking import problems
from engine.forms.cleaning import clean
from engine.forms.components import FILE_TYPES, Field, fields, value_at
from engine.forms.presenting import Node, present
from engine.forms.wording import problem_text

__all__ = ["FILE_TYPES", "Field", "Node", "clean", "fields", "present", "problem_text", "problems", "value_at"]
