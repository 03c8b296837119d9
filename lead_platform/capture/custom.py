"""Values of fields without a column of their own: typed for JSON, and out of their list if any.

Owns what goes into the column `custom_fields`. How a type is read belongs to `values` and
`numbers`.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from lead_platform.capture.values import ValueFault, show
from lead_platform.fields import LeadField
from lead_platform.vocabularies.text import clean_text, fold

JsonScalar = str | int | float | bool | None

# What rules compare with, and a page shows, is a word or a sentence; a letter has its own field.
LONGEST_TEXT = 1_000


def custom_reader(field: LeadField, convert: Callable[[Any], Any]) -> Callable[[Any], JsonScalar]:
    """A function from a shaped value to that of the field; `convert` reads its type.

    Raises ValueFault where it is none.
    """
    if field.type == "text":
        return _listed(field, convert) if field.values else lambda value: _text(convert(value))
    return lambda value: _scalar(field, convert(value))


def _listed(field: LeadField, convert: Callable[[Any], Any]) -> Callable[[Any], str | None]:
    """One of the field's values; case, accents and marks make no difference."""
    spelled = {fold(value): value for value in field.values}

    def read(value: Any) -> str | None:
        text = convert(value)
        if text is None:
            return None
        if (found := spelled.get(fold(_bounded(text)))) is None:
            raise ValueFault(
                f"{show(text)} is none of {', '.join(field.values)}; map it with `values`, or add "
                f"it to {field.name} in config/fields.yaml"
            )
        return found

    return read


def _text(text: str | None) -> str | None:
    return None if text is None else clean_text(_bounded(text))


def _bounded(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise ValueFault(f"{show(text)} is longer than {LONGEST_TEXT:,} characters")
    return text


def _scalar(field: LeadField, value: Any) -> JsonScalar:
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, Decimal | float):
        return int(value) if value == int(value) else float(value)
    assert isinstance(value, int), field.name
    return value
